import { createHash } from "node:crypto";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestHex } from "../oci/digest.ts";
import { readBody } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";

/**
 * Reads a blob and checks its size and digest. The last chunk is returned only if both match, so a wrong blob is never complete.
 *
 * @param what the blob for messages: `blob sha256:… of oci:./app`
 */
export function verifyChunks(
  body: Uint8Array<ArrayBuffer> | Response | ChunkReader,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  what: string,
): ChunkReader {
  const reader = toReader(body);
  const hash = createHash(digestAlgorithm(digest));
  let bytes = 0;
  let isDone = false;

  function fail(fault: string): never {
    throw new CrossdockError("integrity", `${what}: ${fault}`);
  }

  async function checkEnd(): Promise<void> {
    isDone = true;
    if (await reader.read()) fail(`it has more than ${size} bytes, the size in its descriptor`);
    const hex = hash.digest("hex");
    if (hex === digestHex(digest)) return;
    fail(`its bytes have digest ${digestAlgorithm(digest)}:${hex}, expected ${digest}`);
  }

  return {
    async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      if (isDone) return undefined;
      const chunk = await reader.read();
      if (!chunk) {
        if (bytes === size) await checkEnd();
        else fail(`it has ${bytes} bytes, expected ${size} by its descriptor`);
        return undefined;
      }
      bytes += chunk.byteLength;
      if (bytes > size) fail(`it has more than ${size} bytes, the size in its descriptor`);
      hash.update(chunk);
      if (bytes < size) return chunk;
      // The next read may reuse the memory of this chunk.
      const last = chunk.slice();
      await checkEnd();
      return last;
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

function toReader(body: Uint8Array<ArrayBuffer> | Response | ChunkReader): ChunkReader {
  if (body instanceof Response) return readBody(body);
  return body instanceof Uint8Array ? readOnce(body) : body;
}

/** A reader of one chunk, or of none for empty content. */
function readOnce(bytes: Uint8Array<ArrayBuffer>): ChunkReader {
  let rest: Uint8Array<ArrayBuffer> | undefined = bytes.byteLength > 0 ? bytes : undefined;
  return {
    read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      const chunk = rest;
      rest = undefined;
      return Promise.resolve(chunk);
    },
    cancel: () => Promise.resolve(),
  };
}
