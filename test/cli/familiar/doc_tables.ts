/** Makes the tables in docs about other tools. Run it to write them: `deno run -A test/cli/familiar/doc_tables.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FAMILIAR_COMMANDS } from "../../../src/cli/familiar/familiar_commands.ts";
import { FAMILIAR_FLAGS, listSpellings } from "../../../src/cli/familiar/familiar_flags.ts";
import type { FamiliarFlag, Meaning } from "../../../src/cli/familiar/familiar_flags.ts";

type Row = readonly string[];

interface Table {
  readonly file: string;
  readonly name: string;
  /** Lists of cells, first the headings. */
  readonly rows: readonly Row[];
}

/** The pages with the flags of each tool. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  "docs/coming-from/skopeo.md": ["skopeo"],
  "docs/coming-from/crane.md": ["crane"],
  "docs/coming-from/regctl.md": ["regctl", "regsync"],
  "docs/coming-from/oras.md": ["oras"],
  "docs/coming-from/docker.md": ["docker"],
};

export const TABLES: readonly Table[] = [
  {
    file: "docs/cli.md",
    name: "accepted",
    rows: [
      ["flag", "known from", "in crossdock"],
      ...FAMILIAR_FLAGS.filter(isAccepted).map((row) => [
        listSpellings(row).map(code).join(", "),
        row.tools.join(", "),
        describeFlag(row),
      ]),
    ],
  },
  ...Object.entries(PAGES).map(([file, tools]) => ({
    file,
    name: "flags",
    rows: [
      ["flag", "for", "in crossdock"],
      ...FAMILIAR_FLAGS.filter((row) => row.tools.some((tool) => tools.includes(tool)))
        .map((row) => [
          listSpellings(row).map(code).join(", "),
          row.commands.join(", "),
          describeFlag(row),
        ]),
    ],
  })),
  {
    file: "docs/coming-from/index.md",
    name: "commands",
    rows: [["command", "in crossdock"], ...listCommands()],
  },
];

function isAccepted({ means }: FamiliarFlag): boolean {
  return "becomes" in means || "joins" in means;
}

function listCommands(): Row[] {
  const byMeaning = Object.groupBy(
    Object.entries(FAMILIAR_COMMANDS),
    ([, meaning]) =>
      "becomes" in meaning ? code(`crossdock ${meaning.becomes}`) : `rejected: ${meaning.rejected}`,
  );
  return Object.entries(byMeaning).map(([meaning, entries = []]) => [
    entries.map(([words]) => code(words)).join(", "),
    meaning,
  ]);
}

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
  if ("rejected" in meaning) {
    // Outside of code, <token> would be HTML.
    const text = meaning.rejected.replaceAll("SIDE-", prefix).replaceAll(/<\w+>/g, code);
    return `rejected: ${text}`;
  }
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

/** The cells of a table in its file. */
export function readTable({ file, name }: Table): Row[] {
  const [, body = ""] = readFileSync(pathOf(file), "utf8").split(marker(name, "begin"));
  return (body.split(marker(name, "end"))[0] ?? "").split("\n")
    .filter((line) => line.startsWith("|") && !/^\| ?-/.test(line))
    .map(toCells);
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(`../../../${file}`, import.meta.url));
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
  for (const { file, name, rows } of TABLES) {
    const [begin, end] = [marker(name, "begin"), marker(name, "end")];
    const [before = "", rest = ""] = readFileSync(pathOf(file), "utf8").split(begin);
    const [, after = ""] = rest.split(end);
    writeFileSync(pathOf(file), `${before}${begin}\n\n${toMarkdown(rows)}\n\n${end}${after}`);
  }
}
