/** The server for hosts that listen by themselves: `deno serve` (at its own `--host` and `--port`) and `bun run`. */
import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "hono";
import { createLongRunningServer } from "./long_running.ts";

/** What Deno tells of a connection. */
interface DenoInfo {
  /** Resolves when the answer has been handed over, a little before it has left. */
  readonly completed: Promise<void>;
}

/** Bun's server, which comes with every request. */
interface BunServer {
  /** Lets no new connection in. Resolves when all answers have left. */
  stop(): Promise<void>;
}

/** What Deno may still be writing when it says that an answer is complete: it is lost if the process ends first. */
const LEAVE_MS = 100;

// Either one needs its own host to be loaded.
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
    if ("completed" in host) stop.track(host.completed.then(() => delay(LEAVE_MS)));
    else bun = host;
    return app.fetch(request, host);
  },
  // Deno's.
  onListen({ hostname, port }: { hostname: string; port: number }): void {
    log("info", "listening", { address: hostname, port });
  },
  // Bun's. A copy may be silent for longer than the ten seconds that it would wait.
  hostname: config.hostname,
  port: config.port,
  idleTimeout: 0,
  development: false,
};
