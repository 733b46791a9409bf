/** Reads secrets from the variable or the file descriptor that a flag names. */
import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";

/** A secret, and the flag that names its place, for messages. */
export interface Secret {
  readonly text: string;
  readonly from: string;
}

/** @throws ParseError if the name is invalid, or the variable is not set or empty */
export function readSecretVariable(
  option: string,
  name: string,
  { env }: CliEnvironment,
): Secret {
  // An invalid name is probably the secret itself, so the message does not quote it.
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new ParseError(`${option}: expected the name of an environment variable`);
  }
  const from = `${option} ${name}`;
  const text = env[name];
  if (!text) {
    throw new ParseError(`${from}: the variable is not set or empty`, {
      hint: `set it in the environment of crossdock: export ${name}=…`,
    });
  }
  return { text, from };
}

/**
 * Reads a descriptor to its end, without the last line break.
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
