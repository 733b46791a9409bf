import type { CliEnvironment } from "../environment.ts";
import { escapeControls } from "./output.ts";

/** Writes an event as one line of JSON to stderr, in the shape of the events that a server streams. */
export function writeEvent({ stderr }: CliEnvironment, event: unknown): void {
  stderr.write(`${escapeControls(JSON.stringify(event))}\n`);
}
