/**
 * Measures the CPU time of a whole process that prints its version or its help: the bundled program of the npm package on Node, Deno
 * and Bun, the sources on Deno, and crane.
 *
 *     deno task bench:start
 *
 * Fails if a figure of the bundled program exceeds its limit.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { requireBinary } from "../test/registries/binaries.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RUNTIMES = `${ROOT}.cache/runtimes/node_modules/.bin`;
const PROGRAM = "dist/bin/crossdock.js";
const DENO = ["deno", "run", "--quiet", "--no-lock", "--no-config", "--allow-all"];

/** The lowest of several runs is the one that the machine disturbed least. */
const ROUNDS = 9;

interface Subject {
  readonly name: string;
  readonly command: readonly string[];
  readonly limitMs?: number;
}

const SUBJECTS: readonly Subject[] = [
  { name: "Node", command: [`${RUNTIMES}/node`, PROGRAM], limitMs: 120 },
  { name: "Deno", command: [...DENO, PROGRAM], limitMs: 110 },
  { name: "Bun", command: [`${RUNTIMES}/bun`, PROGRAM], limitMs: 80 },
  { name: "Deno, sources", command: ["deno", "run", "--quiet", "--allow-all", "src/cli/main.ts"] },
];

for (const { name, command, limitMs } of SUBJECTS) {
  for (const argument of ["--version", "--help"]) {
    const ms = measure([...command, argument]);
    const limit = limitMs === undefined ? "" : `  limit ${limitMs} ms`;
    print(`${name} ${argument}`, ms, limit);
    if (limitMs !== undefined && ms > limitMs) process.exitCode = 1;
  }
}
print("crane version", measure([requireBinary("crane"), "version"]));

/** The lowest CPU time of a process, user and system, in milliseconds. */
function measure(command: readonly string[]): number {
  const times = Array.from({ length: ROUNDS }, () => measureOnce(command));
  return Math.min(...times);
}

/** bash measures its child; Deno has no function for the CPU time of another process. */
function measureOnce(command: readonly string[]): number {
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null';
  const { status, stderr } = spawnSync("bash", ["-c", script, "bash", ...command], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const [, user, system] = /^([\d.]+) ([\d.]+)\s*$/m.exec(stderr) ?? [];
  if (status !== 0 || user === undefined) throw new Error(`${command.join(" ")}: ${stderr}`);
  return Math.round((Number(user) + Number(system)) * 1000);
}

function print(name: string, ms: number, rest = ""): void {
  process.stdout.write(`${name.padEnd(28)}${String(ms).padStart(5)} ms${rest}\n`);
}
