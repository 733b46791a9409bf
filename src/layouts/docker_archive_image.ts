/**
 * Makes the manifest of an image in a docker archive that is no OCI layout.
 *
 * The manifest needs the digests of the layers as they are pushed. So an uncompressed layer is read and compressed twice: first for its
 * digest and size, then for its bytes. Only digests are kept in between.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { CallOptions, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes, digestSchema } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { MAX_MANIFEST_BYTES } from "../oci/manifest.ts";
import { DOCKER_MANIFEST, OCI_MANIFEST } from "../oci/media_types.ts";
import { quote } from "../oci/quote.ts";
import { safeParseJson } from "../schema.ts";
import { readChunks } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { compressChunks, decompressChunks, peekCompression } from "./docker_archive_layer.ts";
import type { Compression } from "./docker_archive_layer.ts";
import type { ArchivedImage } from "./docker_archive_manifest.ts";
import type { LayoutReader } from "./files.ts";
import { readSmallFile } from "./read_small_file.ts";
import { verifyChunks } from "./verified_reader.ts";

export interface MakeImageOptions extends CallOptions {
  /** How uncompressed layers are pushed. */
  readonly compress: "gzip" | "none";
  /** The kind of manifest. */
  readonly format: "oci" | "docker";
}

/** A config or a layer, as it is pushed. */
export interface ImageBlob {
  readonly descriptor: Descriptor;
  open(options?: CallOptions): Promise<ChunkReader>;
}

/** A made manifest with its blobs. */
export interface MadeImage {
  readonly content: ManifestContent;
  readonly blobs: readonly ImageBlob[];
}

const MEDIA_TYPES = {
  oci: {
    manifest: OCI_MANIFEST,
    config: "application/vnd.oci.image.config.v1+json",
    none: "application/vnd.oci.image.layer.v1.tar",
    gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
    zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  },
  docker: {
    manifest: DOCKER_MANIFEST,
    config: "application/vnd.docker.container.image.v1+json",
    none: "application/vnd.docker.image.rootfs.diff.tar",
    gzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    zstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  },
} as const;

const configSchema = z.object({ rootfs: z.object({ diff_ids: z.array(digestSchema) }) });

/**
 * Makes the manifest of an image, and checks the content of each layer against the config.
 *
 * @throws CrossdockError `not_found` for a missing config or layer; `integrity` for a layer that is not the one in the config
 */
