/**
 * Reads a whole stream of strings or UTF-8 bytes into one string. A byte order mark at the start is removed, and invalid bytes
 * become U+FFFD. The length is not limited: pipe the stream through a `LimitedBytesTransformStream` first.
 *
 * @throws the error of the stream, or a TypeError for a locked stream
 */
export async function toText(
  stream: ReadableStream<string> | ReadableStream<Uint8Array>,
): Promise<string> {
  const reader = (stream as ReadableStream<string | Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const { value } = next;
    text += typeof value === "string" ? value : decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}
