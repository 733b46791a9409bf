/** An HTTP proxy on loopback: CONNECT for TLS, and the absolute form for plain HTTP. */
import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface ProxyServer extends AsyncDisposable {
  /** `http://user:p%40ss@127.0.0.1:PORT`. */
  readonly url: string;
  readonly host: string;
  /** The method and target of each request. */
  readonly requests: string[];
  /** The bytes from clients: bodies, and all of a tunnel. */
  readonly bytes: number;
}

export interface ProxyServerOptions {
  /** A status to send instead of connecting, such as `407 Proxy Authentication Required`. */
  readonly refusal?: string;
}

const CREDENTIALS = `Basic ${btoa("user:p@ss")}`;

/** Starts a proxy that finds every name on loopback. It answers 407 without its user and password. */
export async function startProxy({ refusal }: ProxyServerOptions = {}): Promise<ProxyServer> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  let bytes = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const count = (data: Uint8Array): void => void (bytes += data.byteLength);
  /** Records a request. Returns the status of a refusal. */
  const receive = ({ method, url, headers }: IncomingMessage): string | undefined => {
    requests.push(`${method} ${url}`);
    if (refusal) return refusal;
    const isKnown = headers["proxy-authorization"] === CREDENTIALS;
    return isKnown ? undefined : "407 Proxy Authentication Required";
  };
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const status = receive(incoming);
    if (status) {
      outgoing.writeHead(parseInt(status)).end();
      return;
    }
    const { port, pathname, search } = new URL(incoming.url ?? "");
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    const upstream = httpRequest(
      { host: "127.0.0.1", port, path: pathname + search, method: incoming.method, headers },
      (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      },
    );
    upstream.on("error", () => outgoing.destroy());
    incoming.on("data", count);
    incoming.pipe(upstream);
  };
  const server = createServer(forward);
  server.on("connection", keep);
  server.on("connect", (incoming: IncomingMessage, client: Socket, head: Uint8Array) => {
    keep(client);
    const status = receive(incoming);
    if (status) {
      client.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const { port } = new URL(`http://${incoming.url}`);
    const upstream = connect(Number(port), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      client.on("data", count);
      client.pipe(upstream).pipe(client);
    });
    keep(upstream);
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://user:p%40ss@${host}`,
    host,
    requests,
    get bytes(): number {
      return bytes;
    },
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
