/** What the tests of every host share. */
import assert from "node:assert/strict";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createNetServer } from "node:net";
import type { AddressInfo } from "node:net";
import { certificate } from "./certificate.ts";
import { byteAt } from "./one_buffer_reader.ts";

export const CREATED =
  "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 0\r\nLocation: /x\r\n\r\n";

export function assertBytes(pieces: Uint8Array[], sizeBytes: number): void {
  let offset = 0;
  for (const piece of pieces) {
    for (const byte of piece) {
      if (byte !== byteAt(offset)) assert.fail(`byte ${offset} is ${byte}, not ${byteAt(offset)}`);
      offset++;
    }
  }
  assert.equal(offset, sizeBytes);
}

/** What a request's head says of its body's length; none is sent in chunks. */
export function contentLengthOf(head: string): string | undefined {
  assert.doesNotMatch(head, /transfer-encoding/);
  return /^content-length: (\d+)$/m.exec(head)?.[1];
}

export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export async function serveTls(): Promise<AsyncDisposable & { url: URL }> {
  const server = createHttpsServer(certificate, (_request, response) => response.end("over tls"));
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/v2/?secret=1`),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export async function freePort(): Promise<number> {
  const server = createNetServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
