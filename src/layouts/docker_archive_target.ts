/** Writes images to a docker archive, which `docker load`, skopeo and podman read. Its layers are uncompressed. */
import type { BlobStart, BlobUpload, CallOptions, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestHex, isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import { hashChunks, readDiffIds, readImageConfig } from "./docker_archive_image.ts";
import { decompressChunks, peekCompression } from "./docker_archive_layer.ts";
import { DOCKER_MANIFEST_FILE } from "./docker_archive_manifest.ts";
import type { ArchivedImage } from "./docker_archive_manifest.ts";
import type { FileWrite } from "./files.ts";
import type { LayoutTarget } from "./layout_content.ts";
import { TarWriter } from "./tar_writer.ts";
import { toDescriptor } from "./stored_content.ts";
import { verifyChunks } from "./verified_reader.ts";

export interface DockerArchiveTargetOptions {
  /** The archive: a path, or `-` for stdout. */
  readonly file: string;
  /** The name for messages and steps, without the tag. */
  readonly name: string;
  /** The name of the images, before the tag. Default: the images have no name. */
  readonly image?: string | undefined;
}

/** A blob in the archive. */
interface StoredBlob {
  readonly path: string;
  /** The digest of the uncompressed content. */
  readonly diffId: Digest;
}

interface StoredImage {
  readonly content: ManifestContent;
  readonly entry: ArchivedImage;
  readonly tags: Set<string>;
}

const CONFIG_TYPES = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];
const LAYER_TYPES = /^application\/vnd\.(oci\.image\.layer\.|docker\.image\.rootfs\.)/;
const IMAGE_HINT =
  "use oci-archive: for it, or copy one platform with --platform and --index unwrap";

/** Creates a docker archive with the first blob. It gets its name when `finish()` completes it. */
export function openDockerArchiveTarget(options: DockerArchiveTargetOptions): LayoutTarget {
  return new DockerArchiveTarget(options);
}

class DockerArchiveTarget implements LayoutTarget {
  readonly name: string;
  readonly requests = 0;
  readonly countsPulls = false;
  readonly #image: string | undefined;
  readonly #files: TarWriter;
  readonly #blobs = new Map<Digest, StoredBlob>();
  readonly #images = new Map<Digest, StoredImage>();

  constructor({ file, name, image }: DockerArchiveTargetOptions) {
    this.name = name;
    this.#image = image;
    this.#files = new TarWriter(file);
  }

  async resolveManifest(tagOrDigest: string): Promise<Descriptor | undefined> {
    const content = await this.fetchManifest(tagOrDigest);
    return content && toDescriptor(content);
  }

