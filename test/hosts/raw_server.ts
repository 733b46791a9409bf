/** A TCP server that sees each byte of one request per connection. It can respond before the end of the body, or never. */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** The bytes of one connection so far. */
export interface RawConnection {
  readonly socket: Socket;
  /** Request line and headers, in lower case. */
  head: string;
  body: Uint8Array<ArrayBuffer>[];
  bodyBytes: number;
  /** Resolves when the client has closed the connection. */
  readonly closed: Promise<void>;
}

export interface RawServer extends AsyncDisposable {
  readonly url: URL;
  readonly connections: RawConnection[];
}

/** Calls `onData` after the headers and after each chunk of the body. */
export async function serveRaw(onData: (connection: RawConnection) => void): Promise<RawServer> {
  const connections: RawConnection[] = [];
  const server = createServer((socket) => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const connection: RawConnection = { socket, head: "", body: [], bodyBytes: 0, closed };
    connections.push(connection);
    let isInBody = false;
    let text = "";
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve());
    socket.on("data", (data: Uint8Array<ArrayBuffer>) => {
      let piece = new Uint8Array(data);
      if (!isInBody) {
        const before = text.length;
        text += new TextDecoder("latin1").decode(piece);
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) return;
        isInBody = true;
        connection.head = text.slice(0, end).toLowerCase();
        piece = piece.slice(end + 4 - before);
      }
      connection.body.push(piece);
      connection.bodyBytes += piece.byteLength;
      onData(connection);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/a/blobs?digest=x`),
    connections,
    [Symbol.asyncDispose]: () => {
      for (const { socket } of connections) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
