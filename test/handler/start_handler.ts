import process from "node:process";
import type { Handler, HandlerHost, StartHandler } from "./handler.ts";
import { bun } from "./hosts/bun.ts";
import { denoRun } from "./hosts/deno_run.ts";
import { denoServe } from "./hosts/deno_serve.ts";
import { node } from "./hosts/node.ts";
import { startProcess } from "./hosts/start_process.ts";

/** How each host is started; a new one has its file in hosts/ and its line here. */
const STARTERS: Readonly<Record<HandlerHost, StartHandler>> = {
  deno: (variables) => startProcess(denoServe, variables),
  "deno-run": (variables) => startProcess(denoRun, variables),
  node: (variables) => startProcess(node, variables),
  bun: (variables) => startProcess(bun, variables),
};

/**
 * Starts the handler on the host that `CROSSDOCK_TEST_HOST` names: `deno` (`deno serve`, the default), `deno-run` (`deno task
 * serve`), `node` or `bun`.
 */
export async function startHandler(
  variables: Readonly<Record<string, string>>,
): Promise<Handler> {
  return await STARTERS[testHost()](variables);
}

/** The host that is under test. */
export function testHost(): HandlerHost {
  const name = process.env["CROSSDOCK_TEST_HOST"] ?? "deno";
  if (Object.hasOwn(STARTERS, name)) return name as HandlerHost;
  throw new TypeError(
    `CROSSDOCK_TEST_HOST is ${name}, not one of ${Object.keys(STARTERS).join(", ")}`,
  );
}
