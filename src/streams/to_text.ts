/**
 * Reads a stream of strings or of UTF-8 bytes to its end into one string. A byte order mark at the start is dropped, and bytes that
 * are not UTF-8 become U+FFFD. It sets no bound: pipe the stream through a `LimitedBytesTransformStream` first.
 *
 * @throws the stream's own error, or a TypeError when another reader holds the stream
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
