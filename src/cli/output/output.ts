/** Writes results to stdout, and everything else to stderr. */
import { CrossdockError } from "../../errors.ts";
import type { CliEnvironment, TextStream } from "../environment.ts";
import { toPrintable } from "./format.ts";

/** The reader of stdout has closed it, as in `crossdock tags … | head`. */
export class ClosedOutputError extends Error {
  override readonly name = "ClosedOutputError";
}

/** Shows the cursor and wraps lines again, as progress bars do when they are stopped. */
export const RESTORE_TERMINAL = "\x1b[?25h\x1b[?7h";

/** Writes lines of a result. Waits until they are written, to notice a reader that has closed stdout. */
export async function writeLines(
  { stdout }: CliEnvironment,
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return;
  await write(stdout, lines.map((line) => `${toPrintable(line)}\n`).join(""));
}

/** Writes a result as one JSON document. */
export async function writeJson({ stdout }: CliEnvironment, value: unknown): Promise<void> {
  await write(stdout, `${escapeControls(JSON.stringify(value, null, 2))}\n`);
}

/** Writes text to stdout as it is: the help. */
export async function writeText({ stdout }: CliEnvironment, text: string): Promise<void> {
  if (text !== "") await write(stdout, text);
}

/** Writes content of a registry to stdout unchanged. */
export async function writeBytes({ stdout }: CliEnvironment, bytes: Uint8Array): Promise<void> {
  await write(stdout, bytes);
}

/** Writes a line to stderr. */
export function writeStderr({ stderr }: CliEnvironment, line: string): void {
  stderr.write(`${toPrintable(line)}\n`);
}

function write(stream: TextStream, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => error ? reject(toWriteError(error)) : resolve());
  });
}

function toWriteError(cause: Error): Error {
  if ("code" in cause && cause.code === "EPIPE") {
    return new ClosedOutputError("stdout is closed", { cause });
  }
  const reason = "code" in cause && cause.code === "ENOSPC"
    ? "no space left on the device"
    : cause.message;
  return new CrossdockError("usage", `write to stdout: ${reason}`, {
    hint: "the result is incomplete; check where stdout is redirected to",
  });
}

/** Escapes DEL and the C1 controls, which JSON does not: terminals read some of them as commands. */
function escapeControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
