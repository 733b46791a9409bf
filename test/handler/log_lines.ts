import type { Handler } from "./handler.ts";

export type LogLine = Readonly<Record<string, unknown>>;

/** The lines of a handler's log so far; whatever else it wrote to stdout is left out. */
export function logLines({ stdout }: Pick<Handler, "stdout">): LogLine[] {
  const lines = stdout.split("\n");
  return lines.filter((line) => /^\{.*\}$/.test(line)).map((line) => JSON.parse(line));
}
