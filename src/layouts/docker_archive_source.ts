/** Reads images from a docker archive, as `docker save`, skopeo, podman and crane write it. */
import type { CallOptions, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes, digestHex, isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { matchDigestTag } from "../oci/digest_tag.ts";
import { manifestBlobs, manifestChildren, parseManifest } from "../oci/manifest.ts";
import { quote } from "../oci/quote.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { makeImage, readImageConfig } from "./docker_archive_image.ts";
import type { ImageBlob, MakeImageOptions } from "./docker_archive_image.ts";
import {
  DOCKER_MANIFEST_FILE,
  listImageTags,
  noSuchImage,
  parseDockerManifest,
  selectImage,
} from "./docker_archive_manifest.ts";
import type { ArchivedImage } from "./docker_archive_manifest.ts";
import { MAX_INDEX_BYTES } from "./files.ts";
import type { LayoutReader } from "./files.ts";
import type { LayoutSource } from "./layout_content.ts";
import { parseLayoutIndex } from "./layout_index.ts";
import { openOciLayout } from "./oci_layout.ts";
import { readSmallFile } from "./read_small_file.ts";
import { openTarReader } from "./tar_reader.ts";
import { toDescriptor } from "./stored_content.ts";

export interface DockerArchiveOptions extends Partial<MakeImageOptions> {
  /** The archive: a path, or `-` for stdin. */
  readonly file: string;
  /** The name for messages and steps, without the tag. */
  readonly name: string;
  /** `NAME` of images, `@N` for a position, or `undefined` for the only image. */
  readonly image?: string | undefined;
  /** Whether a missing name is no error, as for the destination of `verify`. Default: false. */
  readonly isExact?: boolean | undefined;
}

const OCI_INDEX_FILE = "index.json";
/** The tag of the only image, and of an image that is selected by its position. */
const DEFAULT_TAG = "latest";
/** The chunk size for readers that bring no buffer. */
const CHUNK_BYTES = 256 * 1024;
/** Docker writes an index of platforms, with one image below. */
const MAX_DEPTH = 3;

/**
 * Opens a docker archive.
 *
 * An archive of docker 25 or later is an OCI layout, too. Its manifests are used unchanged. In other archives, layers are compressed and a
 * manifest is made, when an image is resolved.
 *
 * @throws CrossdockError `unsupported` for an archive without `manifest.json`, and the errors of `openTarReader()`
 */
export async function openDockerArchive(options: DockerArchiveOptions): Promise<LayoutSource> {
  const { file, name, signal } = options;
  const files = await openTarReader(file, { signal });
  try {
    const maxBytes = MAX_INDEX_BYTES;
    const bytes = await readSmallFile(files, DOCKER_MANIFEST_FILE, { maxBytes, signal });
    const index = await readSmallFile(files, OCI_INDEX_FILE, { maxBytes, signal });
    if (!bytes) throw noManifest(files.name, index !== undefined);
    const images = parseDockerManifest(bytes, `read ${files.name}: "${DOCKER_MANIFEST_FILE}"`);
    const roots = index ? parseLayoutIndex(index, `read ${files.name}: "${OCI_INDEX_FILE}"`) : [];
    return new DockerArchive(files, {
      ...options,
      images,
      roots: roots.map(({ descriptor }) => descriptor.digest),
      layout: index ? openOciLayout(files, { name }) : undefined,
    });
  } catch (error) {
    await files.close();
    throw error;
  }
}

function noManifest(name: string, isOciLayout: boolean): CrossdockError {
  const message = `read ${name}: it has no manifest.json, expected a docker archive`;
  const hint = isOciLayout ? `it is an OCI layout: use oci-archive:${name}` : undefined;
  return new CrossdockError("unsupported", message, { hint });
}

interface DockerArchiveContent extends DockerArchiveOptions {
  readonly images: readonly ArchivedImage[];
  /** The manifests in `index.json`. */
  readonly roots: readonly Digest[];
  /** Absent in an archive that is no OCI layout. */
  readonly layout: LayoutSource | undefined;
}

class DockerArchive implements LayoutSource {
  readonly name: string;
  readonly requests = 0;
  readonly countsPulls = false;
  readonly #files: LayoutReader;
  readonly #content: DockerArchiveContent;
  /** The manifests that were resolved. */
  readonly #manifests = new Map<ArchivedImage, Promise<ManifestContent>>();
  /** The blobs of made manifests. */
  readonly #blobs = new Map<Digest, ImageBlob>();

  constructor(files: LayoutReader, content: DockerArchiveContent) {
    this.name = content.name;
    this.#files = files;
    this.#content = content;
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
    options: CallOptions = {},
  ): Promise<ManifestContent | undefined> {
    if (isDigest(tagOrDigest)) return await this.#fetchDigest(tagOrDigest, options);
    const { image: name, images, isExact = false } = this.#content;
    const isNamed = name !== undefined && !name.startsWith("@");
    // Digest tags and fallback tags of referrers exist only in registries and layouts.
    if (!isNamed && tagOrDigest !== DEFAULT_TAG) return undefined;
    const what = `read ${this.#files.name}`;
    const image = selectImage(images, { name, tag: tagOrDigest, what });
    if (image) return await this.#load(image, options);
    if (isExact || matchDigestTag(tagOrDigest)) return undefined;
    throw noSuchImage(images, `${what}: it has no image ${quote(`${name}:${tagOrDigest}`)}`);
  }

  async hasBlob(descriptor: Descriptor, options: CallOptions = {}): Promise<boolean> {
    if (this.#blobs.has(descriptor.digest)) return true;
    return await this.#content.layout?.hasBlob(descriptor, options) ?? false;
  }

  async openBlob(
    descriptor: Descriptor,
    options: CallOptions & { offset?: number } = {},
  ): Promise<Response> {
    const blob = this.#blobs.get(descriptor.digest);
    const { layout } = this.#content;
    if (!blob && layout) return await layout.openBlob(descriptor, options);
    if (!blob) {
      const message = `read blob ${descriptor.digest} of ${this.name}: the archive lacks it`;
      throw new CrossdockError("not_found", message);
    }
    const { offset = 0, signal } = options;
    const stream = toStream(await blob.open({ signal }), offset);
    const length = blob.descriptor.size - offset;
    return new Response(stream, { headers: { "content-length": `${length}` } });
  }

  async listReferrers(subject: Digest, options: CallOptions = {}): Promise<Descriptor[]> {
    return await this.#content.layout?.listReferrers(subject, options) ?? [];
  }

  async *listTags({ last = "" }: { last?: string } = {}): AsyncGenerator<string[]> {
    const { images, image } = this.#content;
    yield listImageTags(images, image).filter((tag) => tag > last);
  }

  async close(): Promise<void> {
    await this.#files.close();
  }

  async #fetchDigest(
    digest: Digest,
    options: CallOptions,
  ): Promise<ManifestContent | undefined> {
    const { layout, images } = this.#content;
    const found = await layout?.fetchManifest(digest, options);
    if (found) return found;
    // The digest of a made manifest is known only once it is made.
    for (const image of images) {
      const content = await this.#load(image, options);
      if (content.digest === digest) return content;
    }
    return undefined;
  }

  #load(image: ArchivedImage, options: CallOptions): Promise<ManifestContent> {
    const known = this.#manifests.get(image);
    if (known) return known;
    const loading = this.#makeOrFind(image, options);
    this.#manifests.set(image, loading);
    // A later call tries again.
    loading.catch(() => this.#manifests.delete(image));
    return loading;
  }

  async #makeOrFind(image: ArchivedImage, options: CallOptions): Promise<ManifestContent> {
    const { compress = "gzip", format = "oci" } = this.#content;
    const found = await this.#findInLayout(image, options);
    if (found) return found;
    const { content, blobs } = await makeImage(this.#files, image, {
      ...options,
      compress,
      format,
    });
    for (const blob of blobs) this.#blobs.set(blob.descriptor.digest, blob);
    return content;
  }

  /** The manifest of the OCI layout with the config of the image, or the index of its platforms if the archive has all of them. */
  async #findInLayout(
    image: ArchivedImage,
    options: CallOptions,
  ): Promise<ManifestContent | undefined> {
    const { layout, roots } = this.#content;
    if (!layout) return undefined;
    const config = await digestBytes(await readImageConfig(this.#files, image, options));
    for (const digest of roots) {
      const root = await layout.fetchManifest(digest, options);
      const found = root && await findByConfig(layout, root, { config, ...options });
      if (!root || !found) continue;
      const archive = { files: this.#files, layout };
      if (await isComplete(archive, root, options)) return root;
      if (await isComplete(archive, found, options)) return found;
    }
    return undefined;
  }
}

interface FindOptions extends CallOptions {
  readonly config: Digest;
  readonly depth?: number;
}

async function findByConfig(
  layout: LayoutSource,
  content: ManifestContent,
  { config, depth = 0, signal }: FindOptions,
): Promise<ManifestContent | undefined> {
  const manifest = parseManifest(content.bytes, content.mediaType);
  if (manifest.kind === "image" && manifest.config.digest === config) return content;
  if (depth === MAX_DEPTH) return undefined;
  for (const { digest } of manifestChildren(manifest)) {
    const child = await layout.fetchManifest(digest, { signal });
    const found = child &&
      await findByConfig(layout, child, { config, depth: depth + 1, signal });
    if (found) return found;
  }
  return undefined;
}

/** Whether the archive has everything below a manifest. Docker saves an index of all platforms with the content of one. */
async function isComplete(
  archive: { readonly files: LayoutReader; readonly layout: LayoutSource },
  content: ManifestContent,
  options: CallOptions,
): Promise<boolean> {
  const { files, layout } = archive;
  const manifest = parseManifest(content.bytes, content.mediaType);
  for (const { digest, size } of manifestBlobs(manifest)) {
    const path = `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
    if (await files.size(path, options) !== size) return false;
  }
  for (const { digest } of manifestChildren(manifest)) {
    const child = await layout.fetchManifest(digest, options);
    if (!child || !await isComplete(archive, child, options)) return false;
  }
  return true;
}

/**
 * A stream of chunks from an offset. Compressed content has no other way to an offset than from its start.
 *
 * The chunks are copied into the buffer of the reader, so that a large layer leaves no garbage.
 */
function toStream(chunks: ChunkReader, offset: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let skip = offset;
  let pending: Uint8Array<ArrayBuffer> = new Uint8Array();

  /** The bytes to pass on. Empty at the end. */
  async function readPending(): Promise<Uint8Array<ArrayBuffer>> {
    while (pending.byteLength === 0) {
      const chunk = await chunks.read();
      if (!chunk) break;
      pending = chunk.subarray(Math.min(skip, chunk.byteLength));
      skip -= chunk.byteLength - pending.byteLength;
    }
    return pending;
  }

  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: CHUNK_BYTES,
    async pull(controller): Promise<void> {
      const bytes = await readPending();
      const request = controller.byobRequest;
      if (bytes.byteLength === 0) {
        controller.close();
        request?.respond(0);
        return;
      }
      const view = request?.view;
      const part = bytes.subarray(0, view?.byteLength);
      pending = bytes.subarray(part.byteLength);
      if (!request || !view) return controller.enqueue(part.slice());
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(part);
      request.respond(part.byteLength);
    },
    cancel: (reason) => chunks.cancel(reason),
  });
}
