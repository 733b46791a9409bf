import type { ChunkReader } from "./chunk_reader.ts";

/**
 * Reads UTF-8 text line by line, as `@std/streams` `TextLineStream` does, but never holds more than it was told to. Lines come
 * without their ends, `\n` or `\r\n`; a last one without an end counts. What is not UTF-8 becomes U+FFFD.
 *
 * @param maxLength the longest line, in characters; there is no default because a line without a bound is a mistake
 * @throws RangeError when a line is longer; the reader is cancelled then, as it is when the caller leaves early
 */
export async function* readTextLines(
  reader: ChunkReader,
  maxLength: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (let chunk = await reader.read(); chunk; chunk = await reader.read()) {
      const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split("\n");
      rest += first;
      for (const next of others) {
        yield checkLine(rest.replace(/\r$/, ""), maxLength);
        rest = next;
      }
      checkLine(rest, maxLength);
    }
    rest += decoder.decode();
    if (rest !== "") yield checkLine(rest, maxLength);
  } finally {
    await reader.cancel();
  }
}

function checkLine(line: string, maxLength: number): string {
  if (line.length <= maxLength) return line;
  throw new RangeError(`a line is longer than ${maxLength} characters`);
}
