import process from "node:process";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

/** What a finished process cost. */
export interface ProcessCost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Largest resident set, MiB. */
  readonly peakMiB: number;
}

/** Runs the CLI under this very runtime and watches it until it ends. Needs Linux for memory and CPU time. */
export function runCrossdock(args: readonly string[]): Promise<ProcessCost> {
  const isDeno = "Deno" in globalThis;
  return runProcess(process.execPath, [
    ...(isDeno ? ["run", "--allow-all", "--no-prompt"] : []),
    MAIN,
    ...args,
  ]);
}

/** Runs a program to its end; one that fails is an error with what it said. */
export function runProcess(program: string, args: readonly string[]): Promise<ProcessCost> {
  const startedAt = performance.now();
  const child = spawn(program, [...args], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => stderr += chunk);
  let peakMiB = 0;
  let cpuSeconds = 0;
  const poll = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakMiB = Math.max(peakMiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ??
        [];
      cpuSeconds = Math.max(cpuSeconds, (Number(fields[11]) + Number(fields[12])) / 100);
    } catch {
      // It has just ended.
    }
  }, 20);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(poll);
      const seconds = (performance.now() - startedAt) / 1000;
      if (code === 0) resolve({ seconds, cpuSeconds, peakMiB });
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code}: ${stderr}`));
    });
  });
}

/** The middle of several figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Shows a figure. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
