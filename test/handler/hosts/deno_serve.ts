import { tmpdir } from "node:os";
import type { HandlerProgram } from "./start_process.ts";

/** `deno serve` with the fetch entry. It may use the files of tests. */
export const denoServe: HandlerProgram = {
  host: "deno",
  command: [
    "deno",
    "serve",
    "--no-prompt",
    "--allow-net",
    "--allow-env",
    `--allow-read=${tmpdir()}`,
    `--allow-write=${tmpdir()}`,
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "src/entries/fetch.ts",
  ],
  listening: /"message":"listening".*"port":(\d+)/,
};
