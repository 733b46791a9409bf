import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** A server program that runs until it is stopped. */
export interface ServerProcess {
  readonly pid: number;
  /** The port that it says it listens on. */
  readonly port: number;
  stop(): Promise<void>;
}

/** What {@linkcode startServerProcess} has to know of a program. */
export interface ServerProgram {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  /** Matches the line of its log that names the port; group 1 is the port. */
  readonly listening: RegExp;
  /** Where its stdout and stderr go. */
  readonly logFile: string;
}

/**
 * Becomes the program, so that the child's pid is the program's. Beside it waits a guard that kills it
 * when our end of the pipe closes without a word: whichever way this process dies, the program goes too.
 */
const script = `
log=$1
shift
exec 3<&0
( trap '' INT TERM HUP; read -r _ <&3 || kill -KILL $$ ) >/dev/null 2>&1 &
exec "$@" </dev/null >"$log" 2>&1 3<&-
`;

const startTimeoutMs = 20_000;
const pollMs = 10;
const tailLines = 15;

/**
 * Starts a program that takes port 0 and logs the port it got, which no other test can take in between.
 *
 * @throws {Error} with the tail of its log, if it exits or does not listen within 20 s.
 */
export async function startServerProcess(program: ServerProgram): Promise<ServerProcess> {
  const args = ["-c", script, "sh", program.logFile, program.path, ...program.args];
  const child = spawn("/bin/sh", args, { env: program.env, stdio: ["pipe", "ignore", "ignore"] });
  let ended: string | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => resolve(void (ended = `exited with ${code ?? signal}`)));
    child.once("error", (error) => resolve(void (ended = `did not start: ${error.message}`)));
  });
  child.stdin.on("error", () => {}); // the guard may be gone already

  async function stop(): Promise<void> {
    if (ended === undefined) {
      child.stdin.end("stopped\n");
      child.kill("SIGKILL");
      await exited;
    }
    child.stdin.destroy();
  }

  const deadline = Date.now() + startTimeoutMs;
  while (true) {
    const isOver = ended !== undefined || Date.now() > deadline;
    const log = await readFile(program.logFile, "utf8").catch(() => "");
    const port = program.listening.exec(log)?.[1];
    if (port !== undefined && ended === undefined) {
      return { pid: child.pid ?? 0, port: Number(port), stop };
    }
    if (isOver) {
      await stop();
      const tail = log.trimEnd().split("\n").slice(-tailLines).join("\n");
      const why = ended ?? `does not listen after ${startTimeoutMs / 1000} s`;
      throw new Error(`${program.path} ${why}, the end of its log:\n${tail}`);
    }
    await delay(pollMs);
  }
}
