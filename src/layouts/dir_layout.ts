/**
 * One image in a folder, as skopeo writes it with `dir:`. Each blob is a file with the hexadecimal digits of its digest as its name. Referrers
 * and digest tags are further manifests, which skopeo ignores.
 * https://github.com/containers/image/blob/v5.34.0/docs/containers-transports.5.md#dirpath
 */
import type {
  BeginBlobOptions,
  BlobStart,
  CallOptions,
  ManifestContent,
  ReferrersOptions,
} from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestHex, isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { matchDigestTag } from "../oci/digest_tag.ts";
import { manifestChildren, parseManifest } from "../oci/manifest.ts";
import { quote } from "../oci/quote.ts";
import type { Folder } from "./folder.ts";
import { createLayoutMemory } from "./layout_content.ts";
import type { LayoutMemory, LayoutSource, LayoutTarget } from "./layout_content.ts";
import { readSmallFile } from "./read_small_file.ts";
import {
  beginBlobFile,
  hasBlobFile,
  openBlobFile,
  readManifestFile,
  toDescriptor,
  toReferrer,
  writeManifestFile,
} from "./stored_content.ts";
import type { StoredManifest } from "./stored_content.ts";

const MARKER = "version";
const VERSION = "Directory Transport Version: 1.1\n";
const READABLE = /^Directory Transport Version: 1\.[0-9]+\s*$/;
const ROOT = "manifest.json";
const OTHER_MANIFEST = /^(.+)\.manifest\.json$/;
/** The marker has 33 bytes. */
const MAX_MARKER_BYTES = 1024;

export interface DirLayoutOptions {
  /** The name for messages and steps: `dir:./app`. */
  readonly name: string;
  /** Default: a new one. */
  readonly memory?: LayoutMemory | undefined;
}

/** Opens the folder for reading. Every tag but a digest tag means its image. */
export function openDirLayout(folder: Folder, options: DirLayoutOptions): LayoutSource {
  return new DirLayout(folder, options);
}

/** Opens the folder for writing. Creates it with the first write. */
export function openDirLayoutTarget(folder: Folder, options: DirLayoutOptions): LayoutTarget {
  return new DirLayoutTarget(folder, options);
}

function manifestPath(tagOrDigest: string): string {
  if (isDigest(tagOrDigest)) return `${digestHex(tagOrDigest)}.manifest.json`;
  return matchDigestTag(tagOrDigest) ? `${tagOrDigest}.manifest.json` : ROOT;
}

class DirLayout implements LayoutSource {
  readonly name: string;
  readonly requests = 0;
  readonly countsPulls = false;
  protected readonly memory: LayoutMemory;
  readonly #folder: Folder;
  #checked: Promise<boolean> | undefined;

  constructor(folder: Folder, { name, memory = createLayoutMemory() }: DirLayoutOptions) {
    this.name = name;
    this.memory = memory;
    this.#folder = folder;
  }

  async resolveManifest(
    tagOrDigest: string,
    options: CallOptions = {},
  ): Promise<Descriptor | undefined> {
    const found = await this.#readManifest(tagOrDigest, options);
    return found && toDescriptor(found);
  }

  async fetchManifest(
    tagOrDigest: string,
    options: CallOptions = {},
  ): Promise<ManifestContent | undefined> {
    const found = await this.#readManifest(tagOrDigest, options);
    return found && { bytes: found.bytes, mediaType: found.mediaType, digest: found.digest };
  }

