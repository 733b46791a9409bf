import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  request as requestHttp,
  type RequestListener,
} from "node:http";
import { pipeline, Readable, type Writable } from "node:stream";
import { test } from "node:test";
import { standstill } from "../support/standstill.ts";
import { closeServer, listenOnLoopback } from "./loopback_server.ts";
import { startProxy } from "./proxy.ts";
import { skopeoCopy, skopeoInspectDigest } from "./skopeo.ts";
import { startRealRegistry } from "./support.ts";
import { putTinyImage } from "./tiny_image.ts";
import { until } from "../support/until.ts";

const kinds = ["distribution2", "distribution3", "crane"] as const;

test("startProxy() delays every request and records it", async () => {
  const latencyMs = 60;
  await using registry = await startRealRegistry("crane");
  await using proxy = await startProxy(registry.host, { latencyMs });
  const begin = performance.now();
  const got = [];
  for (const path of ["/v2/", "/v2/app/manifests/1?x=1"]) {
    got.push((await drained(fetch(`http://${proxy.host}${path}`))).status);
  }
  const tookMs = performance.now() - begin;
  assert.deepEqual(got, [200, 404]);
  assert.ok(tookMs >= 2 * latencyMs - 2, `took ${tookMs} ms`);
  const { requests } = await proxy.takeCounts();
  assert.deepEqual(requests, [
    { method: "GET", path: "/v2/", status: 200 },
    { method: "GET", path: "/v2/app/manifests/1?x=1", status: 404 },
  ]);
});

for (const kind of kinds) {
  test(`startProxy() before ${kind}: uploads come back through it, skopeo copies through two`, async () => {
    await using registry = await startRealRegistry(kind);
    await using upload = await startProxy(registry.host);
    await using source = await startProxy(registry.host);
    await using destination = await startProxy(registry.host);
    const digest = await putTinyImage(registry, "app:1", upload.host);
    const { requests: uploads } = await upload.takeCounts();
    assert.deepEqual(
      uploads.map(({ method, status }) => `${method} ${status}`),
      ["POST 202", "PUT 201", "POST 202", "PUT 201", "PUT 201"],
    );
    await skopeoCopy(`${source.host}/app:1`, `${destination.host}/copy:1`);
    assert.equal(await skopeoInspectDigest(`${destination.host}/copy:1`), digest);
    const { requests: reads } = await source.takeCounts();
    const { requests: writes } = await destination.takeCounts();
    assert.ok(reads.every(({ method }) => method === "GET"));
    const manifestPut = { method: "PUT", path: "/v2/copy/manifests/1", status: 201 };
    assert.ok(
      writes.some((it) => JSON.stringify(it) === JSON.stringify(manifestPut)),
    );
  });
}

