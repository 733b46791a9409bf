/**
 * Passes text through, and fails with a RangeError for a line of more than `maxLength` characters. `TextLineStream` has no such
 * limit; behind this stream it buffers at most one such line and one chunk.
 */
export function limitLines(maxLength: number): TransformStream<string, string> {
  let length = 0;
  return new TransformStream({
    transform(text, controller): void {
      for (const [index, part] of text.split("\n").entries()) {
        length = (index === 0 ? length : 0) + part.length;
        if (length > maxLength) {
          throw new RangeError(`a line is longer than ${maxLength} characters`);
        }
      }
      controller.enqueue(text);
    },
  });
}