  async hasBlob(descriptor: Descriptor, { signal }: CallOptions = {}): Promise<boolean> {
    const { verified } = this.memory;
    const options = { ...descriptor, verified, signal };
    return await this.checkMarker({ signal }) &&
      await hasBlobFile(this.#folder, digestHex(descriptor.digest), options);
  }

  async openBlob(
    descriptor: Descriptor,
    options: CallOptions & { offset?: number } = {},
  ): Promise<Response> {
    const path = digestHex(descriptor.digest);
    return await openBlobFile(this.#folder, path, { ...descriptor, ...options });
  }

  async listReferrers(
    subject: Digest,
    { signal, budget }: ReferrersOptions = {},
  ): Promise<Descriptor[]> {
    if (!await this.checkMarker({ signal })) return [];
    const found: Descriptor[] = [];
    for (const name of (await this.#listOthers()).filter((name) => !matchDigestTag(name))) {
      const manifest = await readManifestFile(this.#folder, `${name}.manifest.json`, { signal });
      if (manifest?.manifest.subject?.digest !== subject) continue;
      const referrer = toReferrer(manifest);
      budget?.take(JSON.stringify(referrer).length);
      found.push(referrer);
    }
    return found;
  }

  /** The image itself has no tag. */
  async *listTags(
    { last = "", signal }: CallOptions & { last?: string } = {},
  ): AsyncGenerator<string[]> {
    if (!await this.checkMarker({ signal })) return;
    const tags = (await this.#listOthers()).filter((name) => matchDigestTag(name) && name > last);
    yield tags.sort();
  }

  async close(): Promise<void> {
    await this.#folder.close();
  }

  /**
   * Whether the folder has an image.
   *
   * @throws CrossdockError for a folder that is not of this kind
   */
  protected checkMarker(options: CallOptions): Promise<boolean> {
    this.#checked ??= this.readMarker(options);
    this.#checked.catch(() => this.forgetMarker());
    return this.#checked;
  }

  protected forgetMarker(): void {
    this.#checked = undefined;
  }

  protected async readMarker({ signal }: CallOptions): Promise<boolean> {
    const { name } = this.#folder;
    const bytes = await readSmallFile(this.#folder, MARKER, { maxBytes: MAX_MARKER_BYTES, signal });
    if (bytes) {
      const version = new TextDecoder().decode(bytes);
      if (READABLE.test(version)) return true;
      throw new CrossdockError(
        "unsupported",
        `read ${MARKER} in ${name}: it is ${quote(version)}, expected ${quote(VERSION)}`,
      );
    }
    return await this.missingMarker({ signal });
  }

  protected async missingMarker(_options: CallOptions): Promise<boolean> {
    const { name } = this.#folder;
    if (await this.#folder.state() === "missing") {
      throw new CrossdockError("not_found", `${name}: no such folder`);
    }
    const isOci = await this.#folder.size("oci-layout") !== undefined;
    throw new CrossdockError(
      "unsupported",
      `${name} is not an image of the transport dir: it has no file ${MARKER}`,
      { hint: isOci ? `write oci:${name}` : undefined },
    );
  }

  async #readManifest(
    tagOrDigest: string,
    { signal }: CallOptions,
  ): Promise<StoredManifest | undefined> {
    if (!await this.checkMarker({ signal })) return undefined;
    const path = manifestPath(tagOrDigest);
    const digest = isDigest(tagOrDigest) ? tagOrDigest : undefined;
    const found = await readManifestFile(this.#folder, path, { digest, signal });
    if (found || digest === undefined) return found;
    // The root is stored only as manifest.json.
    const root = await readManifestFile(this.#folder, ROOT, { signal });
    if (!root || digestAlgorithm(digest) === "sha256") {
      return root?.digest === digest ? root : undefined;
    }
    return await readManifestFile(this.#folder, ROOT, { digest, signal }).catch((error) => {
      if (error instanceof CrossdockError && error.code === "integrity") return undefined;
      throw error;
    });
  }

  /** The digits or digest tags of the manifests beside the root. */
  async #listOthers(): Promise<string[]> {
    const names = await this.#folder.list();
    return names.flatMap((name) => OTHER_MANIFEST.exec(name)?.[1] ?? []);
  }
}

class DirLayoutTarget extends DirLayout implements LayoutTarget {
  readonly #folder: Folder;
  #prepared: Promise<void> | undefined;
  /** Manifests that were put by digest, and that no other manifest includes. */
  readonly #loose = new Map<Digest, ManifestContent>();

  constructor(folder: Folder, options: DirLayoutOptions) {
    super(folder, options);
    this.#folder = folder;
  }

  async beginBlob(
    descriptor: Descriptor,
    { signal }: BeginBlobOptions = {},
  ): Promise<BlobStart> {
    await this.#prepare(signal);
    const { verified } = this.memory;
    const path = digestHex(descriptor.digest);
    return await beginBlobFile(this.#folder, path, { ...descriptor, verified, signal });
  }

  checksDigests(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async putManifest(
    content: ManifestContent,
    { tag, signal }: CallOptions & { tag?: string } = {},
  ): Promise<void> {
    await this.#prepare(signal);
    const { digest, bytes, mediaType } = content;
    const manifest = parseManifest(bytes, mediaType);
    for (const child of manifestChildren(manifest)) this.#loose.delete(child.digest);
    if (tag === undefined) {
      if (!manifest.subject) this.#loose.set(digest, content);
      const { verified } = this.memory;
      await writeManifestFile(this.#folder, manifestPath(digest), { ...content, verified, signal });
      return;
    }
    this.#loose.delete(digest);
    await this.#folder.update(manifestPath(tag), () => bytes, { signal });
  }

  /** The folder itself is searched for referrers. */
  recordReferrers(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async finish(): Promise<void> {
    const root = [...this.#loose.values()].at(-1);
    this.#loose.clear();
    if (root) await this.#folder.update(ROOT, () => root.bytes);
  }

  protected override async missingMarker(options: CallOptions): Promise<boolean> {
    // Another process may have created it meanwhile.
    if (await this.#folder.state() !== "used") return false;
    if (await this.#folder.size(MARKER) !== undefined) {
      return await this.readMarker(options);
    }
    throw new CrossdockError(
      "conflict",
      `${this.#folder.name} exists and is not an image of the transport dir: it has no file ${MARKER}`,
      { hint: "name a folder that is empty or does not exist" },
    );
  }

  #prepare(signal: AbortSignal | undefined): Promise<void> {
    this.#prepared ??= this.#create(signal);
    this.#prepared.catch(() => this.#prepared = undefined);
    return this.#prepared;
  }

  async #create(signal: AbortSignal | undefined): Promise<void> {
    if (await this.checkMarker({ signal })) return;
    const bytes = new TextEncoder().encode(VERSION) as Uint8Array<ArrayBuffer>;
    await this.#folder.update(MARKER, (current) => current ? undefined : bytes, { signal });
    this.forgetMarker();
  }
}
