import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";

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
    const from = path === "-" ? "stdin" : path;
    if (code === "ENOENT") {
      throw new ParseError(`${from}: there is no such file`, hint === undefined ? {} : { hint });
    }
    const reason = code === undefined ? "" : ` (${code})`;
    throw new ParseError(`${from}: it cannot be read${reason}`, { cause });
  }
}
