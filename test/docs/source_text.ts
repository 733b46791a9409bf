/** The texts of the source, for tests that documents quote messages that exist. */
import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../../src/", import.meta.url);

/** All source files, with `…` for each value in a text, and with texts over several lines joined. */
const source = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(new URL(path, FOLDER), "utf8"))
  .join("\n")
  .replaceAll(/\$\{[^}]*\}/g, "…")
  .replaceAll(/["`] \+\s+["`]/g, "");

/** Whether the source has a message. `…` stands for any text. */
export function isInSource(message: string): boolean {
  return message.split("…").every((part) => source.includes(part.trim()));
}
