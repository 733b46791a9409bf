import type { TextStream } from "../environment.ts";

const ERASE_REST_OF_LINE = "\x1b[K";
const ERASE_BELOW = "\x1b[J";

/**
 * Lines at the bottom of a terminal that are drawn again and again. The cursor waits at the start of the line below them, and no mode of
 * the terminal changes: so a program that ends at any moment has nothing to restore.
 */
export class LiveLines {
  readonly #stream: TextStream;
  #lines: readonly string[] = [];

  constructor(stream: TextStream) {
    this.#stream = stream;
  }

  /** The columns that a line may fill. Some terminals wrap a line that fills the last one. */
  get width(): number {
    return Math.max(1, (this.#stream.columns ?? 80) - 1);
  }

  /** The most lines that the cursor can be moved up by. */
  get maxLines(): number {
    return Math.max(1, (this.#stream.rows ?? 24) - 1);
  }

  /** Replaces the lines. None may be wider than {@linkcode width}. */
  draw(lines: readonly string[]): void {
    // Lines are overwritten and not erased first, which would flicker.
    const text = lines.map((line) => `${line}${ERASE_REST_OF_LINE}\n`).join("");
    const rest = lines.length < this.#lines.length ? ERASE_BELOW : "";
    this.#stream.write(`${this.#toTop()}${text}${rest}`);
    this.#lines = lines;
  }

  /** Prints text above the lines. It may wrap, and scrolls away. */
  print(text: string): void {
    const lines = this.#lines;
    this.clear();
    this.#stream.write(`${text}\n`);
    if (lines.length > 0) this.draw(lines);
  }

  /** Removes the lines. */
  clear(): void {
    if (this.#lines.length === 0) return;
    this.#stream.write(`${this.#toTop()}${ERASE_BELOW}`);
    this.#lines = [];
  }

  #toTop(): string {
    const count = this.#lines.length;
    return count === 0 ? "" : `\r\x1b[${count}A`;
  }
}
