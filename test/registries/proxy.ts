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
  /** The delay of each request in milliseconds. Default: 0. */
  readonly latencyMs?: number;
  /** Whether `requests` records requests. Default: true. */
  readonly record?: boolean;
}

/** A request with a response of the registry. */
export interface ProxiedRequest {
  readonly method: string;
  /** The path with its query. */
  readonly path: string;
  readonly status: number;
}

/** A proxy in front of a registry. */
export interface Proxy extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** In the order of the responses. */
  readonly requests: readonly ProxiedRequest[];
  stop(): Promise<void>;
}

/**
 * Starts an HTTP/1.1 proxy in front of the registry at `targetHost`. It passes on the client's Host header. Distribution
 * makes the Location of an upload from it, so the upload comes through the proxy too.
 */
export async function startProxy(targetHost: string, options: ProxyOptions = {}): Promise<Proxy> {
  const { latencyMs = 0, record = true } = options;
  const requests: ProxiedRequest[] = [];
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    void delay(latencyMs).then(() => forward(incoming, outgoing));
  });
  // A connection that closes while the client reuses it would look like an error of the registry.
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
    // Not `pipeline()`: the registry may respond before it has read the whole body.
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

/** https://www.rfc-editor.org/rfc/rfc9110.html#section-7.6.1, except Transfer-Encoding, which stays chunked. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
]);

/** The headers to pass on, with repeated headers unchanged. */
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
