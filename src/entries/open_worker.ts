import { env, waitUntil } from "cloudflare:workers";
import { composeWorker } from "./compose_worker.ts";
import type { ComposedWorker } from "./compose_worker.ts";

/** The text of a bundled `crossdock.yaml`, set by wrangler's `define`. For a text that is too long for a variable. */
declare const CROSSDOCK_BUNDLED_CONFIG: string | undefined;

let worker: ComposedWorker | undefined;

/**
 * Opens the server of this isolate. Composes it at the first call, so that the import of `crossdock/worker` reads no environment. Each
 * request opens its own engine.
 */
export async function openWorker(): Promise<ComposedWorker> {
  const bundled = typeof CROSSDOCK_BUNDLED_CONFIG === "string"
    ? { CROSSDOCK_CONFIG: CROSSDOCK_BUNDLED_CONFIG }
    : {};
  if (worker) return worker;
  const composed = await composeWorker({ ...bundled, ...env }, waitUntil);
  // The first of two concurrent requests wins. They share no promise: on Workers a request must not wait for another one.
  return worker ??= composed;
}
