import { spawn } from "node:child_process";
import process from "node:process";

/** How a process ended: its code, or the signal that ended it. */
export type ProcessEnd = number | string;

/** A program that runs until it ends or is stopped, and that dies with this process. */
export interface GuardedProcess {
  readonly pid: number;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when it has ended and all that it wrote is here. */
  readonly ended: Promise<ProcessEnd>;
  send(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): void;
  /** Ends it at once, if it has not ended. */
  kill(): Promise<void>;
}

/**
 * Becomes the program, so that the child's pid is the program's. Beside it waits a guard that kills it when our end of the
 * pipe closes without a word: whichever way this process dies, the program goes too.
 */
const SCRIPT = `
exec 3<&0
( trap '' INT TERM HUP; read -r _ <&3 || kill -KILL $$ ) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
`;

export function spawnGuarded(
  command: readonly string[],
  options: { env: Record<string, string>; cwd?: string },
): GuardedProcess {
  const child = spawn("/bin/sh", ["-c", SCRIPT, "sh", ...command], {
    ...options,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const pid = child.pid ?? 0;
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => said.stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text) => said.stderr += text);
  // The guard may be gone already.
  child.stdin.on("error", () => {});
  let hasEnded = false;
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once("error", reject);
    // The guard hears at once that there is nobody left to kill.
    child.once("exit", () => {
      hasEnded = true;
      child.stdin.end("ended\n");
    });
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
  // Not by `child.kill`: on Deno that would be what the process seems to have ended by.
  const send: GuardedProcess["send"] = (signal) => void process.kill(pid, signal);
  return {
    pid,
    get stdout(): string {
      return said.stdout;
    },
    get stderr(): string {
      return said.stderr;
    },
    ended,
    send,
    async kill(): Promise<void> {
      if (!hasEnded) send("SIGKILL");
      await ended;
    },
  };
}
