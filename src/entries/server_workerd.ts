/** The export `crossdock/server` on workerd. */
import { waitUntil } from "cloudflare:workers";
import type { Hono } from "hono";
import { createWorkerdRuntime } from "../hosts/workerd.ts";
import { embedServer } from "../server/embed_server.ts";
import type { EmbeddedServer, EmbedOptions, ServerSettings } from "../server/embed_server.ts";
import { CONCURRENCY } from "./compose_worker.ts";

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

/** As on other hosts. Each request has its own engine, and `waitUntil` keeps the Worker alive for jobs after a response. */
export function createServer(
  settings: ServerSettings = {},
  options: EmbedOptions = {},
): EmbeddedServer {
  return embedServer(settings, {
    background: waitUntil,
    // Cloudflare overwrites this header if the caller sends it.
    addressOf: (context) => context.req.header("cf-connecting-ip"),
    ...options,
  }, { runtime: createWorkerdRuntime(), separateEngines: true, concurrency: CONCURRENCY });
}

/** Creates the HTTP API alone, a hono app. See {@linkcode createServer}. */
export function createApp(settings: ServerSettings = {}, options: EmbedOptions = {}): Hono {
  return createServer(settings, options).app;
}
