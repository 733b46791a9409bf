export interface TextLineStreamOptions {
  /** Accepts `\r` alone as the end of a line. Default: false. */
  allowCR?: boolean;
}

/**
 * Splits text into lines, at `\n` or `\r\n`, and removes the line ends. The last line may have none. The length of a line is not
 * limited: pipe the text through `limitLines()` first.
 */
export class TextLineStream extends TransformStream<string, string> {
  constructor(options: TextLineStreamOptions = {}) {
    const allowCR = options.allowCR ?? false;
    // A \r at the end of a chunk may be the first half of \r\n.
    const lineEnd = allowCR ? /\r\n|\n|\r(?!$)/ : /\r?\n/;
    let rest = "";
    super({
      transform(text, controller): void {
        rest += text;
        // Without a line end there is nothing to split. Splitting anyway would be quadratic for a long line of many chunks.
        if (!allowCR && !text.includes("\n")) return;
        const lines = rest.split(lineEnd);
        rest = lines.pop() ?? "";
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller): void {
        if (rest !== "") controller.enqueue(allowCR ? rest.replace(/\r$/, "") : rest);
      },
    });
  }
}
