import { setTimeout as delay } from "node:timers/promises";
import { spawnGuarded } from "../support/guarded_process.ts";
import type { ProcessEnd } from "../support/guarded_process.ts";

/** A server program that runs until it is stopped. */
export interface ServerProcess {
  readonly pid: number;
  /** The port from its log. */
  readonly port: number;
  stop(): Promise<void>;
}

/** A program for {@linkcode startServerProcess}. */
export interface ServerProgram {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  /** Matches the log line with the port. Group 1 is the port. */
  readonly listening: RegExp;
}

const startTimeoutMs = 20_000;
const pollMs = 10;
const tailLines = 15;

/**
 * Starts a program that listens on port 0 and logs the port, so that no other test can take the port before.
 *
 * @throws {Error} with the tail of its log, if it exits or does not listen within 20 s.
 */
export async function startServerProcess(program: ServerProgram): Promise<ServerProcess> {
  const child = spawnGuarded([program.path, ...program.args], { env: program.env });
  let ended: ProcessEnd | undefined;
  void child.ended.then((end) => ended = end);
  const deadline = Date.now() + startTimeoutMs;
  while (true) {
    const log = child.stdout + child.stderr;
    const port = program.listening.exec(log)?.[1];
    if (port !== undefined && ended === undefined) {
      return { pid: child.pid, port: Number(port), stop: child.kill };
    }
    if (ended !== undefined || Date.now() > deadline) {
      await child.kill();
      const tail = log.trimEnd().split("\n").slice(-tailLines).join("\n");
      const why = ended === undefined
        ? `does not listen after ${startTimeoutMs / 1000} s`
        : `exited with ${ended}`;
      throw new Error(`${program.path} ${why}, the end of its log:\n${tail}`);
    }
    await delay(pollMs);
  }
}
