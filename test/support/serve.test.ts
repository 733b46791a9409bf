import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { rawGet } from "./raw_request.ts";
import { ConnectionCut, serve } from "./serve.ts";
import type { Server } from "./serve.ts";
import { standstill } from "./standstill.ts";
import { until } from "./until.ts";

const MIB = 1024 * 1024;

test("serve() hands method, URL, headers and body to the handler", async () => {
  await using server = await serve(async (request) => {
    const { pathname, search } = new URL(request.url);
    const seen = [request.method, pathname + search, request.headers.get("x-one")];
    return new Response([...seen, await request.text()].join(" "), { status: 202 });
  });
  const response = await fetch(`${server.url}/a/b?c=d`, {
    method: "PUT",
    headers: { "x-one": "1" },
    body: "hello",
  });
  assert.equal(response.status, 202);
  assert.equal(await response.text(), "PUT /a/b?c=d 1 hello");
});

test("serve() keeps the Content-Length of an answer to HEAD", async () => {
  await using server = await serve(() =>
    new Response(null, { headers: { "content-length": "1234" } })
  );
  const response = await fetch(server.url, { method: "HEAD" });
  assert.equal(response.headers.get("content-length"), "1234");
});

test("serve() does not read ahead of a handler that does not read", async () => {
  await using server = await serve((request) => untilAborted(request.signal));
  const sent = await sendUntilStuck(server, 100 * MIB);
  assert.ok(sent < 32 * MIB, `${sent} bytes were taken`);
});

test("serve() answers before the body's end, and the connection stays usable", async () => {
  await using server = await serve(async (request) => {
    if (request.method !== "PUT") return new Response("ok");
    const reader = request.body?.getReader();
    await reader?.read();
    return new Response("too large", { status: 413 });
  });
  const first = await fetch(server.url, { method: "PUT", body: new Uint8Array(8 * MIB) });
  assert.equal(first.status, 413);
  await first.text();
  assert.equal(await (await fetch(server.url)).text(), "ok");
});

test("serve() aborts the signal and cancels the body when the client disconnects", async () => {
  const seen: string[] = [];
  await using server = await serve((request) => {
    request.signal.addEventListener("abort", () => seen.push("aborted"));
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: () => void seen.push("cancelled"),
      }),
    );
  });
  const client = new AbortController();
  const response = await fetch(server.url, { signal: client.signal });
  await response.body?.getReader().read();
  client.abort();
  await until("both have happened", () => seen.length >= 2);
  assert.deepEqual(seen.sort(), ["aborted", "cancelled"]);
});

test("serve() fails the request's body when the client goes in the middle", async () => {
  const failure = Promise.withResolvers<unknown>();
  await using server = await serve(async (request) => {
    const reader = request.body?.getReader();
    await reader?.read();
    socket.destroy();
    await reader?.read().catch(failure.resolve);
    return new Response();
  });
  const socket = openSocket(server);
  socket.write("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc");
  assert.ok(await failure.promise);
});

for (const [name, headers] of [["chunked", {}], ["known", { "content-length": "1000" }]] as const) {
  test(`serve() cuts the connection after the last chunk of a failing body of ${name} length`, async () => {
    await using server = await serve(() => {
      let isFirst = true;
      const body = new ReadableStream({
        pull(controller): void {
          if (!isFirst) throw new ConnectionCut("cut");
          isFirst = false;
          controller.enqueue(new TextEncoder().encode("A".repeat(100)));
        },
      });
      return new Response(body, { headers });
    });
    const { body } = await rawGet(server.host, "/");
    assert.equal(body, name === "known" ? "A".repeat(100) : `64\r\n${"A".repeat(100)}\r\n`);
    await assert.rejects(async () => await (await fetch(server.url)).arrayBuffer());
  });
}

test("serve() hangs up without an answer on ConnectionCut", async () => {
  await using server = await serve(() => {
    throw new ConnectionCut("cut");
  });
  await assert.rejects(fetch(server.url));
});

test("serve() answers 500 that quotes an error of the handler", async () => {
  await using server = await serve(() => {
    throw new Error("a bug");
  });
  const response = await fetch(server.url);
  assert.equal(response.status, 500);
  assert.match(await response.text(), /a bug/);
});

test("Server.close() drops connections that are idle or in use", async () => {
  const entered = Promise.withResolvers<void>();
  const server = await serve((request) => {
    if (request.url.endsWith("/idle")) return new Response("ok");
    entered.resolve();
    return untilAborted(request.signal);
  });
  await (await fetch(`${server.url}/idle`)).text();
  const pending = assert.rejects(fetch(`${server.url}/hang`));
  await entered.promise;
  await server.close();
  await pending;
  await assert.rejects(fetch(`${server.url}/idle`));
});

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

function openSocket(server: Server): ReturnType<typeof connect> {
  const socket = connect(Number(server.host.split(":")[1]), "127.0.0.1");
  socket.on("error", () => {});
  return socket;
}

/** How many bytes of an upload a server takes that does not read it: what the kernel and the streams buffer. */
async function sendUntilStuck(server: Server, sizeBytes: number): Promise<number> {
  const socket = openSocket(server);
  const piece = new Uint8Array(MIB);
  let sent = 0;
  socket.write(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${sizeBytes}\r\n\r\n`);
  const sendNext = (): void => {
    if (sent >= sizeBytes) return;
    socket.write(piece, () => {
      sent += piece.length;
      sendNext();
    });
  };
  sendNext();
  await standstill(() => sent);
  socket.destroy();
  return sent;
}