export async function makeImage(
  files: LayoutReader,
  image: ArchivedImage,
  options: MakeImageOptions,
): Promise<MadeImage> {
  const types = MEDIA_TYPES[options.format];
  const config = await readImageConfig(files, image, options);
  const layers: ImageBlob[] = [];
  const made = new Map<Digest, ImageBlob>();
  for (const [i, diffId] of readDiffIds(config, image, files.name).entries()) {
    const layer = made.get(diffId) ??
      await makeLayer(files, { path: image.Layers[i] ?? "", diffId }, options);
    made.set(diffId, layer);
    layers.push(layer);
  }
  const configBlob: ImageBlob = {
    descriptor: {
      mediaType: types.config,
      digest: await digestBytes(config),
      size: config.byteLength,
    },
    open: async (options) => readChunks(await files.open(image.Config, options)),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: configBlob.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const content = { bytes, mediaType: types.manifest, digest: await digestBytes(bytes) };
  return { content, blobs: [configBlob, ...layers] };
}

/** The bytes of the config of an image. */
export async function readImageConfig(
  files: LayoutReader,
  { Config }: ArchivedImage,
  { signal }: CallOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const config = await readSmallFile(files, Config, { maxBytes: MAX_MANIFEST_BYTES, signal });
  if (config) return config;
  const message = `read ${files.name}: the config ${quote(Config)} is missing`;
  throw new CrossdockError("not_found", message);
}

/** The digests of the uncompressed layers, one for each layer of the archive. */
export function readDiffIds(
  config: Uint8Array,
  { Config, Layers }: Pick<ArchivedImage, "Config" | "Layers">,
  name: string,
): Digest[] {
  const what = `read ${name}: the config ${quote(Config)}`;
  const { data } = safeParseJson(new TextDecoder().decode(config), configSchema);
  if (!data) throw new CrossdockError("unsupported", `${what} has no valid rootfs.diff_ids`);
  const diffIds = data.rootfs.diff_ids;
  if (diffIds.length === Layers.length) return diffIds;
  throw new CrossdockError(
    "integrity",
    `${what} has ${diffIds.length} diff_ids, expected one for each of ${Layers.length} layers`,
  );
}

interface ArchivedLayer {
  readonly path: string;
  readonly diffId: Digest;
}

async function makeLayer(
  files: LayoutReader,
  { path, diffId }: ArchivedLayer,
  { compress, format, signal }: MakeImageOptions,
): Promise<ImageBlob> {
  const size = await files.size(path, { signal });
  if (size === undefined) {
    const message = `read ${files.name}: the layer ${quote(path)} is missing`;
    throw new CrossdockError("not_found", message);
  }
  const what = `read ${files.name}: the layer ${quote(path)}`;
  const open = async (options: CallOptions = {}): Promise<ChunkReader> =>
    readChunks(await files.open(path, options));
  const types = MEDIA_TYPES[format];
  const { compression, chunks } = await peekCompression(await open({ signal }));
  if (compression === "none" && compress === "none") {
    await chunks.cancel();
    return {
      descriptor: { mediaType: types.none, digest: diffId, size },
      open: async (options) => verifyChunks(await open(options), { digest: diffId, size }, what),
    };
  }
  const isCompressed = compression !== "none";
  const descriptor = {
    mediaType: types[isCompressed ? compression : compress],
    ...isCompressed
      ? await digestCompressed(chunks, compression, { diffId, size, what, signal })
      : await digestPlain(chunks, { diffId, what, signal }),
  };
  return {
    descriptor,
    open: async (options) =>
      isCompressed ? await open(options) : compressChunks(await open(options)),
  };
}

interface DigestOptions {
  readonly diffId: Digest;
  readonly what: string;
  readonly signal: AbortSignal | undefined;
}

/** The digest and size that an uncompressed layer will have. */
async function digestPlain(
  chunks: ChunkReader,
  { diffId, what, signal }: DigestOptions,
): Promise<{ digest: Digest; size: number }> {
  const plain = hashChunks(chunks, digestAlgorithm(diffId));
  const compressed = hashChunks(compressChunks(plain.chunks), "sha256");
  await drain(compressed.chunks, signal);
  checkDiffId(plain.result().digest, diffId, what);
  return compressed.result();
}

/** The digest and size of a layer that is pushed as it is. */
async function digestCompressed(
  chunks: ChunkReader,
  compression: Compression,
  { diffId, size, what, signal }: DigestOptions & { readonly size: number },
): Promise<{ digest: Digest; size: number }> {
  const compressed = hashChunks(chunks, "sha256");
  const plain = hashChunks(
    decompressChunks(compressed.chunks, compression, what),
    digestAlgorithm(diffId),
  );
  await drain(plain.chunks, signal);
  checkDiffId(plain.result().digest, diffId, what);
  const result = compressed.result();
  if (result.size === size) return result;
  throw new CrossdockError("integrity", `${what} has other bytes after its ${compression} data`);
}

function checkDiffId(found: Digest, diffId: Digest, what: string): void {
  if (found === diffId) return;
  throw new CrossdockError(
    "integrity",
    `${what} has diff_id ${found}, expected ${diffId} by the config`,
  );
}

/** Hashes and counts the chunks that pass. */
export function hashChunks(chunks: ChunkReader, algorithm: "sha256" | "sha512"): {
  readonly chunks: ChunkReader;
  /** Call it once, after the last chunk. */
  result(): { readonly digest: Digest; readonly size: number };
} {
  const hash = createHash(algorithm);
  let size = 0;
  return {
    chunks: {
      async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
        const chunk = await chunks.read();
        if (!chunk) return undefined;
        hash.update(chunk);
        size += chunk.byteLength;
        return chunk;
      },
      cancel: (reason) => chunks.cancel(reason),
    },
    result: () => ({ digest: `${algorithm}:${hash.digest("hex")}`, size }),
  };
}

async function drain(chunks: ChunkReader, signal: AbortSignal | undefined): Promise<void> {
  try {
    while (await chunks.read()) signal?.throwIfAborted();
  } finally {
    await chunks.cancel();
  }
}
