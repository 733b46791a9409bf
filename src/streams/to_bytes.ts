import type { ChunkReader } from "./chunk_reader.ts";

/**
 * Reads everything into one array, as `@std/streams` `toBytes` does, but never more than it was told to hold.
 *
 * @param maxBytes how much may be held; there is no default because a body without a bound is a mistake
 * @throws RangeError when there is more than `maxBytes`; the reader is cancelled then
 */
export async function toBytes(
  reader: ChunkReader,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (let chunk = await reader.read(); chunk; chunk = await reader.read()) {
    length += chunk.byteLength;
    if (length > maxBytes) {
      const error = new RangeError(`body is longer than ${maxBytes} bytes`);
      await reader.cancel(error);
      throw error;
    }
    chunks.push(chunk.slice());
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
