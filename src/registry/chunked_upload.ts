/**
 * Uploads a blob in chunks, for a registry that limits the size of a request below that of the blob. This is never the first
 * choice: ECR drops every chunk after the first (aws/containers-roadmap#2831), GHCR and Artifact Registry mishandle chunks.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { ChunkSplitter } from "../streams/chunk_splitter.ts";
import { resolveLocation } from "./redirect.ts";
import type { RepositoryContext } from "./repository_context.ts";

/** The first chunk size after a 413 that names no limit: below the 100 MB that Cloudflare allows in a request. */
const FIRST_CHUNK_BYTES = 64 * 1024 * 1024;

/** The last chunk size after repeated 413s: the default limit of nginx. */
const LAST_CHUNK_BYTES = 1024 * 1024;

/**
 * Returns the chunk size after a 413 to a request of `rejectedBytes`: half of it, within bounds. `undefined` if it cannot be
 * smaller.
 *
 * @param minBytes the smallest chunk that the registry accepts
 */
export function smallerChunk(rejectedBytes: number, minBytes = 0): number | undefined {
  const half = Math.min(Math.floor(rejectedBytes / 2), FIRST_CHUNK_BYTES);
  const bytes = Math.max(half, LAST_CHUNK_BYTES, minBytes);
  return bytes < rejectedBytes ? bytes : undefined;
}

/**
 * Reads the largest request body that a registry announces when it opens an upload. The header is not in the spec; registries
 * on Workers send it (cloudflare/serverless-registry).
 */
export function parseChunkMax(response: Response): number | undefined {
  return parseBytes(response.headers.get("oci-chunk-max-length"));
}

/** Reads the smallest chunk that a registry announces when it opens an upload. */
export function parseChunkMin(response: Response): number | undefined {
  return parseBytes(response.headers.get("oci-chunk-min-length"));
}

function parseBytes(text: string | null): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/**
 * Sends the bytes of a blob in order, one PATCH per chunk, and returns the Location to commit them at.
 *
 * @param sizes `maxBytes` is the largest size of a chunk
 */
export async function sendChunks(
  { client, send, name }: RepositoryContext,
  location: URL,
  body: ChunkReader,
  sizes: { sizeBytes: number; maxBytes: number },
  signal: AbortSignal | undefined,
): Promise<URL> {
  const splitter = new ChunkSplitter(body);
  let target = location;
  for (let start = 0; start < sizes.sizeBytes;) {
    const sizeBytes = Math.min(sizes.maxBytes, sizes.sizeBytes - start);
    const end = start + sizeBytes;
    const what = `upload bytes ${start} to ${end} of a blob to ${name}`;
    const response = await send({
      method: "PATCH",
      target,
      what,
      headers: {
        "content-type": "application/octet-stream",
        "content-range": `${start}-${end - 1}`,
      },
      stream: { body: splitter.part(sizeBytes), sizeBytes },
      accept: [202, 201, 204],
      signal,
    });
    await response.body?.cancel();
    const from = client.urlOf(response) ?? target;
    const next = response.headers.get("location") ?? target.href;
    target = resolveLocation(next, from, what, client.side);
    start = end;
  }
  return target;
}
