import type { Handler } from "./handler.ts";

export type LogLine = Readonly<Record<string, unknown>>;

/** The log of a handler so far. Other output on stdout is skipped. */
export function logLines({ stdout }: Pick<Handler, "stdout">): LogLine[] {
  const lines = stdout.split("\n");
  return lines.filter((line) => /^\{.*\}$/.test(line)).map((line) => JSON.parse(line));
}
