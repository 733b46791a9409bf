#!/usr/bin/env node
/** The program `crossdock`: runs the command line in this process. */
import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { createRuntime } from "../hosts/detect.ts";
import { detectHost } from "../hosts/detect_host.ts";
import { rejectOldNode } from "../hosts/old_node.ts";
import type { CliEnvironment, Prompt, TextStream } from "./environment.ts";
import type { StopSignal } from "./output/exit_codes.ts";
import { runCli } from "./program.ts";

const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM"];

rejectOldNode();

// V8 lets the heap for new objects grow to 16 MiB and more while chunks pass through it, and frees their memory, which is outside that
// heap, only when it is full. With 1 MiB a copy on Node takes half the memory and less CPU time. Elsewhere the flag has no effect.
if (detectHost(globalThis) === "node") {
  process.getBuiltinModule?.("node:v8").setFlagsFromString("--semi-space-growth-factor=1");
}

const environment: CliEnvironment = {
  env: process.env,
  stdout: withoutThrows(process.stdout),
  stderr: withoutThrows(process.stderr),
  readTextFile: (path) => readFile(path, "utf8"),
  listFolder: (path) => readdir(path),
  readTextFileSync: (path) => readFileSync(path, "utf8"),
  writeTextFile: (path, text, { replaces }) =>
    writeFile(path, text, { flag: replaces ? "w" : "wx" }),
  async openPrompt(): Promise<Prompt | undefined> {
    if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
    return (await import("./init/terminal_prompt.ts")).openTerminalPrompt();
  },
  readDescriptor,
  onSignal(listener): () => void {
    for (const name of STOP_SIGNALS) process.on(name, listener);
    return () => STOP_SIGNALS.forEach((name) => process.off(name, listener));
  },
  exit: (code) => process.exit(code),
  now: () => Date.now(),
  every(intervalMs, call): () => void {
    const timer = setInterval(call, intervalMs);
    return () => clearInterval(timer);
  },
  createRuntime,
  // Loaded on use: --help and --version need none of these modules.
  createEngine: async (options) =>
    (await import("../sync/sync_engine.ts")).createSyncEngine(options),
  createRemoteEngine: async (options) =>
    (await import("../client/remote_engine.ts")).createRemoteEngine(options),
  openLayouts: async (options) => (await import("../layouts/mod.ts")).openLayouts(options),
  openState: async (name) => (await import("../hosts/open_state.ts")).openState(name),
  createRuleRunner: async (options) =>
    (await import("../sync/local_rules.ts")).createLocalRunner(options),
  async serve(): Promise<never> {
    await (await import("../entries/start_server.ts")).startServer();
    return await new Promise<never>(() => {});
  },
};

// Exit explicitly, because idle connections would keep the process running.
process.exit(await runCli(process.argv.slice(2), environment));

/**
 * The callback of a write receives its error: a broken pipe, or a full disk. As an event it would end the process. Deno throws the
 * error of a write to a file.
 */
function withoutThrows(stream: NodeJS.WriteStream): TextStream {
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const done = rest.find((value) => typeof value === "function");
    try {
      return write(chunk, done as (error?: Error | null) => void);
    } catch (error) {
      done?.(error);
      return true;
    }
  };
  return stream.on("error", () => {});
}

async function readDescriptor(fd: number): Promise<string> {
  // Deno can open descriptors above 2 only by their path.
  if (fd !== 0) return await readFile(`/dev/fd/${fd}`, "utf8");
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += chunk;
  return text;
}
