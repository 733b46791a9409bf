/** Server entry for `deno serve` (with its `--host` and `--port`) and `bun run`, which listen themselves. */
import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "hono";
import { createLongRunningServer } from "./long_running.ts";

/** Deno's information about a request. */
interface DenoInfo {
  /** Resolves when Deno has the whole response, shortly before it is sent. */
  readonly completed: Promise<void>;
}

/** Bun's server, which Bun passes with every request. */
interface BunServer {
  /** Closes the listener. Resolves when all responses are sent. */
  stop(): Promise<void>;
}

/** Time for Deno to send the rest of a completed response. It is lost if the process exits first. */
const FLUSH_MS = 100;

// Each module loads only on its own host.
const { getConnInfo } = "Bun" in globalThis ? await import("hono/bun") : await import("hono/deno");

const { app, config, log, stop } = await createLongRunningServer(
  (context: Context) => getConnInfo(context).remote.address,
);
let bun: BunServer | undefined;
stop.onSignals({
  graceMs: config.graceMs,
  log,
  closeListener: () => bun && stop.track(bun.stop()),
});

export default {
  fetch(request: Request, host: DenoInfo | BunServer): Response | Promise<Response> {
    if ("completed" in host) stop.track(host.completed.then(() => delay(FLUSH_MS)));
    else bun = host;
    return app.fetch(request, host);
  },
  // For Deno.
  onListen({ hostname, port }: { hostname: string; port: number }): void {
    log("info", "listening", { address: hostname, port });
  },
  // For Bun. Its default idle timeout of 10 seconds would close connections of running copies.
  hostname: config.hostname,
  port: config.port,
  idleTimeout: 0,
  development: false,
};
