/** Checks the documents: links, commands and code blocks. `deno task docs:check [FILE...]`; CONTRIBUTING.md has the conventions. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { checkCommand } from "./commands.ts";
import { checkJson, checkToml, checkYaml } from "./data_blocks.ts";
import { checkLinks, findUnlisted } from "./links.ts";
import { readPage } from "./page.ts";
import type { Mistake } from "./page.ts";
import { checkSyntax, checkTypes, checkWorkflow } from "./programs.ts";
import type { PlacedBlock } from "./programs.ts";
import { splitShell } from "./shell.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Files that are no documents for readers. */
const NO_DOCUMENTS = /^(?:bench\/results|test)\//;

const VARIANTS = ["", "part", "kubernetes", "github-workflow", "gitlab-ci", "compose"];

const listed = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
  { cwd: ROOT, encoding: "utf8" },
).split("\n").filter((path) => path !== "" && !NO_DOCUMENTS.test(path));
const pages = new Map(
  listed.filter((path) => existsSync(join(ROOT, path)))
    .map((path) => [path, readPage(path, readFileSync(join(ROOT, path), "utf8"))]),
);

const wanted = process.argv.slice(2);
const chosen = [...pages.values()].filter(({ path }) =>
  wanted.length === 0 || wanted.includes(path)
);
const mistakes: Mistake[] = [];
const types: PlacedBlock[] = [];
let commands = 0;
let unread = 0;

for (const page of chosen) {
  mistakes.push(...page.mistakes);
  mistakes.push(
    ...checkLinks(page, { pages, exists: (path) => existsSync(join(ROOT, path)) }),
  );
  for (const block of page.blocks) await checkBlock({ ...block, path: page.path });
}
mistakes.push(...checkTypes(types));
mistakes.push(
  ...findUnlisted(pages).filter(({ path }) => chosen.some((page) => page.path === path)),
);

async function checkBlock(block: PlacedBlock): Promise<void> {
  const { path, line, info, text } = block;
  const [language = "", ...rest] = info.split(" ");
  const variant = rest.join(" ");
  const add = (messages: readonly string[]): void => {
    mistakes.push(...messages.map((message) => ({ path, line, message })));
  };
  if (variant !== "" && language !== "yaml") add([`unknown info string ${info}`]);
  if (language === "text") return;
  if (language === "ts") types.push(block);
  else if (language === "json") add(checkJson(text));
  else if (language === "toml") add(checkToml(text));
  else if (language === "sh") await checkScript(block);
  else if (language === "yaml" && VARIANTS.includes(variant)) {
    add(checkYaml(text, variant));
    if (variant !== "github-workflow") return;
    const found = checkWorkflow(block);
    if (found) mistakes.push(...found);
    else unread++;
  } else add([`unknown language "${info}": expected sh, text, yaml, json, toml or ts`]);
}

async function checkScript(block: PlacedBlock): Promise<void> {
  const wrong = checkSyntax(block);
  mistakes.push(...wrong);
  if (wrong.length > 0) return;
  for (const command of splitShell(block.text, block.line)) {
    commands++;
    const message = await checkCommand(command);
    if (message !== undefined) mistakes.push({ path: block.path, line: command.line, message });
  }
}

mistakes.sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
for (const { path, line, message } of mistakes) {
  print(process.stderr, `${path}:${line}: ${message}`);
}
if (unread > 0) {
  print(process.stderr, `actionlint is not installed: ${unread} workflows were only parsed`);
}
const blocks = chosen.flatMap((page) => page.blocks).length;
const links = chosen.flatMap((page) => page.links).length;
print(process.stdout, `docs: ${blocks} blocks, ${links} links, ${commands} commands checked`);
const all = blocks + links + commands;
print(
  process.stdout,
  `docs: ${Math.max(0, all - mistakes.length)} passed, ${mistakes.length} failed`,
);
process.exit(mistakes.length > 0 ? 1 : 0);

function print(stream: NodeJS.WriteStream, line: string): void {
  stream.write(`${line}\n`);
}
