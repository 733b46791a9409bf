import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { StopSignal } from "../../src/cli/output/exit_codes.ts";
import type { Run } from "../cli/fake_cli.ts";
import { hostVariables } from "./environment.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const TIMEOUT_MS = 60_000;

export interface RunOptions {
  /** Variables in addition to those of {@linkcode hostVariables} and an empty HOME. */
  env?: Record<string, string>;
  /** The text on stdin. */
  input?: string;
  /** A file for stdout. Default: it is part of the result. */
  stdoutPath?: string;
  /** A file for stderr. Default: it is part of the result. */
  stderrPath?: string;
}

export interface RunningCrossdock {
  readonly exit: Promise<Run>;
  send(signal: StopSignal): void;
  closeStdoutAfterFirstChunk(): void;
}

/** Runs the program to its end, on the runtime of the test. */
export function runCrossdock(...args: [RunOptions, ...string[]] | string[]): Promise<Run> {
  const [first, ...rest] = args;
  return typeof first === "object"
    ? startCrossdock(first, ...rest as string[]).exit
    : startCrossdock({}, ...args as string[]).exit;
}

export function startCrossdock(options: RunOptions, ...argv: string[]): RunningCrossdock {
  const env = { ...hostVariables(), HOME: "/nonexistent", NO_COLOR: "1", ...options.env };
  const child = spawn(process.execPath, [...runtimeArguments(), ...argv], {
    cwd: ROOT,
    env,
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    stdio: ["pipe", openFile(options.stdoutPath), openFile(options.stderrPath)],
  });
  const said = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text) => said.stdout += text);
  child.stderr?.setEncoding("utf8").on("data", (text) => said.stderr += text);
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  const exit = new Promise<Run>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ exitCode: code ?? -1, ...said }));
  });
  return {
    exit,
    // After `child.kill` Deno reports the signal instead of the exit code.
    send: (signal) => void process.kill(child.pid ?? 0, signal),
    closeStdoutAfterFirstChunk: () =>
      void child.stdout?.once("data", () => child.stdout?.destroy()),
  };
}

function openFile(path: string | undefined): number | "pipe" {
  return path === undefined ? "pipe" : openSync(path, "w");
}

/** On Deno these are the arguments of `deno task crossdock`, so that tests find missing permissions. */
function runtimeArguments(): string[] {
  if (!("Deno" in globalThis)) return [MAIN];
  const script = readFileSync(`${ROOT}build/crossdock.sh`, "utf8");
  const helpers = [...script.matchAll(/^helpers\+?=(.*)$/gm)].map(([, names]) => names).join("");
  const [, command = ""] = /^exec deno ([^]*?) "\$root/m.exec(script) ?? [];
  const words = command.replaceAll("\\\n", "").replaceAll('"', "").split(/ +/);
  return [...words.map((word) => word.replace("$helpers", helpers)), MAIN];
}
