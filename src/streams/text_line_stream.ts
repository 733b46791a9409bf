export interface TextLineStreamOptions {
  /** Let a line also end with `\r` alone. Default: false */
  allowCR?: boolean;
}

/**
 * Cuts text into lines, which end with `\n` or `\r\n` and come without these. A last line without an end counts. It sets no bound on
 * a line: pipe the text through `limitLines()` first.
 */
export class TextLineStream extends TransformStream<string, string> {
  constructor(options: TextLineStreamOptions = {}) {
    const allowCR = options.allowCR ?? false;
    // A \r that is the last character so far may be the first half of \r\n.
    const lineEnd = allowCR ? /\r\n|\n|\r(?!$)/ : /\r?\n/;
    let rest = "";
    super({
      transform(text, controller): void {
        rest += text;
        // Only a whole line is searched: many chunks of one long line would make that quadratic.
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
