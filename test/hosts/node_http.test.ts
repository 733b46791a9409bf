import { test } from "node:test";
import assert from "node:assert/strict";
import { NetworkError } from "../../src/errors.ts";
import { sendOverNodeHttp } from "../../src/hosts/node_http.ts";
import { serve } from "../support/serve.ts";
import { standstill } from "../support/standstill.ts";
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
  await assert.rejects(within(30_000, "the body", response.text()), NetworkError);
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
