/** Servers and checks that the tests of every host share. */
import assert from "node:assert/strict";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createNetServer } from "node:net";
import type { AddressInfo } from "node:net";
import { certificate } from "./certificate.ts";
import { serve } from "../support/serve.ts";
import type { Server } from "../support/serve.ts";
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

/** The Content-Length of a request. Fails if the body is sent in chunks. */
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

/** Hashes of the text `abc`. */
export const HASHES_OF_ABC = [
  ["sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "sha512",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  ],
] as const;

/** Redirects to `/elsewhere`, and counts requests. */
export async function serveRedirect(): Promise<Server & { requests: () => number }> {
  let count = 0;
  const server = await serve(() => {
    count++;
    return new Response(null, { status: 307, headers: { location: "/elsewhere" } });
  });
  return Object.assign(server, { requests: () => count });
}

/** Responds with 418, the header `x-b: 2`, and `method|x-a|accept-encoding|body` of the request. */
export function serveEcho(): Promise<Server> {
  return serve(async (request) => {
    const { method, headers } = request;
    const seen = [method, headers.get("x-a"), headers.get("accept-encoding"), await request.text()];
    return new Response(seen.join("|"), { status: 418, headers: { "x-b": "2" } });
  });
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
