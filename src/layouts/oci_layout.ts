/**
 * An OCI image layout, in a folder or a tar file. Referrers are entries of `index.json`, as ORAS writes them, and are also listed under the
 * fallback tag, as regctl reads them.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
import { ByteLimit } from "../byte_budget.ts";
import type { CallOptions, ManifestContent, ReferrersOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestHex, isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { matchDigestTag } from "../oci/digest_tag.ts";
import { MAX_MANIFEST_BYTES, referrersTag } from "../oci/manifest.ts";
import { quote } from "../oci/quote.ts";
import { MAX_INDEX_BYTES } from "./files.ts";
import type { LayoutReader } from "./files.ts";
import { createLayoutMemory, limitMemory } from "./layout_content.ts";
import type { LayoutMemory, LayoutSource } from "./layout_content.ts";
import { findEntry, parseJsonFile, parseLayoutIndex } from "./layout_index.ts";
import type { IndexEntry } from "./layout_index.ts";
import { readSmallFile } from "./read_small_file.ts";
import {
  hasBlobFile,
  openBlobFile,
  readManifestFile,
  toDescriptor,
  toReferrer,
} from "./stored_content.ts";
import type { StoredManifest } from "./stored_content.ts";

/** The file that makes a folder a layout. */
export const MARKER = "oci-layout";
/** The file that lists the images. */
export const INDEX = "index.json";
/** The version of layouts that is read and written. */
export const VERSION = "1.0.0";
/** The marker has some 30 bytes. */
const MAX_MARKER_BYTES = 64 * 1024;
/** Names in a message. A mirror has thousands. */
const MAX_SHOWN_NAMES = 10;

export interface OciLayoutOptions {
  /** The name for messages and steps, without the tag: `oci:./app`. */
  readonly name: string;
  /** The name before the tag, of an image whose name in the layout is not only a tag: `docker.io/library/app`. Default: none. */
  readonly imageName?: string | undefined;
  /** Whether `latest` means only the tag `latest`, also for a layout with one image. Default: false. */
  readonly isExact?: boolean | undefined;
  /** Default: a new one. */
  readonly memory?: LayoutMemory | undefined;
}

/** Opens a layout for reading. If the layout has no tag `latest` and only one image, `latest` means that image. */
export function openOciLayout(files: LayoutReader, options: OciLayoutOptions): LayoutSource {
  return new OciLayout(files, options);
}

/** The path of a blob or manifest in the layout. */
export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** A layout for reading. */
export class OciLayout implements LayoutSource {
  readonly name: string;
  readonly requests = 0;
  readonly countsPulls = false;
  protected readonly imageName: string | undefined;
  readonly #isExact: boolean;
  protected readonly memory: LayoutMemory;
  readonly #files: LayoutReader;
  #entries: Promise<readonly IndexEntry[]> | undefined;

  constructor(
    files: LayoutReader,
    { name, imageName, isExact = false, memory = createLayoutMemory() }: OciLayoutOptions,
  ) {
    this.name = name;
    this.#isExact = isExact;
    this.imageName = imageName;
    this.memory = memory;
    this.#files = files;
  }

  async resolveManifest(
    tagOrDigest: string,
    options: CallOptions = {},
  ): Promise<Descriptor | undefined> {
    const content = await this.fetchManifest(tagOrDigest, options);
    return content && toDescriptor(content);
  }

  async fetchManifest(
    tagOrDigest: string,
    { signal }: CallOptions = {},
  ): Promise<ManifestContent | undefined> {
    if (isDigest(tagOrDigest)) return toContent(await this.readManifest(tagOrDigest, { signal }));
    const entries = await this.listEntries({ signal });
    const entry = this.#findTag(tagOrDigest, entries) ??
      await this.#findUnnamed(tagOrDigest, entries);
    if (!entry) return undefined;
    const found = await this.readManifest(entry.digest, { signal });
    return found ? toContent(found) : this.missingManifest(entry);
  }

