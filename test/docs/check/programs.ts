/** Checks blocks by programs: bash, Deno, TypeScript and actionlint. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Block, Mistake } from "./page.ts";

export interface PlacedBlock extends Block {
  readonly path: string;
}

const ROOT = new URL("../../../", import.meta.url);
const FOLDER = new URL(".cache/docs/", ROOT);

const DENO = JSON.parse(readFileSync(new URL("deno.json", ROOT), "utf8"));

/** The source files of the package's exports. */
const EXPORTS: Readonly<Record<string, string>> = {
  "crossdock": "src/mod.ts",
  "crossdock/client": "src/client/mod.ts",
  "crossdock/credentials": "src/credentials/docker_credentials.ts",
  "crossdock/layouts": "src/layouts/mod.ts",
  "crossdock/runtime": "src/hosts/detect.ts",
  "crossdock/server": "src/entries/server.ts",
  "crossdock/sync": "src/library/rules.ts",
  "crossdock/worker": "src/entries/worker.ts",
};

export function checkSyntax(block: PlacedBlock): Mistake[] {
  const { status, stderr } = run("bash", ["-n"], block.text);
  if (status === 0) return [];
  const [, line = "1", message = stderr] = /line (\d+): (.*)/.exec(stderr) ?? [];
  return [{ path: block.path, line: block.line + Number(line) - 1, message }];
}

/** Type-checks all blocks in one program, and those for Cloudflare Workers in another. */
export function checkTypes(blocks: readonly PlacedBlock[]): Mistake[] {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(new URL("worker/", FOLDER), { recursive: true });
  symlinkSync("../../node_modules", new URL("node_modules", FOLDER));
  const isWorker = ({ text }: Block): boolean =>
    /from "(?:crossdock\/worker|cloudflare:)/.test(text);
  return [
    ...checkWithDeno(blocks.filter((block) => !isWorker(block))),
    ...checkWithTypeScript(blocks.filter(isWorker)),
  ];
}

function checkWithDeno(blocks: readonly PlacedBlock[]): Mistake[] {
  if (blocks.length === 0) return [];
  const files = new Map(blocks.map((block, index) => {
    const file = new URL(`${index}.ts`, FOLDER);
    writeFileSync(file, toModule(block));
    return [file.href, block] as const;
  }));
  // The settings of the repository exclude the folder.
  const { compilerOptions, unstable, nodeModulesDir } = DENO;
  const imports = Object.entries<string>(DENO.imports)
    .map(([name, path]) => [name, new URL(path, ROOT).href]);
  const config = new URL("deno.json", FOLDER);
  const settings = { compilerOptions, unstable, nodeModulesDir, lock: false };
  writeFileSync(config, JSON.stringify({ ...settings, imports: Object.fromEntries(imports) }));
  const { status, stderr } = run(process.execPath, [
    ...["check", "--config", fileURLToPath(config), ...files.keys()],
  ]);
  if (status === 0) return [];
  const errors = /^(?:error: )?((?:TS\d+|error: SyntaxError).*)\n[^]*?at (file:\S+?):(\d+):\d+/gm;
  const mistakes = [...stderr.matchAll(errors)].flatMap(([, message = "", file = "", line]) => {
    const block = files.get(file);
    return block ? [toMistake(block, Number(line), message)] : [];
  });
  const unparsed = /error: SyntaxError[^]*?at (file:\S+?):\d+/.exec(stderr)?.[1] ?? "";
  if (files.has(unparsed)) {
    // Deno checks no block if one cannot be parsed.
    return [...mistakes, ...checkWithDeno(blocks.filter((block) => block !== files.get(unparsed)))];
  }
  return mistakes.length > 0 ? mistakes : [toMistake(blocks[0], 1, stderr.trim())];
}

function checkWithTypeScript(blocks: readonly PlacedBlock[]): Mistake[] {
  if (blocks.length === 0) return [];
  const names = blocks.map((block, index) => {
    writeFileSync(new URL(`worker/${index}.ts`, FOLDER), toModule(block));
    return `${index}.ts`;
  });
  const config = new URL("worker/tsconfig.json", FOLDER);
  const settings = {
    extends: "../../../tsconfig.worker.json",
    files: ["../../../workers_types.d.ts", ...names],
    compilerOptions: { types: ["../../../tools/node_modules/@cloudflare/workers-types"] },
  };
  writeFileSync(config, JSON.stringify(settings));
  const tsc = fileURLToPath(new URL("tools/node_modules/typescript/bin/tsc", ROOT));
  const { status, stdout } = run(process.execPath, [
    ...["run", "--quiet", "--allow-all", tsc, "--project", fileURLToPath(config)],
    ...["--pretty", "false"],
  ]);
  if (status === 0) return [];
  const mistakes = [...stdout.matchAll(/(\d+)\.ts\((\d+),\d+\): error (.*)/g)]
    .map(([, index, line, message = ""]) =>
      toMistake(blocks[Number(index)], Number(line), message)
    );
  return mistakes.length > 0 ? mistakes : [toMistake(blocks[0], 1, stdout.trim())];
}

/**
 * Imports of the package become those of the sources. Relative imports begin at the page, or at the file that a comment in the first
 * line names. Types of other packages are those of this repository.
 */
function toModule({ path, text }: PlacedBlock): string {
  const [, base = path] = /^\/\/ (src\/[\w/.-]+)\n/.exec(text) ?? [];
  const code = text.replaceAll(/from "(crossdock(?:\/\w+)?|\.[^"]*)"/g, (whole, name) => {
    const source = name.startsWith(".") ? new URL(name, new URL(base, ROOT)) : EXPORTS[name];
    return source ? `from "${fileURLToPath(new URL(source, ROOT))}"` : whole;
  });
  return /^(?:import|export) /m.test(code) ? code : `${code}\nexport {};\n`;
}

function toMistake(block: PlacedBlock | undefined, line: number, message: string): Mistake {
  return {
    path: block?.path ?? "docs",
    line: (block?.line ?? 1) + line - 1,
    message: message.replaceAll(/\s+/g, " "),
  };
}

/** Checks workflows of GitHub if actionlint is installed. @returns undefined without it */
export function checkWorkflow(block: PlacedBlock): Mistake[] | undefined {
  const own = fileURLToPath(new URL(".cache/bin/actionlint", ROOT));
  for (const program of ["actionlint", own]) {
    const { status, stdout, error } = run(program, ["-no-color", "-oneline", "-"], block.text);
    if (error) continue;
    if (status === 0) return [];
    return [...stdout.matchAll(/^[^:]*:(\d+):\d+: (.*)$/gm)].map(([, line, message = ""]) => ({
      path: block.path,
      line: block.line + Number(line) - 1,
      message,
    }));
  }
  return undefined;
}

function run(
  program: string,
  args: readonly string[],
  input = "",
): { status: number | null; stdout: string; stderr: string; error?: Error | undefined } {
  return spawnSync(program, args, {
    input,
    encoding: "utf8",
    cwd: fileURLToPath(ROOT),
    env: { ...process.env, NO_COLOR: "1" },
  });
}