  fetchManifest(tagOrDigest: string): Promise<ManifestContent | undefined> {
    const image = isDigest(tagOrDigest)
      ? this.#images.get(tagOrDigest)
      : [...this.#images.values()].find(({ tags }) => tags.has(tagOrDigest));
    return Promise.resolve(image?.content);
  }

  hasBlob({ digest }: Descriptor): Promise<boolean> {
    return Promise.resolve(this.#blobs.has(digest));
  }

  openBlob({ digest }: Descriptor): Promise<Response> {
    const message = `read blob ${digest} of ${this.name}: the archive has uncompressed layers only`;
    return Promise.reject(new CrossdockError("unsupported", message));
  }

  listReferrers(): Promise<Descriptor[]> {
    return Promise.resolve([]);
  }

  async *listTags(): AsyncGenerator<string[]> {
    yield [...this.#images.values()].flatMap(({ tags }) => [...tags]).sort();
  }

  async beginBlob(descriptor: Descriptor, { signal }: CallOptions = {}): Promise<BlobStart> {
    const { mediaType, digest, size } = descriptor;
    const isConfig = CONFIG_TYPES.includes(mediaType);
    if (!isConfig && !LAYER_TYPES.test(mediaType)) {
      throw this.#unsupported(`it holds only images, not a blob of type ${mediaType}`);
    }
    if (this.#blobs.has(digest)) return { state: "present" };
    const path = `${digestHex(digest)}.${isConfig ? "json" : "tar"}`;
    const write = isConfig
      ? await this.#files.begin(path, size, { signal })
      : await this.#files.beginUnsized(path, { signal });
    return { state: "open", upload: this.#createUpload(descriptor, path, write) };
  }

  checksDigests(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async putManifest(
    content: ManifestContent,
    { tag, signal }: CallOptions & { tag?: string } = {},
  ): Promise<void> {
    const manifest = parseManifest(content.bytes, content.mediaType);
    if (manifest.kind !== "image" || !CONFIG_TYPES.includes(manifest.config.mediaType)) {
      const kind = manifest.kind === "index" ? "an index of several platforms" : "an artifact";
      throw this.#unsupported(`it holds only images, not ${kind}`);
    }
    const image: StoredImage = this.#images.get(content.digest) ?? {
      content,
      entry: await this.#toEntry(manifest, { signal }),
      tags: new Set(),
    };
    this.#images.set(content.digest, image);
    if (tag === undefined) return;
    for (const { tags } of this.#images.values()) tags.delete(tag);
    image.tags.add(tag);
  }

  recordReferrers(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async finish(): Promise<void> {
    if (this.#images.size === 0) return;
    const images = [...this.#images.values()].map(({ entry, tags }) => ({
      ...entry,
      RepoTags: this.#image === undefined
        ? null
        : [...tags].map((tag) => `${this.#image}:${tag}`).sort(),
    }));
    const json = new TextEncoder().encode(`${JSON.stringify(images)}\n`);
    await this.#files.update(DOCKER_MANIFEST_FILE, () => json);
    await this.#files.finish();
  }

  async close(): Promise<void> {
    await this.#files.close();
  }

  #createUpload(descriptor: Descriptor, path: string, write: FileWrite): BlobUpload {
    const { digest } = descriptor;
    const what = `write blob ${digest} to ${this.#files.name}`;
    return {
      put: async (body, options): Promise<void> => {
        const verified = verifyChunks(body, descriptor, what);
        try {
          const { compression, chunks } = await peekCompression(verified);
          const plain = hashChunks(
            decompressChunks(chunks, compression, what),
            digestAlgorithm(digest),
          );
          await write.write(plain.chunks, options);
          // Another copy may have written the blob meanwhile. Then nothing was hashed here.
          if (this.#blobs.has(digest)) return;
          this.#blobs.set(digest, { path, diffId: plain.result().digest });
        } catch (error) {
          await write.discard();
          throw error;
        } finally {
          await verified.cancel();
        }
      },
      cancel: () => write.discard(),
    };
  }

  /** The entry of an image. Checks its layers against its config. */
  async #toEntry(
    { config, layers }: ImageManifest,
    options: CallOptions,
  ): Promise<ArchivedImage> {
    const stored = layers.map(({ digest }) => this.#requireBlob(digest));
    const entry = {
      Config: this.#requireBlob(config.digest).path,
      RepoTags: [],
      Layers: stored.map(({ path }) => path),
    };
    const bytes = await readImageConfig(this.#files, entry, options);
    for (const [i, diffId] of readDiffIds(bytes, entry, this.#files.name).entries()) {
      if (stored[i]?.diffId === diffId) continue;
      throw new CrossdockError(
        "integrity",
        `write ${this.#files.name}: the layer ${layers[i]?.digest} has diff_id ${
          stored[i]?.diffId
        }, expected ${diffId} by the config`,
      );
    }
    return entry;
  }

  #requireBlob(digest: Digest): StoredBlob {
    const blob = this.#blobs.get(digest);
    if (blob) return blob;
    const message = `write ${this.#files.name}: the archive lacks the blob ${digest}`;
    throw new CrossdockError("not_found", message);
  }

  #unsupported(fault: string): CrossdockError {
    const message = `write ${this.#files.name} as a docker archive: ${fault}`;
    return new CrossdockError("unsupported", message, { hint: IMAGE_HINT });
  }
}
