/** Serves a fetch handler on a loopback port with `node:http`, which Deno, Node and Bun have. */

import { createServer } from "node:http";
import type { IncomingMessage, Server as NodeServer, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Handles one request. Throws {@linkcode ConnectionCut} to cut the connection without a response. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** A server that listens on a port. */
export interface Server extends AsyncDisposable {
  /** `127.0.0.1:41234` */
  readonly host: string;
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  /** Stops at once and closes all connections. */
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Default: any free port. */
  port?: number;
  /** Default: `127.0.0.1`. */
  hostname?: string;
}

/** Thrown by a handler, or by a response body, to cut the connection on purpose. */
export class ConnectionCut extends Error {
  override readonly name = "ConnectionCut";
}

/**
 * Listens and calls the handler for each request. Bodies stream in both directions with backpressure.
 *
 * When the client disconnects, `request.signal` is aborted and the response body is cancelled. When a response body fails,
 * the connection is cut after its last chunk. An error of the handler is sent as a 500 with its message.
 */
export async function serve(handler: Handler, options: ServeOptions = {}): Promise<Server> {
  const hostname = options.hostname ?? "127.0.0.1";
  const server = createServer((incoming, outgoing) => {
    void answer(handler, incoming, outgoing);
  });
  // An upload may take longer than Node's limit of five minutes per request.
  server.requestTimeout = 0;
  const port = await listen(server, options.port ?? 0, hostname);
  const host = `${hostname}:${port}`;
  const close = (): Promise<void> => stop(server);
  return { host, url: `http://${host}`, close, [Symbol.asyncDispose]: close };
}

function listen(server: NodeServer, port: number, hostname: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => resolve((server.address() as AddressInfo).port));
  });
}

function stop(server: NodeServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) gone.abort(new ConnectionCut("the client went away"));
  });
  // Without a listener a broken connection would end the process. "close" is enough to detect it.
  outgoing.on("error", () => {});
  // Bun's fetch repeats a request when a reused connection breaks, and tests count requests.
  if ("Bun" in globalThis) outgoing.shouldKeepAlive = false;
  try {
    const request = toRequest(incoming, gone.signal);
    let response: Response;
    try {
      response = await handler(request);
    } catch (error) {
      if (error instanceof ConnectionCut || gone.signal.aborted) throw error;
      response = new Response(`handler failed: ${error}\n`, { status: 500 });
    }
    await send(response, outgoing, incoming.method === "HEAD", gone.signal);
    discardRest(incoming);
  } catch {
    cut(outgoing);
  }
}

function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? ""]) headers.append(name, one);
  }
  const method = incoming.method ?? "GET";
  const url = `http://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`;
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers, signal });
  const body = toStream(incoming);
  // The types of the web library do not have `duplex`, which all hosts require for a stream.
  return new Request(url, { method, headers, body, signal, duplex: "half" } as RequestInit);
}

function toStream(incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  let done = false;
  return new ReadableStream({
    start(controller): void {
      incoming.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
        if (done) return;
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.on("end", () => {
        if (!done) controller.close();
        done = true;
      });
      const fail = (): void => {
        if (!done) controller.error(new ConnectionCut("the client went away"));
        done = true;
      };
      incoming.on("error", fail);
      incoming.on("close", fail);
      incoming.pause();
    },
    pull(): void {
      incoming.resume();
    },
    cancel(): void {
      done = true;
    },
  }, { highWaterMark: 1 });
}

/** Reads the rest of the body, which would block the next request on this connection. */
function discardRest(incoming: IncomingMessage): void {
  incoming.removeAllListeners("data");
  incoming.resume();
}

async function send(
  response: Response,
  outgoing: ServerResponse,
  isHead: boolean,
  gone: AbortSignal,
): Promise<void> {
  outgoing.writeHead(response.status, [...response.headers.entries()].flat());
  if (response.body === null || isHead) {
    await response.body?.cancel();
    outgoing.end();
    return;
  }
  const reader = response.body.getReader();
  const onGone = (): void => void reader.cancel(gone.reason).catch(() => {});
  gone.addEventListener("abort", onGone, { once: true });
  if (gone.aborted) onGone();
  outgoing.flushHeaders();
  for (;;) {
    const { done, value } = await reader.read();
    if (gone.aborted) return;
    if (done) break;
    if (!outgoing.write(value)) await drained(outgoing);
  }
  outgoing.end();
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      outgoing.off("drain", settle);
      outgoing.off("close", settle);
      resolve();
    };
    outgoing.on("drain", settle);
    outgoing.on("close", settle);
  });
}

/** Cuts the connection after all bytes that were written before, so that tests can count them. */
function cut(outgoing: ServerResponse): void {
  const socket = outgoing.socket;
  if (outgoing.headersSent && socket !== null && "destroySoon" in socket) socket.destroySoon();
  else outgoing.destroy();
}
