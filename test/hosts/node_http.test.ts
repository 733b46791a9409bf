import { test } from "node:test";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { NetworkError } from "../../src/errors.ts";
import { sendOverNodeHttp, uploadOverNodeHttp } from "../../src/hosts/node_http.ts";
import type { UploadRequest } from "../../src/runtime.ts";
import { serve } from "../support/serve.ts";
import { standstill } from "../support/standstill.ts";
import { OneBufferReader } from "./one_buffer_reader.ts";
import { serveRaw } from "./raw_server.ts";
import { within } from "./support.ts";
import { countedSignal, get } from "./requests.ts";

const MIB = 1024 * 1024;

test("sendOverNodeHttp() gives no body with HEAD, 204 and 304", async () => {
  await using server = await serve((request) =>
    request.method === "HEAD"
      ? new Response(null, { headers: { "content-length": "123" } })
      : new Response(null, { status: Number(new URL(request.url).pathname.slice(1)) })
  );
  const head = await sendOverNodeHttp({ ...get(server.url), method: "HEAD" });
  assert.equal(head.body, null);
  assert.equal(head.headers.get("content-length"), "123");
  for (const status of [204, 304]) {
    const response = await sendOverNodeHttp(get(`${server.url}/${status}`));
    assert.equal(response.status, status);
    assert.equal(response.body, null);
  }
});

test("sendOverNodeHttp() fails a body that breaks off, and removes its listener from the signal", async () => {
  await using server = await serveRaw(({ socket }) => {
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  const { signal, count } = countedSignal();
  const response = await sendOverNodeHttp({ ...get(server.url), signal });
  // The reader of the body makes a NetworkError of it, which names what was read.
  await assert.rejects(
    within(30_000, "the body", response.text()),
    (error) => error instanceof Error && !(error instanceof NetworkError),
  );
  assert.equal(count(), 0);
});

test("sendOverNodeHttp() fails a body with the signal's reason", async () => {
  await using server = await serveRaw(({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  const { signal, abort } = countedSignal();
  const response = await sendOverNodeHttp({ ...get(server.url), signal });
  const reason = new Error("enough");
  const text = response.text();
  abort(reason);
  await assert.rejects(within(30_000, "the body", text), (error) => error === reason);
  await within(30_000, "the connection's end", server.connections[0]!.closed);
});

test("sendOverNodeHttp() closes the connection of a cancelled body, and does not read it far ahead", async () => {
  const chunk = new Uint8Array(64 * 1024);
  let given = 0;
  const cancelled = Promise.withResolvers<void>();
  await using server = await serve(() =>
    new Response(
      new ReadableStream({
        pull(controller): void {
          given += chunk.byteLength;
          controller.enqueue(chunk);
        },
        cancel: () => cancelled.resolve(),
      }),
    )
  );
  const response = await sendOverNodeHttp(get(server.url));
  const reader = response.body!.getReader();
  await reader.read();
  const taken = await standstill(() => given);
  assert.ok(taken < 24 * MIB, `${taken} bytes were taken from the server`);
  await reader.cancel();
  await within(30_000, "the end of the server's body", cancelled.promise);
});

/** A server that keeps connections open, answers the first request, and treats the others as `then` says. */
async function serveOnceThen(
  then: (incoming: IncomingMessage) => void,
): Promise<AsyncDisposable & { url: URL; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    incoming.on("error", () => {});
    requests.push(`${incoming.method} from port ${incoming.socket.remotePort}`);
    if (requests.length > 1) return then(incoming);
    incoming.resume().on("end", () => outgoing.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`);
  return {
    url,
    requests,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Sends one upload that succeeds, and waits until its connection can be used again. */
async function warmUp(url: URL): Promise<void> {
  const response = await uploadOverNodeHttp(put(url));
  await response.text();
  await standstill(() => 1);
}

function put(url: URL): UploadRequest {
  const headers = new Headers();
  return { method: "PUT", url, headers, body: new OneBufferReader(MIB / 2), sizeBytes: MIB / 2 };
}

test("uploadOverNodeHttp() sends no upload twice if the server closes a reused connection", async () => {
  await using server = await serveOnceThen((incoming) => {
    incoming.once("data", () => incoming.socket.destroy());
  });
  await warmUp(server.url);
  await assert.rejects(
    within(30_000, "the upload", uploadOverNodeHttp(put(server.url))),
    (error) => error instanceof NetworkError && error.failure === "reset",
  );
  await standstill(() => server.requests.length);
  assert.equal(server.requests.length, 2, server.requests.join());
  assert.equal(server.requests[0], server.requests[1], "the second upload reused the connection");
});
