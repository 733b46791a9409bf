const ESCAPE = "\x1b";
const PARTS = new RegExp(`${ESCAPE}\\[[?0-9;]*[A-Za-z]|\n|[^${ESCAPE}\n]+`, "g");
const COMMAND = new RegExp(`^${ESCAPE}\\[([?0-9;]*)([A-Za-z])$`);

/** The lines that a terminal shows, including those that have scrolled away. Knows the commands of progress bars only. */
export function screenOf(text: string): string[] {
  const lines: string[] = [""];
  let row = 0;
  let column = 0;
  for (const [part] of text.matchAll(PARTS)) {
    const [, count = "", command = ""] = COMMAND.exec(part) ?? [];
    if (part === "\n") {
      row++;
      column = 0;
      lines[row] ??= "";
    } else if (command === "A") row = Math.max(0, row - Number(count || 1));
    else if (command === "B") row += Number(count || 1);
    else if (command === "G") column = Number(count || 1) - 1;
    else if (command === "K") lines[row] = count === "2" ? "" : (lines[row] ?? "").slice(0, column);
    else if (command === "J") {
      lines[row] = (lines[row] ?? "").slice(0, column);
      lines.length = row + 1;
    } else if (command === "") {
      const line = (lines[row] ?? "").padEnd(column);
      lines[row] = line.slice(0, column) + part + line.slice(column + part.length);
      column += part.length;
    }
  }
  return lines.map((line) => line.trimEnd());
}
