import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";

const STDIN = 0;

/**
 * Reads a file that a command is about; `-` is stdin.
 *
 * @param hint what to do if there is no such file
 * @throws ParseError if it cannot be read
 */
export async function readInputFile(
  path: string,
  { readDescriptor, readTextFile }: CliEnvironment,
  hint?: string,
): Promise<string> {
  const read = path === "-" ? readDescriptor(STDIN) : readTextFile(path);
  return await explainFailure(read, toFileLabel(path), hint);
}

/**
 * Reads a file that an option names.
 *
 * @throws ParseError if it cannot be read
 */
export async function readOptionFile(
  path: string,
  option: string,
  { readTextFile }: CliEnvironment,
): Promise<string> {
  return await explainFailure(readTextFile(path), `${option} ${path}`);
}

/** What messages call a file. */
export function toFileLabel(path: string): string {
  return path === "-" ? "stdin" : path;
}

async function explainFailure(
  reading: Promise<string>,
  label: string,
  hint?: string,
): Promise<string> {
  try {
    return await reading;
  } catch (cause) {
    const { name, code } = cause as { name?: string; code?: string };
    // The program explains a missing permission of Deno for all commands alike.
    if (name === "NotCapable") throw cause;
    if (code === "ENOENT") {
      throw new ParseError(`${label}: file not found`, hint === undefined ? {} : { hint });
    }
    throw new ParseError(`${label}: cannot be read${code === undefined ? "" : ` (${code})`}`, {
      cause,
    });
  }
}
