/** Secrets that a flag only points to: in a variable, or behind a file descriptor. */
import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";

/** A secret, and how messages call the place it came from. */
export interface Secret {
  readonly text: string;
  readonly from: string;
}

/** @throws ParseError if the name is none, or the variable is not set or empty */
export function readSecretVariable(
  option: string,
  name: string,
  { env }: CliEnvironment,
): Secret {
  // Any other text is most likely the secret itself: it is not repeated.
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new ParseError(`${option}: want the name of an environment variable`);
  }
  const from = `${option} ${name}`;
  const text = env[name];
  if (!text) throw new ParseError(`${from}: the variable is not set`);
  return { text, from };
}

/**
 * Reads to the end, and leaves out a line break there.
 *
 * @throws ParseError if it cannot be read
 */
export async function readSecretDescriptor(
  option: string,
  fd: number,
  environment: CliEnvironment,
): Promise<Secret> {
  const from = `${option} ${fd}`;
  try {
    return { text: (await environment.readDescriptor(fd)).replace(/\r?\n$/, ""), from };
  } catch (cause) {
    throw new ParseError(`${from}: the file descriptor cannot be read`, { cause });
  }
}
