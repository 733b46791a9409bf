import type { HandlerProgram } from "./start_process.ts";

/** Node of test/run_hosts.sh with the listening entry. */
export const node: HandlerProgram = {
  host: "node",
  command: [".cache/runtimes/node_modules/.bin/node", "src/entries/serve.ts"],
  listening: /"message":"listening".*"port":(\d+)/,
};
