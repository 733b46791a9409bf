/** Reads and writes blobs and manifests as files, in any layout. Checks every digest. */
import type { BlobStart, CallOptions, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { MAX_MANIFEST_BYTES, parseManifest } from "../oci/manifest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { readChunks } from "../streams/chunk_reader.ts";
import type { LayoutReader, LayoutWriter } from "./files.ts";
import { limitMemory } from "./layout_content.ts";
import type { LayoutMemory } from "./layout_content.ts";
import { inFile } from "./layout_index.ts";
import { readSmallFile } from "./read_small_file.ts";
import { verifyChunks } from "./verified_reader.ts";

/** A manifest, parsed. */
export interface StoredManifest extends ManifestContent {
  readonly manifest: Manifest;
}

/**
 * Reads a manifest from a file. `undefined` if there is no such file.
 *
 * @param mediaType as another file states it; "" if none does
 * @throws CrossdockError `integrity` for another digest, `limit` above 4 MiB, `unsupported` for content that is no manifest
 */
export async function readManifestFile(
  files: LayoutReader,
  path: string,
  { digest, mediaType = "", signal }: CallOptions & {
    readonly digest?: Digest | undefined;
    readonly mediaType?: string | undefined;
  },
): Promise<StoredManifest | undefined> {
  const bytes = await readSmallFile(files, path, { maxBytes: MAX_MANIFEST_BYTES, signal });
  if (!bytes) return undefined;
  const found = await digestBytes(bytes, digest ? digestAlgorithm(digest) : "sha256");
  const what = `read ${path} in ${files.name}`;
  if (digest !== undefined && found !== digest) {
    throw new CrossdockError(
      "integrity",
      `${what}: its bytes have digest ${found}, expected ${digest}`,
    );
  }
  const manifest = inFile(what, () => parseManifest(bytes, mediaType));
  return { bytes, digest: found, mediaType: manifest.mediaType, manifest };
}

/** The descriptor of a manifest. */
export function toDescriptor({ mediaType, digest, bytes }: ManifestContent): Descriptor {
  return { mediaType, digest, size: bytes.byteLength };
}

/** The descriptor that a list of referrers has for a manifest. */
export function toReferrer({ manifest, mediaType, digest, bytes }: StoredManifest): Descriptor {
  const artifactType = manifest.artifactType ??
    (manifest.kind === "image" ? manifest.config.mediaType : undefined);
  const { annotations } = manifest;
  return {
    mediaType,
    digest,
    size: bytes.byteLength,
    ...(artifactType ? { artifactType } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

/**
 * Opens a blob.
 *
 * @throws CrossdockError `not_found`, or `integrity` for a wrong size
 */
export async function openBlobFile(
  files: LayoutReader,
  path: string,
  { digest, size, offset = 0, signal }: Descriptor & CallOptions & { readonly offset?: number },
): Promise<Response> {
  const found = await files.size(path, { signal });
  if (found === undefined) {
    throw new CrossdockError("not_found", `read ${path} in ${files.name}: no such file`, {
      hint: 'the layout is sparse or incomplete; copy the image into it again with "recheck": true',
    });
  }
  if (found !== size) {
    throw new CrossdockError(
      "integrity",
      `read ${path} in ${files.name}: it has ${found} bytes, expected ${size} by the descriptor of ${digest}`,
    );
  }
  return new Response(await files.open(path, { offset, signal }));
}

/** Whether a file has the content of a descriptor. Reads it to the end, once for each process. */
export async function hasBlobFile(
  files: LayoutReader,
  path: string,
  { digest, size, verified, signal }: Descriptor & CallOptions & Pick<LayoutMemory, "verified">,
): Promise<boolean> {
  if (await files.size(path, { signal }) !== size) return false;
  if (verified.has(path)) return true;
  const chunks = verifyChunks(
    readChunks(await files.open(path, { signal })),
    { digest, size },
    path,
  );
  try {
    while (await chunks.read()) signal?.throwIfAborted();
  } catch (error) {
    if (error instanceof CrossdockError && error.code === "integrity") return false;
    throw error;
  } finally {
    await chunks.cancel();
  }
  addVerified(verified, path);
  return true;
}

function addVerified(verified: Set<string>, path: string): void {
  limitMemory(verified);
  verified.add(path);
}

/** Opens an upload, unless the file has the content already. */
export async function beginBlobFile(
  files: LayoutWriter,
  path: string,
  descriptor: Descriptor & CallOptions & Pick<LayoutMemory, "verified">,
): Promise<BlobStart> {
  const { digest, size, verified, signal } = descriptor;
  if (await hasBlobFile(files, path, descriptor)) return { state: "present" };
  const write = await files.begin(path, size, { signal });
  const what = `write blob ${digest} to ${files.name}`;
  return {
    state: "open",
    upload: {
      async put(body, options): Promise<void> {
        const chunks = verifyChunks(body, { digest, size }, what);
        try {
          await write.write(chunks, options);
        } catch (error) {
          await write.discard();
          throw error;
        } finally {
          await chunks.cancel();
        }
        addVerified(verified, path);
      },
      cancel: () => write.discard(),
    },
  };
}

/** Writes a manifest, unless the file has it already. */
export async function writeManifestFile(
  files: LayoutWriter,
  path: string,
  { digest, bytes, verified, signal }:
    & ManifestContent
    & CallOptions
    & Pick<LayoutMemory, "verified">,
): Promise<void> {
  const descriptor = { mediaType: "", digest, size: bytes.byteLength, verified, signal };
  const start = await beginBlobFile(files, path, descriptor);
  if (start.state === "open") await start.upload.put(bytes, { signal });
}
