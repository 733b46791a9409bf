import { readFileSync } from "node:fs";
import { ROOT } from "./start_process.ts";
import type { HandlerProgram } from "./start_process.ts";

const { tasks } = JSON.parse(readFileSync(`${ROOT}deno.json`, "utf8"));

/** The command of `deno task serve`, so that tests find missing permissions. */
export const denoRun: HandlerProgram = {
  host: "deno-run",
  command: String(tasks.serve).replace(/^.* && /, "").split(" "),
  listening: /"message":"listening".*"port":(\d+)/,
};
