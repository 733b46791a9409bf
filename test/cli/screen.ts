import { stripVTControlCharacters } from "node:util";

const ESCAPE = "\x1b";
const PARTS = new RegExp(`${ESCAPE}\\[([?0-9;]*)([A-Za-z])|[\r\n]|[^${ESCAPE}\r\n]`, "gu");

/** What a terminal shows. Knows the commands of our bars and colours only, and rejects others. */
export class Screen {
  /** Including the rows that have scrolled away. */
  readonly rows: string[] = [""];
  row = 0;
  column = 0;
  /** How many times a line was too long for the terminal. */
  wraps = 0;
  readonly columns: number;

  constructor(text: string, columns = Infinity) {
    this.columns = columns;
    let end = 0;
    for (const match of text.matchAll(PARTS)) {
      if (match.index !== end) throw new Error(`unknown command at ${end}`);
      end += match[0].length;
      const [part, count = "", command = ""] = match;
      if (command === "") this.#write(part);
      else this.#move(command, count);
    }
  }

  #write(character: string): void {
    if (character === "\r") this.column = 0;
    else if (character === "\n") this.#newLine();
    else {
      const line = (this.rows[this.row] ?? "").padEnd(this.column);
      this.rows[this.row] = line.slice(0, this.column) + character + line.slice(this.column + 1);
      this.column++;
      // Like the terminals that wrap a line as soon as it fills the last column.
      if (this.column >= this.columns) {
        this.wraps++;
        this.#newLine();
      }
    }
  }

  #newLine(): void {
    this.row++;
    this.column = 0;
    this.rows[this.row] ??= "";
  }

  #move(command: string, count: string): void {
    const line = this.rows[this.row] ?? "";
    if (command === "A") this.row = Math.max(0, this.row - Number(count || 1));
    else if (command === "K") this.rows[this.row] = line.slice(0, this.column);
    else if (command === "J") {
      this.rows[this.row] = line.slice(0, this.column);
      this.rows.length = this.row + 1;
    } else if (command !== "m") throw new Error(`unknown command ${command}`);
  }

  /** The rows without the last one, if that is empty. */
  get lines(): string[] {
    const lines = this.rows.map((line) => stripVTControlCharacters(line).trimEnd());
    return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
  }
}
