import process from "node:process";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { requireBinary } from "../test/registries/binaries.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

/** Time and memory of a finished process. */
export interface ProcessCost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Largest resident set, MiB. */
  readonly peakMiB: number;
}

/** Runs the CLI on the current runtime and measures it until it exits. */
export function runCrossdock(args: readonly string[]): Promise<ProcessCost> {
  const isDeno = "Deno" in globalThis;
  return runProcess(process.execPath, [
    ...(isDeno ? ["run", "--allow-all", "--no-prompt"] : []),
    MAIN,
    ...args,
  ]);
}

export interface RunOptions {
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: an hour. */
  readonly timeoutMs?: number;
}

/**
 * Runs a program until it exits, with all its children. The kernel measures it.
 *
 * @throws {Error} with the end of its stderr, if its exit code is not 0 or it takes too long
 */
export async function runProcess(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ProcessCost> {
  const { timeoutMs = 3_600_000 } = options;
  const command = ["measure", `-timeout=${timeoutMs}ms`, program, ...args];
  const child = spawn(requireBinary("instruments"), command, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text) => stderr = (stderr + text).slice(-2000));
  await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  const { exitCode, ...cost } = JSON.parse(stdout || '{"exitCode":-1}');
  if (exitCode === 0) return cost;
  const end = exitCode === -1
    ? `was ended by a signal, after ${timeoutMs / 1000} s at most`
    : `exited with ${exitCode}`;
  throw new Error(`${program} ${end}: ${stderr}`);
}

/**
 * Reads the memory and CPU time of a running process.
 *
 * @throws an error of the file system if the process has exited
 */
export function readUsage(pid: number): Omit<ProcessCost, "seconds"> {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, , user, system] = readStat(pid);
  return {
    peakMiB: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
    cpuSeconds: (Number(user) + Number(system)) / 100,
  };
}

/** Finds the child process with this name. */
export function findChild(name: string): number {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = pids.find((pid) => {
    try {
      const [command, parent] = readStat(pid);
      return command === name && Number(parent) === process.pid;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`find ${name}: no child process with this name`);
  return found;
}

/** Reads command, parent, user ticks and system ticks: fields 2, 4, 14 and 15 of proc_pid_stat(5). */
function readStat(pid: number): (string | undefined)[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [, command, rest = ""] = /^\d+ \((.*)\) (.*)/s.exec(stat) ?? [];
  const fields = rest.split(" ");
  return [command, fields[1], fields[11], fields[12]];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
