/**
 * The server as a part of another program, on Deno, Node and Bun.
 *
 * ```ts
 * import { createApp } from "crossdock/server";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.route("/mirror", createApp({ tokens: [{ name: "ci", token: "…", scope: "copy" }] }));
 * ```
 *
 * @module
 */
import type { Hono } from "hono";
import { createBunRuntime } from "../hosts/bun.ts";
import { createDenoRuntime } from "../hosts/deno.ts";
import { createNodeRuntime } from "../hosts/node.ts";
import { MemoryHistory } from "../history/memory_history.ts";
import type { Runtime } from "../runtime.ts";
import { embedServer } from "../server/embed_server.ts";
import type { EmbeddedServer, EmbedOptions, ServerSettings } from "../server/embed_server.ts";
import { readAdmission } from "../config/read_admission.ts";
import { localPage } from "./local_page.ts";
import { openServerAdmission } from "./open_server_admission.ts";
import { resolveHost } from "./resolve_host.ts";

export { fromEnv } from "../server/embed_server.ts";
export type { AccessScope, AccessToken } from "../config/access_tokens.ts";
export type { ApiConfig } from "../config/server_config.ts";
export type { DurableCopies, DurableCopy } from "../durable/durable_copies.ts";
export type { LogLevel } from "../log.ts";
export type { StateStore } from "../state_store.ts";
export type { PageFiles } from "../server/app_options.ts";
export type {
  EmbeddedServer,
  EmbedOptions,
  FromEnvOptions,
  ServerSettings,
} from "../server/embed_server.ts";

/**
 * Creates a server: its HTTP API, and a function that runs rules by their schedules. Importing and creating it reads no environment,
 * and starts no timer.
 *
 * @throws TypeError for a setting of the wrong type
 * @throws ParseError for a setting with a wrong value
 */
export function createServer(
  settings: ServerSettings = {},
  options: EmbedOptions = {},
): EmbeddedServer {
  const runtime = createHostRuntime();
  return embedServer(settings, options, {
    runtime,
    resolveHost,
    history: new MemoryHistory(),
    readAdmission,
    openAdmission: openServerAdmission(options.runtime ?? runtime, options.readFile),
    pageFiles: localPage,
  });
}

/** Creates the HTTP API alone, a hono app. See {@linkcode createServer}. */
export function createApp(settings: ServerSettings = {}, options: EmbedOptions = {}): Hono {
  return createServer(settings, options).app;
}

function createHostRuntime(): Runtime {
  if ("Deno" in globalThis) return createDenoRuntime();
  return "Bun" in globalThis ? createBunRuntime() : createNodeRuntime();
}
