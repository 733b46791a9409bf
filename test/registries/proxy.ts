import {
  Agent,
  createServer,
  type IncomingMessage,
  request as requestHttp,
  type ServerResponse,
} from "node:http";
import { pipeline } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { closeServer, listenOnLoopback } from "./loopback_server.ts";

export interface ProxyOptions {
  /** How long each request waits before it is passed on. Default: 0. */
  readonly latencyMs?: number;
  /** Whether `requests` is filled. Default: yes. */
  readonly record?: boolean;
}

/** A request that the registry answered. */
export interface ProxiedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
}

/** Stands before a registry until it is disposed of. */
export interface Proxy extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** In the order of the registry's answers. */
  readonly requests: readonly ProxiedRequest[];
  stop(): Promise<void>;
}

/**
 * Starts an HTTP/1.1 proxy before the registry at `targetHost`. The client's Host header goes through, of
 * which distribution makes the Location of an upload, so that the upload comes back through the proxy.
 */
export async function startProxy(targetHost: string, options: ProxyOptions = {}): Promise<Proxy> {
  const { latencyMs = 0, record = true } = options;
  const requests: ProxiedRequest[] = [];
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    void delay(latencyMs).then(() => forward(incoming, outgoing));
  });
  // A connection that closes just as its client uses it again would look like a fault of the registry.
  server.keepAliveTimeout = 60_000;
  server.requestTimeout = 0;

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (outgoing.destroyed) return;
    const { method = "GET", url: path = "/" } = incoming;
    const [hostname, port] = targetHost.split(":");
    const headers = endToEndHeaders(incoming.rawHeaders);
    const upstream = requestHttp({ hostname, port, method, path, headers, agent });

    outgoing.on("close", () => {
      if (!outgoing.writableFinished) upstream.destroy();
    });
    upstream.on("response", (answer) => {
      const status = answer.statusCode ?? 0;
      if (record) requests.push({ method, path, status });
      outgoing.writeHead(status, endToEndHeaders(answer.rawHeaders));
      pipeline(answer, outgoing, () => {}); // a cut on one side has cut the other
    });
    upstream.on("error", (error) => {
      if (outgoing.headersSent) return;
      outgoing.writeHead(502, { "content-type": "text/plain" }).end(`proxy: ${error.message}\n`);
    });
    // Not a pipeline: a registry that answers before it has read all must be heard.
    incoming.pipe(upstream);
    incoming.on("close", () => {
      if (!incoming.complete) upstream.destroy();
    });
  }

  const host = await listenOnLoopback(server);
  const stop = async (): Promise<void> => {
    await closeServer(server);
    agent.destroy();
  };
  return { host, requests, stop, [Symbol.asyncDispose]: stop };
}

/** https://www.rfc-editor.org/rfc/rfc9110.html#section-7.6.1, but for Transfer-Encoding, which stays chunked. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
]);

/** What goes on to the other side, repeated headers as they came. */
function endToEndHeaders(rawHeaders: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const value = rawHeaders[i + 1]!;
    if (hopByHop.has(name)) continue;
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}
