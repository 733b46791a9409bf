import { spawn } from "node:child_process";
import process from "node:process";

/** The exit code of a process, or the signal that ended it. */
export type ProcessEnd = number | string;

/** A running program. It is killed when this process ends. */
export interface GuardedProcess {
  readonly pid: number;
  /** The output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when the program has ended and all its output is read. */
  readonly ended: Promise<ProcessEnd>;
  send(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): void;
  /** Kills the program if it still runs. */
  kill(): Promise<void>;
}

/**
 * The shell replaces itself by the program (`exec`), so the child's pid is the program's pid. A guard process reads from a
 * pipe to us. When the pipe closes without a message, the guard kills the program: it ends whenever this process ends.
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
  // The guard may have ended before.
  child.stdin.on("error", () => {});
  let hasEnded = false;
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once("error", reject);
    // Tells the guard that the program has ended.
    child.once("exit", () => {
      hasEnded = true;
      child.stdin.end("ended\n");
    });
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
  // Not `child.kill`: on Deno the end of the process would then always be this signal.
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
