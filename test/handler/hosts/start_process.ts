import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { hostVariables } from "../../support/environment.ts";
import { spawnGuarded } from "../../support/guarded_process.ts";
import type { GuardedProcess } from "../../support/guarded_process.ts";
import type { Handler, HandlerHost } from "../handler.ts";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The command that starts a host on a free loopback port. */
export interface HandlerProgram {
  readonly host: HandlerHost;
  /** The command, run in the folder of the repository. */
  readonly command: readonly string[];
  /** Matches the output of a host that listens. Group 1 is the port. */
  readonly listening: RegExp;
}

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 10;

/** Starts the program and does not wait for it to listen. */
export function spawnHandler(
  { command }: HandlerProgram,
  variables: Readonly<Record<string, string>>,
): GuardedProcess {
  const { HOME = "" } = process.env;
  const host = { HOME, NO_COLOR: "1", HOST: "127.0.0.1", PORT: "0" };
  const env = { ...hostVariables(), ...host, ...variables };
  return spawnGuarded(command, { env, cwd: ROOT });
}

/**
 * Starts the program and waits until it listens.
 *
 * @throws Error with its output if it ends, or does not listen within 30 s
 */
export async function startProcess(
  program: HandlerProgram,
  variables: Readonly<Record<string, string>>,
): Promise<Handler> {
  const child = spawnHandler(program, variables);
  let end: unknown;
  void child.ended.then((code) => end = code, (error) => end = error);
  for (let waitedMs = 0;; waitedMs += POLL_MS) {
    const port = program.listening.exec(`${child.stdout}\n${child.stderr}`)?.[1];
    if (port !== undefined && end === undefined) return toHandler(program.host, port, child);
    if (end !== undefined || waitedMs > START_TIMEOUT_MS) {
      await child.kill();
      const why = end === undefined ? "does not listen" : `ended with ${end}`;
      throw new Error(`${program.command.join(" ")} ${why}:\n${child.stdout}${child.stderr}`);
    }
    await delay(POLL_MS);
  }
}

function toHandler(host: HandlerHost, port: string, child: GuardedProcess): Handler {
  return {
    host,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    get stdout(): string {
      return child.stdout;
    },
    get stderr(): string {
      return child.stderr;
    },
    ended: child.ended,
    send: (signal) => child.send(signal),
    close: () => child.kill(),
    [Symbol.asyncDispose]: () => child.kill(),
  };
}
