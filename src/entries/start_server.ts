/** The server on Deno, Node and Bun: listens with `node:http` on `HOST` and `PORT`. */
import { serve } from "@hono/node-server";
import type { HttpBindings } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { createLongRunningServer, failToListen } from "./long_running.ts";

/**
 * Time for the headers, and for the whole request. A response may take as long as its copy. Deno and Node check every
 * `connectionsCheckingInterval`.
 */
const CONNECTION_LIMITS = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 5000,
};

/**
 * Starts the server. A signal ends the process, and so does a configuration that is not valid or an address that is in use.
 */
export async function startServer(): Promise<void> {
  const { app, config, log, stop } = await createLongRunningServer(
    (context) => getConnInfo(context).remote.address,
  );
  const { hostname, port, graceMs } = config;
  const server = serve({
    fetch(request, bindings): Response | Promise<Response> {
      const { outgoing } = bindings as HttpBindings;
      stop.track(new Promise((resolve) => outgoing.once("close", resolve)));
      return app.fetch(request, bindings);
    },
    hostname,
    port,
    serverOptions: CONNECTION_LIMITS,
  }, (address) => log("info", "listening", { address: address.address, port: address.port }));
  server.on("error", (error) => failToListen(`${hostname}:${port}`, error));
  stop.onSignals({ graceMs, log, closeListener: () => server.close() });
}
