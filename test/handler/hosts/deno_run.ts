import { readFileSync } from "node:fs";
import { ROOT } from "./start_process.ts";
import type { HandlerProgram } from "./start_process.ts";

const { tasks } = JSON.parse(readFileSync(`${ROOT}deno.json`, "utf8"));

/** `deno task serve`, by its own words: tests find out where its permissions are too narrow. */
export const denoRun: HandlerProgram = {
  host: "deno-run",
  command: String(tasks.serve).replace(/^.* && /, "").split(" "),
  listening: /"message":"listening".*"port":(\d+)/,
};
