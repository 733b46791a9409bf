/** The Worker that checks images against the admission policy: wrangler.admission.toml. It needs modules of Node. */
import { env, waitUntil, WorkerEntrypoint } from "cloudflare:workers";
import { readAdmission } from "../config/read_admission.ts";
import { parseConfig } from "../config/parse_config.ts";
import type { Environment } from "../config/server_config.ts";
import { ParseError } from "../errors.ts";
import { createWorkerdRuntime } from "../hosts/workerd.ts";
import { createBrokenApp } from "../server/app.ts";
import { composeServer } from "../server/compose.ts";
import { openServerAdmission } from "./open_server_admission.ts";

/** The text of a bundled `crossdock.yaml`, set by wrangler's `define`. */
declare const CROSSDOCK_BUNDLED_CONFIG: string | undefined;

interface WebHandler {
  fetch(request: Request): Response | Promise<Response>;
}

let app: WebHandler | undefined;

/** No route leads here: the Worker answers only its binding. */
export default {
  fetch: (): Response => new Response("not found\n", { status: 404 }),
};

/** The server with the same configuration, without token checks. Only a service binding of the same account can call it. */
export class SignatureCheck extends WorkerEntrypoint {
  fetch(request: Request): Response | Promise<Response> {
    return (app ??= openApp()).fetch(request);
  }
}

function openApp(): WebHandler {
  const bundled = typeof CROSSDOCK_BUNDLED_CONFIG === "string"
    ? { CROSSDOCK_CONFIG: CROSSDOCK_BUNDLED_CONFIG }
    : {};
  const variables = { ...bundled, ...env } as Environment;
  const runtime = createWorkerdRuntime();
  try {
    const config = parseConfig(variables, { now: runtime.now(), readAdmission });
    return composeServer(config, {
      runtime,
      variables,
      // deno-lint-ignore no-console
      write: (line) => console.log(line),
      separateEngines: true,
      background: waitUntil,
      openAdmission: openServerAdmission(runtime),
    }).createOpenApp();
  } catch (error) {
    if (error instanceof ParseError) return createBrokenApp(error);
    throw error;
  }
}
