/** Renders the tables of docs/deploy/github-actions.md from action.yml. The rest of the page is written by hand. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { toCell, toTable } from "./markdown.ts";

interface Entry {
  readonly description: string;
  readonly default?: string;
}

const TABLES = /(?<=## Inputs and outputs\n\n)(?:\|.*\n)+\n(?:\|.*\n)+/;

/** @throws Error if the page has no place for the tables */
export function renderActionPage(): string {
  const { inputs, outputs }: Record<"inputs" | "outputs", Record<string, Entry>> = parse(
    read("action.yml"),
  );
  const page = read("docs/deploy/github-actions.md");
  if (!TABLES.test(page)) throw new Error("expected two tables below ## Inputs and outputs");
  const inputRows = Object.entries(inputs).map(([name, { description, default: text }]) => [
    `\`${name}\``,
    toCell(description),
    text === undefined ? "" : `\`${text}\``,
  ]);
  const outputRows = Object.entries(outputs).map(([name, { description }]) => [
    `\`${name}\``,
    toCell(description),
  ]);
  return page.replace(
    TABLES,
    () =>
      `${toTable(["input", "meaning", "default"], inputRows)}\n\n` +
      `${toTable(["output", "meaning"], outputRows)}\n`,
  );
}

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}