test("startProxy() keeps the headers of a HEAD, with its length and no body", async () => {
  await using registry = await startRealRegistry("distribution2");
  await putTinyImage(registry, "app:1");
  await using proxy = await startProxy(registry.host);
  const [direct, proxied] = await Promise.all([registry.host, proxy.host].map(async (host) => {
    const response = await fetch(`http://${host}/v2/app/manifests/1`, {
      method: "HEAD",
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    return ["content-length", "content-type", "docker-content-digest"]
      .map((name) => response.headers.get(name));
  }));
  assert.ok(Number(direct?.[0]) > 0);
  assert.deepEqual(proxied, direct);
});

/** Far more than what the sockets on the way hold, of which Linux lets each grow to a few MiB. */
const bigBytes = 128 * 1024 * 1024;
const heldBytes = 48 * 1024 * 1024;
const piece = new Uint8Array(256 * 1024);

/** Sends `bigBytes` as fast as they are taken, and gives how many were so far. */
function pour(into: Writable): () => number {
  let sentBytes = 0;
  const source = Readable.from((function* (): Generator<Uint8Array> {
    for (; sentBytes < bigBytes; sentBytes += piece.length) yield piece;
  })());
  pipeline(source, into, () => {});
  return () => sentBytes;
}

test("startProxy() takes no more of a download than its client reads", async () => {
  let sent = (): number => 0;
  await using target = await startTarget((_, response) => {
    response.writeHead(200, { "content-length": bigBytes });
    sent = pour(response);
  });
  await using proxy = await startProxy(target.host);
  const response = await open(`http://${proxy.host}/`);
  const unreadBytes = await standstill(() => sent());
  let receivedBytes = 0;
  for await (const chunk of response) receivedBytes += chunk.length;
  assert.equal(receivedBytes, bigBytes);
  assert.ok(unreadBytes > 0 && unreadBytes < heldBytes, `${unreadBytes} bytes were taken`);
});

test("startProxy() takes no more of an upload than the registry reads", async () => {
  let receivedBytes = 0;
  const reading = Promise.withResolvers<void>();
  await using target = await startTarget(async (request, response) => {
    await reading.promise;
    for await (const chunk of request) receivedBytes += chunk.length;
    response.writeHead(201).end();
  });
  await using proxy = await startProxy(target.host);
  const request = requestHttp(`http://${proxy.host}/`, {
    method: "PUT",
    agent: false,
    headers: { "content-length": bigBytes },
  });
  const answered = once(request, "response");
  const sent = pour(request);
  const unreadBytes = await standstill(sent);
  reading.resolve();
  const [response] = await answered as [IncomingMessage];
  response.resume();
  assert.equal(receivedBytes, bigBytes);
  assert.ok(unreadBytes > 0 && unreadBytes < heldBytes, `${unreadBytes} bytes were taken`);
});

for (const headers of [{ "content-length": 100 }, {}]) {
  test(`startProxy() cuts the client off where the registry did, ${JSON.stringify(headers)}`, async () => {
    const arrived = Promise.withResolvers<void>();
    await using target = await startTarget((_, response) => {
      response.writeHead(200, headers);
      response.write("the first of it");
      void arrived.promise.then(() => response.destroy());
    });
    await using proxy = await startProxy(target.host);
    const response = await open(`http://${proxy.host}/`);
    let text = "";
    await assert.rejects(async () => {
      for await (const chunk of response) {
        text += chunk;
        arrived.resolve();
      }
    });
    assert.equal(text, "the first of it");
  });
}

test("startProxy() reuses one connection to the registry, and does not change a body", async () => {
  const ports = new Set<number | undefined>();
  const text = "not to be compressed ".repeat(1000);
  await using target = await startTarget((request, response) => {
    ports.add(request.socket.remotePort);
    response.writeHead(200, { "content-type": "application/json" }).end(text);
  });
  await using proxy = await startProxy(target.host);
  for (let i = 0; i < 5; i++) {
    const response = await open(`http://${proxy.host}/`, { "accept-encoding": "gzip" });
    let received = "";
    for await (const chunk of response) received += chunk;
    assert.equal(received, text);
  }
  assert.equal(ports.size, 1);
});

for (const when of ["before", "in the middle of"] as const) {
  test(`startProxy() closes the connection to the registry when its client disconnects ${when} the response`, async () => {
    let closed = 0;
    const { promise: isAsked, resolve: ask } = Promise.withResolvers<void>();
    await using target = await startTarget((_, response) => {
      response.on("close", () => closed++);
      if (when === "before") return ask();
      response.writeHead(200, { "content-length": 100 });
      response.write("the first of it", () => ask());
    });
    await using proxy = await startProxy(target.host);
    const request = requestHttp(`http://${proxy.host}/`, { agent: false });
    request.on("error", () => {}).end();
    await isAsked;
    request.destroy();
    await until("the registry's connection is closed", () => closed > 0);
    assert.equal(closed, 1);
  });
}

test("startProxy() passes on a response before the end of the upload", async () => {
  await using target = await startTarget((_, response) => {
    response.writeHead(413, { "content-type": "text/plain" }).end("too large");
  });
  await using proxy = await startProxy(target.host);
  const request = requestHttp(`http://${proxy.host}/`, {
    method: "PUT",
    agent: false,
    headers: { "content-length": 1000 },
  });
  request.on("error", () => {});
  request.write("a part of it");
  const [response] = await once(request, "response") as [IncomingMessage];
  request.destroy();
  assert.equal(response.statusCode, 413);
});

test("startProxy() counts kinds of requests, connections and bytes, and begins again after that", async () => {
  await using registry = await startRealRegistry("distribution3");
  await using proxy = await startProxy(registry.host);
  await putTinyImage(registry, "app:1", proxy.host);
  const { kinds, connections, sentBytes, receivedBytes } = await proxy.takeCounts();
  assert.deepEqual(kinds, { "POST upload": 2, "PUT upload": 2, "PUT manifest": 1 });
  assert.ok(connections > 0 && connections <= 5, `${connections} connections`);
  assert.ok(sentBytes > 300, `${sentBytes} bytes`);
  assert.equal(receivedBytes, 0);
  const { requests, ...rest } = await proxy.takeCounts();
  assert.deepEqual(requests, []);
  assert.deepEqual(rest, { kinds: {}, connections: 0, sentBytes: 0, receivedBytes: 0 });
});

test("startProxy() with tokens rejects a request without a token for its repository and action", async () => {
  await using registry = await startRealRegistry("distribution3");
  await using proxy = await startProxy(registry.host, { tokens: true });
  const tokenFor = async (scope: string): Promise<string> => {
    const response = await fetch(`http://${proxy.host}/-/token?scope=${scope}`);
    return (await response.json()).token;
  };
  const statusOf = async (method: string, token?: string): Promise<number> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const url = `http://${proxy.host}/v2/app/blobs/uploads/`;
    return (await drained(fetch(url, { method, headers }))).status;
  };
  assert.equal(await statusOf("POST"), 401);
  assert.equal(await statusOf("POST", await tokenFor("repository:app:pull")), 401);
  assert.equal(await statusOf("POST", await tokenFor("repository:other:pull,push")), 401);
  assert.equal(await statusOf("POST", await tokenFor("repository:app:pull,push")), 202);
});

test("startProxy() without a registry responds with 502", async () => {
  const gone = await startRealRegistry("crane");
  await gone.stop();
  await using proxy = await startProxy(gone.host);
  assert.equal((await drained(fetch(`http://${proxy.host}/v2/`))).status, 502);
});

async function drained(response: Promise<Response>): Promise<Response> {
  await (await response).arrayBuffer();
  return await response;
}

/** The response of a GET on a connection of its own, unread. */
async function open(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const request = requestHttp(url, { agent: false, headers });
  request.end();
  const [response] = await once(request, "response") as [IncomingMessage];
  return response;
}

/** A server in the place of a registry. */
async function startTarget(
  handle: RequestListener,
): Promise<AsyncDisposable & { readonly host: string }> {
  const server = createServer(handle);
  const host = await listenOnLoopback(server);
  return { host, [Symbol.asyncDispose]: (): Promise<void> => closeServer(server) };
}
