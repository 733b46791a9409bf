import process from "node:process";
import type { ProcessEnd } from "../support/guarded_process.ts";
import type { Handler, HandlerHost, StartHandler } from "./handler.ts";
import { bun } from "./hosts/bun.ts";
import { denoRun } from "./hosts/deno_run.ts";
import { denoServe } from "./hosts/deno_serve.ts";
import { node } from "./hosts/node.ts";
import { spawnHandler, startProcess } from "./hosts/start_process.ts";
import { startWorkerd } from "./hosts/workerd.ts";

/** The hosts that run as a process, each with a file in hosts/. */
const PROGRAMS = { "deno": denoServe, "deno-run": denoRun, "node": node, "bun": bun } as const;

/** The function that starts each host. workerd does not run as a process of its own. */
const STARTERS: Readonly<Record<HandlerHost, StartHandler>> = {
  deno: (variables) => startProcess(PROGRAMS.deno, variables),
  "deno-run": (variables) => startProcess(PROGRAMS["deno-run"], variables),
  node: (variables) => startProcess(PROGRAMS.node, variables),
  bun: (variables) => startProcess(PROGRAMS.bun, variables),
  workerd: startWorkerd,
};

/**
 * Starts the handler on a host. Default: the one that `CROSSDOCK_TEST_HOST` names: `deno` (`deno serve`, the default), `deno-run`
 * (`deno task serve`), `node`, `bun` or `workerd`.
 */
export async function startHandler(
  variables: Readonly<Record<string, string>>,
  host = testHost(),
): Promise<Handler> {
  return await STARTERS[host](variables);
}

/** Runs a handler that is expected to end without a signal. */
export async function runHandlerToItsEnd(
  variables: Readonly<Record<string, string>>,
): Promise<{ end: ProcessEnd; stdout: string; stderr: string }> {
  const host = testHost();
  if (host === "workerd") throw new TypeError("workerd does not end by itself");
  const child = spawnHandler(PROGRAMS[host], variables);
  const timer = setTimeout(() => child.send("SIGKILL"), 30_000);
  const end = await child.ended;
  clearTimeout(timer);
  return { end, stdout: child.stdout, stderr: child.stderr };
}

/** The host that is under test. */
export function testHost(): HandlerHost {
  const name = process.env["CROSSDOCK_TEST_HOST"] ?? "deno";
  if (Object.hasOwn(STARTERS, name)) return name as HandlerHost;
  throw new TypeError(
    `CROSSDOCK_TEST_HOST is ${name}, not one of ${Object.keys(STARTERS).join(", ")}`,
  );
}
