/** Makes the tables of docs/cli.md about other tools. Run it to write them: `deno run -A test/cli/familiar/doc_tables.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { FAMILIAR_COMMANDS } from "../../../src/cli/familiar/familiar_commands.ts";
import { FAMILIAR_FLAGS, listSpellings } from "../../../src/cli/familiar/familiar_flags.ts";
import type { FamiliarFlag, Meaning } from "../../../src/cli/familiar/familiar_flags.ts";

export const DOC = fileURLToPath(new URL("../../../docs/cli.md", import.meta.url));

type Row = readonly string[];

/** The rows of both tables, as lists of cells. */
export const TABLES: Readonly<Record<"flags" | "commands", readonly Row[]>> = {
  flags: [
    ["flag", "known from", "for", "meaning"],
    ...FAMILIAR_FLAGS.map((row) => [
      listSpellings(row).map(code).join(", "),
      row.tools.join(", "),
      row.commands.join(", "),
      describeFlag(row),
    ]),
  ],
  commands: [
    ["command", "meaning"],
    ...Object.entries(
      Object.groupBy(
        Object.entries(FAMILIAR_COMMANDS),
        ([, meaning]) =>
          "becomes" in meaning
            ? code(`crossdock ${meaning.becomes}`)
            : `rejected: ${meaning.rejected}`,
      ),
    ).map(([meaning, entries = []]) => [entries.map(([words]) => code(words)).join(", "), meaning]),
  ],
};

function describeFlag({ flags, means, values = {}, hasValue }: FamiliarFlag): string {
  const prefix = "only" in flags && flags.source.length > 0 ? "src-" : "";
  const all = [
    describeMeaning(means, prefix),
    ...Object.entries(values).map(([value, meaning]) =>
      `${code(hasValue ? value : `=${value}`)}: ${describeMeaning(meaning, prefix)}`
    ),
  ];
  return all.join("; ");
}

function describeMeaning(meaning: Meaning, prefix: string): string {
  if ("rejected" in meaning) return `rejected: ${meaning.rejected.replaceAll("SIDE-", prefix)}`;
  if ("ignored" in meaning) return `no effect: ${meaning.ignored}`;
  if ("joins" in meaning) {
    return meaning.joins === "platform"
      ? `a part of ${code("--platform")}, with ${code("--index unwrap")}`
      : `a part of ${code(`--${prefix}creds`)}`;
  }
  if (meaning.becomes === "unverified TLS") {
    const own = "bothSides" in meaning
      ? `${code("--src-tls unverified")} and ${code("--dest-tls unverified")}`
      : code(`--${prefix}tls unverified`);
    return `${own}; a loopback registry keeps plain HTTP`;
  }
  const note = "note" in meaning ? `: ${meaning.note}` : "";
  return `${code(meaning.becomes.replaceAll("SIDE-", prefix))}${note}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** The cells of the tables in the document. */
export function readTables(): Record<string, Row[]> {
  const text = readFileSync(DOC, "utf8");
  return Object.fromEntries(
    Object.keys(TABLES).map((name) => {
      const [, body = ""] = text.split(marker(name, "begin"));
      const lines = (body.split(marker(name, "end"))[0] ?? "").split("\n")
        .filter((line) => line.startsWith("|") && !/^\| ?-/.test(line));
      return [name, lines.map(toCells)];
    }),
  );
}

function toCells(line: string): string[] {
  return line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function marker(name: string, end: "begin" | "end"): string {
  return `<!-- ${end}: other tools, ${name} -->`;
}

function toMarkdown([header = [], ...rows]: readonly Row[]): string {
  const line = (cells: Row): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  let text = readFileSync(DOC, "utf8");
  for (const [name, rows] of Object.entries(TABLES)) {
    const [begin, end] = [marker(name, "begin"), marker(name, "end")];
    const [before = "", rest = ""] = text.split(begin);
    const [, after = ""] = rest.split(end);
    text = `${before}${begin}\n\n${toMarkdown(rows)}\n\n${end}${after}`;
  }
  writeFileSync(DOC, text);
  process.stderr.write("docs/cli.md: run deno fmt now\n");
}
