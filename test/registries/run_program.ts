import process from "node:process";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder that is deleted when it is disposed of. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

export async function createTempFolder(name: string): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), `crossdock-${name}-`));
  return {
    path,
    [Symbol.asyncDispose]: (): Promise<void> => rm(path, { recursive: true, force: true }),
  };
}

/** More than the size of any manifest or listing in the tests. */
const maxOutputBytes = 16 * 1024 * 1024;

/** Longer than any copy in the tests, so that a program that hangs fails its test. */
const timeoutMs = 120_000;

/**
 * Runs a program to its end and returns the bytes of its stdout. It gets only the given environment
 * and the PATH.
 *
 * @throws {Error} with its stderr, if its exit code is not 0.
 */
export function runProgram(
  path: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Uint8Array> {
  const options = {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    encoding: "buffer",
    maxBuffer: maxOutputBytes,
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  } as const;
  return new Promise((resolve, reject) => {
    execFile(path, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = new TextDecoder().decode(stderr).trim();
      const status = error.code ?? error.signal ?? "unknown";
      reject(new Error(`${path} ${args[0]} ended with ${status}: ${said}`, { cause: error }));
    });
  });
}
