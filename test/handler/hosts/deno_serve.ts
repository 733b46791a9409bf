import type { HandlerProgram } from "./start_process.ts";

/** `deno serve` of the fetch entry. */
export const denoServe: HandlerProgram = {
  host: "deno",
  command: [
    "deno",
    "serve",
    "--no-prompt",
    "--allow-net",
    "--allow-env",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "src/entries/fetch.ts",
  ],
  listening: /"message":"listening".*"port":(\d+)/,
};
