import { ParseError } from "../errors.ts";
import type { CliEnvironment } from "./environment.ts";

const STDIN = 0;

/**
 * Reads a text that a command is about; `-` is stdin.
 *
 * @throws ParseError if it cannot be read
 */
export async function readInputFile(
  path: string,
  environment: CliEnvironment,
  { hint }: { readonly hint?: string } = {},
): Promise<string> {
  try {
    return path === "-"
      ? await environment.readDescriptor(STDIN)
      : await environment.readTextFile(path);
  } catch (cause) {
    const { name, code } = cause as { name?: string; code?: string };
    if (name === "NotCapable") throw cause;
    const isMissing = code === "ENOENT";
    const fault = isMissing
      ? "there is no such file"
      : `it cannot be read${code === undefined ? "" : ` (${code})`}`;
    throw new ParseError(`${path === "-" ? "stdin" : path}: ${fault}`, {
      cause,
      ...(isMissing && hint !== undefined ? { hint } : {}),
    });
  }
}
