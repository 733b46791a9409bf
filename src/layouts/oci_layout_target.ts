/** Writes an OCI image layout. The blobs come first, then the manifests, then the entries of `index.json`. */
import type { BeginBlobOptions, BlobStart, CallOptions, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestBytes } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { manifestChildren, parseManifest, referrersTag } from "../oci/manifest.ts";
import { OCI_INDEX } from "../oci/media_types.ts";
import type { LayoutWriter } from "./files.ts";
import type { LayoutTarget } from "./layout_content.ts";
import { addIndexEntry, findEntry, parseLayoutIndex, removeIndexEntry } from "./layout_index.ts";
import type { IndexEntry, NewEntry } from "./layout_index.ts";
import { blobPath, checkMarker, INDEX, MARKER, OciLayout, VERSION } from "./oci_layout.ts";
import type { OciLayoutOptions } from "./oci_layout.ts";
import { beginBlobFile, toDescriptor, toReferrer, writeManifestFile } from "./stored_content.ts";

/** Opens a layout for writing. Creates it with the first write. */
export function openOciLayoutTarget(files: LayoutWriter, options: OciLayoutOptions): LayoutTarget {
  return new OciLayoutTarget(files, options);
}

class OciLayoutTarget extends OciLayout implements LayoutTarget {
  readonly #files: LayoutWriter;
  #prepared: Promise<void> | undefined;
  /** Manifests that were put by digest, and that no other manifest includes. */
  readonly #loose = new Map<Digest, Descriptor>();

  constructor(files: LayoutWriter, options: OciLayoutOptions) {
    super(files, { ...options, isExact: true });
    this.#files = files;
  }

  async beginBlob(
    descriptor: Descriptor,
    { signal }: BeginBlobOptions = {},
  ): Promise<BlobStart> {
    await this.#prepare(signal);
    const { verified } = this.memory;
    const path = blobPath(descriptor.digest);
    return await beginBlobFile(this.#files, path, { ...descriptor, verified, signal });
  }

  checksDigests(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async putManifest(
    content: ManifestContent,
    { tag, signal }: CallOptions & { tag?: string } = {},
  ): Promise<void> {
    await this.#put(content, { tag, signal });
  }

  /**
   * @param options.replaces the digest that the tag must still have. Default: any
   * @returns false if the tag has another digest now
   */
  async #put(
    content: ManifestContent,
    { tag, replaces, signal }: {
      readonly tag: string | undefined;
      readonly replaces?: { readonly digest: Digest | undefined };
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<boolean> {
    const { digest, mediaType, bytes } = content;
    await this.#prepare(signal);
    const { verified } = this.memory;
    await writeManifestFile(this.#files, blobPath(digest), { ...content, verified, signal });
    const manifest = parseManifest(bytes, mediaType);
    const subject = manifest.subject?.digest;
    this.rememberSubject(digest, subject);
    const children = new Set<Digest>();
    for (const child of manifestChildren(manifest)) {
      this.#loose.delete(child.digest);
      // A list of referrers does not replace their own entries.
      if (await this.findSubject(child.digest, { signal }) === undefined) {
        children.add(child.digest);
      }
    }
    const descriptor = toDescriptor(content);
    if (tag !== undefined) {
      this.#loose.delete(digest);
      const refName = this.toRefName(tag);
      return await this.#addEntry({ descriptor, refName, children, replaces }, signal);
    }
    if (subject !== undefined) {
      const referrer = toReferrer({ ...content, manifest });
      await this.#addEntry({ descriptor: referrer, children }, signal);
    } else this.#loose.set(digest, descriptor);
    return true;
  }

  async recordReferrers(
    subject: Digest,
    referrers: readonly Descriptor[],
    { signal }: CallOptions = {},
  ): Promise<boolean> {
    const tag = referrersTag(subject);
    for (;;) {
      const entries = await this.listEntries({ signal });
      const present = await this.readFallback(subject, entries, { signal });
      const known = new Set(present.map(({ digest }) => digest));
      const missing = referrers.filter(({ digest }) => !known.has(digest));
      if (missing.length === 0) return false;
      const index = {
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [...present, ...missing],
      };
      const bytes = new TextEncoder().encode(JSON.stringify(index)) as Uint8Array<ArrayBuffer>;
      const content = { bytes, mediaType: OCI_INDEX, digest: await digestBytes(bytes) };
      const replaces = { digest: findEntry(entries, this.toRefName(tag))?.descriptor.digest };
      // If another process has changed the list since it was read, its entries are added, too.
      if (await this.#put(content, { tag, replaces, signal })) return true;
    }
  }

  async deleteTag(tag: string): Promise<void> {
    const what = `change ${INDEX} in ${this.#files.name}`;
    const name = this.toRefName(tag);
    await this.#files.update(INDEX, (current) => current && removeIndexEntry(current, name, what));
    this.forgetEntries();
  }

  async finish(): Promise<void> {
    for (const descriptor of this.#loose.values()) await this.#addEntry({ descriptor }, undefined);
    this.#loose.clear();
    if (this.#prepared) await this.#files.finish();
  }

  protected override async readEntries(options: CallOptions): Promise<readonly IndexEntry[]> {
    return await this.#isNew(options) ? [] : await super.readEntries(options);
  }

  /** The copy that creates the layout writes its index last. */
  protected override missingIndex(): readonly IndexEntry[] {
    return [];
  }

  /** The copy writes the manifest again. */
  protected override missingManifest(): undefined {
    return undefined;
  }

  /** @throws CrossdockError `conflict` if the folder has other content */
  async #isNew(options: CallOptions): Promise<boolean> {
    const state = await this.#files.state(options);
    if (state !== "used") return true;
    if (await this.readMarker(options)) return false;
    throw new CrossdockError(
      "conflict",
      `${this.#files.name} exists and is not an OCI layout: it has no file ${MARKER}`,
      { hint: "name a folder that is empty or does not exist" },
    );
  }

  #prepare(signal: AbortSignal | undefined): Promise<void> {
    this.#prepared ??= this.#create(signal);
    this.#prepared.catch(() => this.#prepared = undefined);
    return this.#prepared;
  }

  async #create(signal: AbortSignal | undefined): Promise<void> {
    if (!await this.#isNew({ signal })) return;
    await this.#files.update(MARKER, (current) => {
      if (current) {
        checkMarker(current, this.#files.name);
        return undefined;
      }
      const text = JSON.stringify({ imageLayoutVersion: VERSION });
      return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
    }, { signal });
  }

  /** @returns false if the name of the entry no longer has the digest that the entry replaces */
  async #addEntry(
    { replaces, ...entry }: NewEntry & {
      readonly replaces?: { readonly digest: Digest | undefined } | undefined;
    },
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const what = `change ${INDEX} in ${this.#files.name}`;
    let isCurrent = true;
    await this.#files.update(INDEX, (current) => {
      if (replaces && entry.refName !== undefined) {
        const entries = current ? parseLayoutIndex(current, what) : [];
        isCurrent = findEntry(entries, entry.refName)?.descriptor.digest === replaces.digest;
      }
      return isCurrent ? addIndexEntry(current, entry, what) : undefined;
    }, { signal });
    this.forgetEntries();
    return isCurrent;
  }
}
