import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { readChunks } from "../streams/chunk_reader.ts";
import type { LayoutReader } from "./files.ts";

/**
 * Reads a file of limited size into memory. `undefined` if it does not exist.
 *
 * @throws CrossdockError `limit` for a larger file
 */
export async function readSmallFile(
  files: LayoutReader,
  path: string,
  { maxBytes, signal }: CallOptions & { readonly maxBytes: number },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const size = await files.size(path, { signal });
  if (size === undefined) return undefined;
  if (size > maxBytes) {
    throw new CrossdockError(
      "limit",
      `read ${path} in ${files.name}: it has ${size} bytes, expected at most ${maxBytes}`,
    );
  }
  const reader = readChunks(await files.open(path, { signal }));
  const bytes = new Uint8Array(size);
  let length = 0;
  try {
    for (let chunk = await reader.read(); chunk; chunk = await reader.read()) {
      if (length + chunk.byteLength > size) {
        throw new CrossdockError(
          "integrity",
          `read ${path} in ${files.name}: it changed meanwhile`,
        );
      }
      bytes.set(chunk, length);
      length += chunk.byteLength;
    }
  } finally {
    await reader.cancel();
  }
  return bytes.subarray(0, length);
}
