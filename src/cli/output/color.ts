/** Colours of messages, results and help, where the output has colours. */
import { styleText } from "node:util";
import type { CliEnvironment, TextStream } from "../environment.ts";

/** A colour or another style, or several. */
export type Format = Parameters<typeof styleText>[0];

/**
 * Whether to write colours to a stream: by NO_COLOR (https://no-color.org), FORCE_COLOR and CLICOLOR_FORCE, and otherwise only to a
 * terminal that is not `dumb`.
 */
export function hasColors(stream: TextStream, env: CliEnvironment["env"]): boolean {
  if (getVariable(env, "NO_COLOR")) return false;
  const forced = getVariable(env, "FORCE_COLOR");
  if (forced === "0" || forced === "false") return false;
  const cliForced = getVariable(env, "CLICOLOR_FORCE");
  if (forced || cliForced && cliForced !== "0") return true;
  return isSmartTerminal(stream, env) && getVariable(env, "CLICOLOR") !== "0";
}

/** Whether a stream is a terminal that can move its cursor. */
export function isSmartTerminal({ isTTY }: TextStream, env: CliEnvironment["env"]): boolean {
  return isTTY === true && getVariable(env, "TERM") !== "dumb";
}

/** Deno may have no permission to read a variable, which then counts as not set. */
export function getVariable(env: CliEnvironment["env"], name: string): string | undefined {
  try {
    return env[name];
  } catch {
    return undefined;
  }
}

/** Adds colours without a check: only for text whose stream {@linkcode hasColors}. */
export function paint(format: Format, text: string): string {
  // Otherwise the function would look at the process's stdout, whatever the stream is.
  return text === "" ? text : styleText(format, text, { validateStream: false });
}
