/** Fronts of a registry: one that ends TLS, and one that closes idle connections. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { certificate } from "../hosts/certificate.ts";

export interface Front extends AsyncDisposable {
  readonly port: number;
}

/** Ends TLS with the tests' certificate, for `127.0.0.1` and `localhost`, and passes the bytes on as plain HTTP. */
export function startTlsFront(registry: { readonly host: string }): Promise<Front> {
  const sockets = new Set<Socket>();
  const server = createTlsServer(certificate, (socket) => join(socket, registry.host, sockets));
  server.on("tlsClientError", () => {});
  return listen(server, sockets);
}

/** When the front closes a connection without a word. */
export type Closing = "after an answer" | "at the next request";

/** Closings at the next request. Each one costs a request, and clients retry a few times only. */
const MAX_CLOSINGS = 3;

/** How long the registry sends nothing when its answer is complete. */
const IDLE_MS = 5;

/** Closes kept connections without `Connection: close`. */
export function startForgetfulFront(
  registry: { readonly host: string },
  closing: Closing,
): Promise<Front> {
  const sockets = new Set<Socket>();
  let closings = 0;
  const server = createServer((socket) => {
    const upstream = connectTo(registry.host);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hasAnswered = false;
    upstream.on("data", (data) => {
      hasAnswered = true;
      socket.write(data);
      clearTimeout(timer);
      if (closing === "after an answer") timer = setTimeout(() => socket.end(), IDLE_MS);
    });
    socket.on("data", (data) => {
      clearTimeout(timer);
      if (closing === "at the next request" && hasAnswered && closings++ < MAX_CLOSINGS) {
        socket.destroy();
      } else upstream.write(data);
    });
    tie(socket, upstream, sockets);
  });
  return listen(server, sockets);
}

function join(socket: Socket, host: string, sockets: Set<Socket>): void {
  const upstream = connectTo(host);
  tie(socket, upstream, sockets);
  socket.pipe(upstream).pipe(socket);
}

function connectTo(host: string): Socket {
  return connect(Number(host.split(":")[1]), "127.0.0.1");
}

/** Closes each of two connections when the other one is closed. */
function tie(socket: Socket, upstream: Socket, sockets: Set<Socket>): void {
  for (const [one, other] of [[socket, upstream], [upstream, socket]] as const) {
    sockets.add(one);
    one.on("error", () => {});
    one.on("close", () => {
      sockets.delete(one);
      other.destroy();
    });
  }
}

async function listen(server: Server, sockets: ReadonlySet<Socket>): Promise<Front> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