  hasBlob(descriptor: Descriptor, options: CallOptions = {}): Promise<boolean> {
    const { verified } = this.memory;
    return hasBlobFile(this.#files, blobPath(descriptor.digest), {
      ...descriptor,
      ...options,
      verified,
    });
  }

  openBlob(
    descriptor: Descriptor,
    options: CallOptions & { offset?: number } = {},
  ): Promise<Response> {
    return openBlobFile(this.#files, blobPath(descriptor.digest), { ...descriptor, ...options });
  }

  async listReferrers(subject: Digest, options: ReferrersOptions = {}): Promise<Descriptor[]> {
    const { signal, budget = new ByteLimit(`list referrers of ${this.name}`) } = options;
    const entries = await this.listEntries({ signal });
    const found = new Map<Digest, Descriptor>();
    for (const { descriptor: { digest } } of entries) {
      if (found.has(digest) || await this.findSubject(digest, { signal }) !== subject) continue;
      const manifest = await this.readManifest(digest, { signal });
      if (!manifest) continue;
      const referrer = toReferrer(manifest);
      budget.take(JSON.stringify(referrer).length);
      found.set(digest, referrer);
    }
    for (const referrer of await this.readFallback(subject, entries, { signal, budget })) {
      if (!found.has(referrer.digest)) found.set(referrer.digest, referrer);
    }
    return [...found.values()];
  }

  async *listTags(
    { last = "", signal }: CallOptions & { last?: string } = {},
  ): AsyncGenerator<string[]> {
    const entries = await this.listEntries({ signal });
    const names = entries.flatMap((entry) => this.#namesOf(entry));
    yield [...new Set(names)].filter((name) => name > last).sort();
  }

  async close(): Promise<void> {
    await this.#files.close();
  }

  /** The entries of `index.json`. Each instance reads it once, unless it changes the file. */
  protected listEntries(options: CallOptions): Promise<readonly IndexEntry[]> {
    this.#entries ??= this.readEntries(options);
    this.#entries.catch(() => this.forgetEntries());
    return this.#entries;
  }

  protected forgetEntries(): void {
    this.#entries = undefined;
  }

  protected async readEntries({ signal }: CallOptions): Promise<readonly IndexEntry[]> {
    if (!await this.readMarker({ signal })) {
      const { name } = this.#files;
      if (await this.#files.state({ signal }) === "missing") {
        throw new CrossdockError("not_found", `${name}: no such folder`);
      }
      const hasFile = async (path: string): Promise<boolean> =>
        await this.#files.size(path, { signal }) !== undefined;
      const hint = await hasFile("version")
        ? `write dir:${name}`
        : await hasFile("manifest.json")
        ? `if it is a file of docker save, write docker-archive:${name}`
        : undefined;
      throw new CrossdockError(
        "unsupported",
        `${name} is not an OCI layout: it has no file ${MARKER}`,
        { hint },
      );
    }
    const bytes = await readSmallFile(this.#files, INDEX, { maxBytes: MAX_INDEX_BYTES, signal });
    if (bytes) return parseLayoutIndex(bytes, `read ${INDEX} in ${this.#files.name}`);
    return this.missingIndex();
  }

  /**
   * Whether the layout has its marker.
   *
   * @throws CrossdockError `unsupported` for another version
   */
  protected async readMarker({ signal }: CallOptions): Promise<boolean> {
    const bytes = await readSmallFile(this.#files, MARKER, {
      maxBytes: MAX_MARKER_BYTES,
      signal,
    });
    if (bytes) checkMarker(bytes, this.#files.name);
    return bytes !== undefined;
  }

  protected missingIndex(): readonly IndexEntry[] {
    throw new CrossdockError(
      "unsupported",
      `${this.#files.name} has no file ${INDEX}: the copy into it was not finished`,
      { hint: "run that copy again" },
    );
  }

  protected missingManifest({ digest }: Descriptor): undefined {
    throw new CrossdockError(
      "not_found",
      `read ${blobPath(digest)} in ${this.#files.name}: no such file, but ${INDEX} lists it`,
      {
        hint:
          'the layout is sparse or incomplete; copy the image into it again with "recheck": true',
      },
    );
  }

  /** Reads a manifest by digest. */
  protected async readManifest(
    digest: Digest,
    { signal }: CallOptions,
  ): Promise<StoredManifest | undefined> {
    const entries = await this.listEntries({ signal });
    const entry = entries.find(({ descriptor }) => descriptor.digest === digest);
    const found = await readManifestFile(this.#files, blobPath(digest), {
      digest,
      mediaType: entry?.descriptor.mediaType,
      signal,
    });
    if (found) this.rememberSubject(digest, found.manifest.subject?.digest);
    return found;
  }

  protected rememberSubject(digest: Digest, subject: Digest | undefined): void {
    limitMemory(this.memory.subjects);
    this.memory.subjects.set(digest, subject);
  }

  /** The subject of a manifest. `undefined` also for what is missing or no manifest. */
  protected async findSubject(digest: Digest, options: CallOptions): Promise<Digest | undefined> {
    const { subjects } = this.memory;
    if (subjects.has(digest)) return subjects.get(digest);
    if ((await this.#files.size(blobPath(digest)) ?? Infinity) > MAX_MANIFEST_BYTES) {
      return undefined;
    }
    try {
      return (await this.readManifest(digest, options))?.manifest.subject?.digest;
    } catch (error) {
      if (error instanceof CrossdockError && error.code === "unsupported") return undefined;
      throw error;
    }
  }

  /** The referrers that the index under the fallback tag lists. */
  protected async readFallback(
    subject: Digest,
    entries: readonly IndexEntry[],
    { signal, budget }: CallOptions & { budget?: ByteLimit },
  ): Promise<readonly Descriptor[]> {
    const tag = referrersTag(subject);
    const entry = findEntry(entries, this.toRefName(tag)) ?? findEntry(entries, tag);
    const found = entry && await this.readManifest(entry.descriptor.digest, { signal });
    if (found?.manifest.kind !== "index") return [];
    budget?.takeText(found.bytes.byteLength);
    return found.manifest.manifests.filter(({ digest }) => digest !== subject);
  }

  /** The name of a tag in the layout. */
  protected toRefName(tag: string): string {
    return this.imageName === undefined ? tag : `${this.imageName}:${tag}`;
  }

  #findTag(tag: string, entries: readonly IndexEntry[]): Descriptor | undefined {
    const name = this.toRefName(tag);
    const found = new Map<Digest, Descriptor>();
    for (const { descriptor, refName, fullName } of entries) {
      if (refName === name || fullName === name) found.set(descriptor.digest, descriptor);
    }
    const [first, second] = found.values();
    if (!second) return first;
    throw new CrossdockError(
      "unsupported",
      `${this.#files.name} has ${found.size} images with the name ${quote(name)}`,
      { hint: `name one by its digest: ${this.name}@${first?.digest}` },
    );
  }

  /**
   * Finds the only image of the layout in place of a missing tag `latest`.
   *
   * @throws CrossdockError `not_found` for another tag, with the names that exist
   */
  async #findUnnamed(
    tag: string,
    entries: readonly IndexEntry[],
  ): Promise<Descriptor | undefined> {
    if (this.#isExact || matchDigestTag(tag)) return undefined;
    const images = new Map<Digest, IndexEntry>();
    for (const entry of entries) {
      const { descriptor: { digest }, refName } = entry;
      if (refName !== undefined && matchDigestTag(refName)) continue;
      if (await this.findSubject(digest, {}) === undefined) images.set(digest, entry);
    }
    const [only, ...others] = images.values();
    const isDefault = tag === "latest" && this.imageName === undefined;
    if (isDefault && only && others.length === 0) return only.descriptor;
    const names = [...images.values()].map((entry) =>
      entry.refName ?? entry.fullName ?? `@${entry.descriptor.digest}`
    );
    const shown = names.slice(0, MAX_SHOWN_NAMES).map((name) => quote(name)).join(", ");
    const more = names.length > MAX_SHOWN_NAMES
      ? ` and ${names.length - MAX_SHOWN_NAMES} more`
      : "";
    throw new CrossdockError(
      "not_found",
      `${this.#files.name} has no image ${quote(this.toRefName(tag))}; it has ${
        names.length === 0 ? "no images" : shown + more
      }`,
      { hint: names.length === 0 ? undefined : "add one of them to the name" },
    );
  }

  #namesOf({ refName, fullName }: IndexEntry): string[] {
    const { imageName } = this;
    if (imageName === undefined) return refName === undefined ? [] : [refName];
    const prefix = `${imageName}:`;
    return [refName, fullName].filter((name) => name?.startsWith(prefix))
      .map((name) => name?.slice(prefix.length) ?? "");
  }
}

/** @throws CrossdockError `unsupported` for another version */
export function checkMarker(bytes: Uint8Array, name: string): void {
  const what = `read ${MARKER} in ${name}`;
  const { imageLayoutVersion: version } = parseJsonFile(bytes, what);
  if (version === VERSION) return;
  const shown = typeof version === "string" ? quote(version) : "missing";
  throw new CrossdockError(
    "unsupported",
    `${what}: imageLayoutVersion is ${shown}, expected "${VERSION}"`,
  );
}

function toContent(found: StoredManifest | undefined): ManifestContent | undefined {
  return found && { bytes: found.bytes, mediaType: found.mediaType, digest: found.digest };
}
