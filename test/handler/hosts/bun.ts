import type { HandlerProgram } from "./start_process.ts";

/** Bun of test/run_hosts.sh. Bun itself listens for the fetch entry. */
export const bun: HandlerProgram = {
  host: "bun",
  command: [".cache/runtimes/node_modules/.bin/bun", "run", "src/entries/fetch.ts"],
  listening: /Started (?:development )?server: http:\/\/[^\s/]*:(\d+)/,
};
