#!/usr/bin/env node
/** The program `crossdock`: joins the command line to the process it runs in. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { createRemoteEngine } from "../client/remote_engine.ts";
import { createRuntime } from "../hosts/detect.ts";
import { createSyncEngine } from "../sync/sync_engine.ts";
import { createLocalRunner } from "../sync/local_rules.ts";
import type { CliEnvironment, TextStream } from "./environment.ts";
import type { StopSignal } from "./output/exit_codes.ts";
import { runCli } from "./program.ts";

const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM"];

const environment: CliEnvironment = {
  env: process.env,
  stdout: withoutErrorEvents(process.stdout),
  stderr: withoutErrorEvents(process.stderr),
  readTextFile: (path) => readFile(path, "utf8"),
  readTextFileSync: (path) => readFileSync(path, "utf8"),
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
  createEngine: createSyncEngine,
  createRemoteEngine,
  createRuleRunner: createLocalRunner,
};

// Connections that are kept for the next request must not keep the process.
process.exit(await runCli(process.argv.slice(2), environment));

/** A pipe whose reader is gone is told to whoever writes; as an event it would end the process. */
function withoutErrorEvents(stream: TextStream): TextStream {
  return stream.on("error", () => {});
}

async function readDescriptor(fd: number): Promise<string> {
  // Deno knows descriptors above 2 by their path alone.
  if (fd !== 0) return await readFile(`/dev/fd/${fd}`, "utf8");
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += chunk;
  return text;
}
