/** The server for hosts that listen by themselves: `deno serve` and `bun run`. */
import process from "node:process";
import { createRuntime } from "../hosts/detect.ts";
import { composeServer } from "../server/compose.ts";

const { app } = composeServer(process.env, {
  runtime: await createRuntime(),
  write: (line) => void process.stdout.write(`${line}\n`),
});

export default { fetch: app.fetch, idleTimeout: 0 };
