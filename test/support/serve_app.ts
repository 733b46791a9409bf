/** Starts the server in this process. */
import { parseConfig } from "../../src/config/parse_config.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { composeServer } from "../../src/server/compose.ts";
import type { HostOptions } from "../../src/server/compose.ts";
import { serve } from "./serve.ts";
import type { Server } from "./serve.ts";

/** A server that listens, with its log. */
export interface ServedApp extends Server {
  readonly log: readonly string[];
}

export async function serveApp(
  variables: Readonly<Record<string, string>>,
  host: Partial<HostOptions> = {},
): Promise<ServedApp> {
  const log: string[] = [];
  const { app } = composeServer(parseConfig(variables), {
    variables,
    runtime: await createRuntime(),
    write: (line) => log.push(line),
    ...host,
  });
  return Object.assign(await serve((request) => app.fetch(request)), { log });
}
