/** What runtime.test.ts holds of the other hosts, held of workerd, from outside: the calls are made in a Worker. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { NetworkFailure } from "../../src/errors.ts";
import { serve } from "../support/serve.ts";
import { until } from "../support/until.ts";
import type { Server } from "../support/serve.ts";
import { startCalledWorker } from "./call_worker.ts";
import { byteAt } from "./one_buffer_reader.ts";
import { serveRaw } from "./raw_server.ts";
import {
  assertBytes,
  contentLengthOf,
  CREATED,
  freePort,
  HASHES_OF_ABC,
  serveEcho,
  serveRedirect,
  serveTls,
  within,
} from "./support.ts";
import type { Result, UploadBody } from "./workerd_calls.ts";

const MIB = 1024 * 1024;

const worker = await startCalledWorker();
after(() => worker[Symbol.asyncDispose]());
const { call } = worker;

function textOf({ response, error }: Result): string {
  assert.ok(response, JSON.stringify(error));
  return new TextDecoder().decode(Uint8Array.fromBase64(response.body));
}

/** Answers when it is told to. */
async function serveGate(): Promise<Server & { open: () => void }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = await serve(async () => {
    await promise;
    return new Response(null, { status: 204 });
  });
  return Object.assign(server, { open: resolve });
}

/** Gives `sizeBytes` and says so, or breaks off after `cutAfter`. */
function serveBytes(sizeBytes: number, cutAfter = Infinity): Promise<Server> {
  return serve(() => {
    let given = 0;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller): void {
        if (given >= cutAfter) return controller.error(new Error("cut"));
        const size = Math.min(64 * 1024, sizeBytes - given);
        const offset = given;
        controller.enqueue(Uint8Array.from({ length: size }, (_, i) => byteAt(offset + i)));
        if ((given += size) === sizeBytes) controller.close();
      },
    });
    return new Response(body, { headers: { "content-length": `${sizeBytes}` } });
  });
}

function assertFailure(
  { error }: Result,
  failure: NetworkFailure,
  host: string,
): void {
  assert.equal(error?.name, "NetworkError");
  assert.equal(error.failure, failure);
  assert.match(error.message, /^connect to [^/?]+: [^/?]+$/);
  assert.ok(error.message.includes(host));
  assert.match(error.hint ?? "", /TLS/);
  assert.ok(error.cause);
}

test("limitBody() holds its limits in workerd and cancels the body", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  await using whole = await serveBytes(1000);
  await using silent = await serve(() => {
    const start = (controller: ReadableStreamDefaultController): void =>
      controller.enqueue(new Uint8Array(1000));
    return new Response(new ReadableStream({ start, cancel: () => resolve() }));
  });
  const read = ({ url }: Server, maxBytes: number, timeoutMs: number): Promise<Result> =>
    call({ type: "fetch", method: "GET", url: `${url}`, limits: { maxBytes, timeoutMs } });
  const { response } = await read(whole, 1000, 10_000);
  assertBytes([Uint8Array.fromBase64(response?.body ?? "")], 1000);
  assert.equal((await read(whole, 999, 10_000)).error?.name, "RangeError");
  assert.equal((await read(silent, 1000, 100)).error?.message, "silence");
  await within(10_000, "cancellation", cancelled);
});

test("createHash() hashes piece by piece in workerd", async () => {
  for (const [algorithm, wanted] of HASHES_OF_ABC) {
    assert.equal((await call({ type: "hash", algorithm, pieces: ["ab", "c"] })).hex, wanted);
    await call({ type: "hash", algorithm, pieces: ["ab"], isGivenUp: true });
  }
});

test("sleep() waits in workerd, and rejects with the signal's reason", async () => {
  assert.equal((await call({ type: "sleep", ms: 1 })).error, undefined);
  await using gate = await serveGate();
  gate.open();
  const { error } = await call({ type: "sleep", ms: 60_000, abortBy: gate.url });
  assert.equal(error?.message, "enough");
});

test("fetch() returns a redirect and does not follow it in workerd", async () => {
  await using server = await serveRedirect();
  const { response } = await call({ type: "fetch", method: "GET", url: server.url });
  assert.equal(response?.status, 307);
  assert.equal(response.headers["location"], "/elsewhere");
  assert.equal(server.requests(), 1);
});

test("fetch() sends method, headers and body, and gives status, headers and body in workerd", async () => {
  await using server = await serveEcho();
  for (const asBytes of [false, true]) {
    const headers = { "x-a": "1", "accept-encoding": "identity" };
    const result = await call({
      type: "fetch",
      method: "POST",
      url: server.url,
      headers,
      body: "text",
      asBytes,
    });
    assert.equal(result.response?.status, 418);
    assert.equal(result.response.headers["x-b"], "2");
    assert.equal(textOf(result), "POST|1|identity|text");
  }
});

test("fetch() sends a POST without a body with length 0 in workerd", async () => {
  await using server = await serveRaw(({ socket }) => void socket.end(CREATED));
  await call({ type: "fetch", method: "POST", url: server.url.href });
  assert.equal(contentLengthOf(server.connections[0]!.head), "0");
});

test("fetch() returns an encoded body undecoded in workerd", async () => {
  const zipped = new Uint8Array(gzipSync("hello"));
  const headers = { "content-encoding": "gzip", "content-length": `${zipped.byteLength}` };
  await using server = await serve(() => new Response(zipped, { headers }));
  const { response } = await call({ type: "fetch", method: "GET", url: server.url });
  assert.deepEqual(Uint8Array.fromBase64(response?.body ?? ""), zipped);
  assert.equal(response?.headers["content-encoding"], "gzip");
});

test("fetch() rejects with the signal's reason in workerd", async () => {
  await using server = await serveRaw(() => {});
  await using gate = await serveGate();
  const fetched = call({
    type: "fetch",
    method: "GET",
    url: server.url.href,
    abortBy: gate.url,
  });
  await until("the request is there", () => server.connections.length === 1);
  gate.open();
  assert.deepEqual((await fetched).error, { name: "Error", message: "enough" });
  await within(30_000, "the connection's end", server.connections[0]!.closed);
});

test("fetch() and upload() report why a connection failed, if workerd reports it", async () => {
  await using plain = await serve(() => new Response("plain"));
  await using tls = await serveTls();
  await using silent = await serveRaw(({ socket }) => void socket.destroy());
  await using notHttp = await serveRaw(({ socket }) => void socket.end("HELLO\r\n\r\n"));
  const rows: [string, URL, NetworkFailure][] = [
    ["dns", new URL("http://crossdock.invalid/v2/?secret=1"), "unknown"],
    ["refused", new URL(`http://127.0.0.1:${await freePort()}/v2/`), "reset"],
    ["TLS to plain", new URL(`https://${plain.host}/v2/`), "unknown"],
    ["plain to TLS", new URL(tls.url.href.replace("https", "http")), "reset"],
    ["self-signed", tls.url, "unknown"],
    ["hangs up", silent.url, "reset"],
    ["not HTTP", notHttp.url, "reset"],
  ];
  for (const [name, url, failure] of rows) {
    const { host, href } = url;
    try {
      assertFailure(await call({ type: "fetch", method: "GET", url: href }), failure, host);
      const upload = { type: "upload", url: href, sizeBytes: 3 } as const;
      for (const type of ["reader", "made"] as const) {
        assertFailure(await call({ ...upload, body: { type, sizeBytes: 3 } }), failure, host);
      }
    } catch (cause) {
      throw new Error(`${name}: ${cause}`, { cause });
    }
  }
});

test("fetch() and upload() reject TLS options that workerd does not have", async () => {
  await using server = await serve(() => new Response("never"));
  const url = `${server.url}/`;
  const clientCertificate = { cert: "pem", key: "pem" };
  for (const tls of [{ unverified: true }, { caCerts: ["pem"] }, { clientCertificate }]) {
    for (
      const one of [
        { type: "fetch", method: "GET", url, tls },
        { type: "upload", url, tls, sizeBytes: 1, body: { type: "reader", sizeBytes: 1 } },
      ] as const
    ) {
      assert.equal((await call(one)).error?.code, "usage");
    }
  }
  const none = { unverified: false, caCerts: [] };
  assert.equal(textOf(await call({ type: "fetch", method: "GET", url, tls: none })), "never");
});

test("upload() sends a body's bytes, each once, with their length in workerd", async () => {
  for (const size of [0, 1, 64 * 1024, 3 * MIB + 7]) {
    await using source = await serveBytes(size);
    for (
      const body of [
        { type: "reader", sizeBytes: size },
        { type: "fetched", url: source.url },
        { type: "made", sizeBytes: size },
      ] as const
    ) {
      await using server = await serveRaw((c) => {
        if (c.bodyBytes === size) c.socket.write(CREATED);
      });
      const url = server.url.href;
      const result = await call({ type: "upload", url, sizeBytes: size, body });
      assert.equal(result.response?.status, 201, JSON.stringify([body, result.error]));
      assert.equal(result.response.headers["location"], "/x");
      if (body.type === "reader") assert.deepEqual(result.reader, { bytes: size, cancelled: 0 });
      const connection = server.connections[0]!;
      assert.match(connection.head, /^put \/v2\/a\/blobs\?digest=x http\/1.1\r\n/);
      assert.match(connection.head, /^content-type: application\/octet-stream$/m);
      assert.equal(contentLengthOf(connection.head), `${size}`);
      assertBytes(connection.body, size);
    }
  }
});

/** Answers as soon as the first of the body is there, and then does as it is told. */
function serveEarly(
  status: number,
  then: "stops reading" | "reads on" | "closes",
): ReturnType<typeof serveRaw> {
  let isAnswered = false;
  return serveRaw(({ socket, bodyBytes }) => {
    if (bodyBytes === 0 || isAnswered) return;
    isAnswered = true;
    if (then === "stops reading") socket.pause();
    const answer = `HTTP/1.1 ${status} No\r\nContent-Length: 4\r\n\r\nbody`;
    if (then === "closes") socket.end(answer);
    else socket.write(answer);
  });
}

for (const type of ["reader", "fetched"] as const) {
  const size = 1000 * MIB;
  const toBody = (source: Server): UploadBody =>
    type === "reader" ? { type, sizeBytes: size } : { type, url: source.url };

  test(`upload() returns an early response and stops in workerd: ${type}`, async () => {
    await using source = await serveBytes(size);
    for (const then of ["stops reading", "reads on"] as const) {
      for (const status of [401, 413, 503]) {
        await using server = await serveEarly(status, then);
        await using gate = await serveGate();
        const upload = call({
          type: "upload",
          url: server.url.href,
          sizeBytes: size,
          body: toBody(source),
          holdBy: gate.url,
        });
        await until("the request is there", () => server.connections[0]?.bodyBytes !== undefined);
        const connection = server.connections[0]!;
        // The call is held, so that it is the answer that ends the request and not the end of the Worker.
        if (then === "reads on") await within(30_000, "the connection's end", connection.closed);
        gate.open();
        const result = await upload;
        assert.equal(result.response?.status, status);
        assert.equal(textOf(result), "body");
        if (result.reader) {
          assert.equal(result.reader.cancelled, 1);
          assert.ok(result.reader.bytes < 64 * MIB);
        }
        connection.socket.resume();
        await within(30_000, "the connection's end", connection.closed);
        assert.ok(connection.bodyBytes < size);
      }
    }
  });

  test(`upload() does not wait if an early response closes the connection in workerd: ${type}`, async () => {
    await using source = await serveBytes(size);
    await using server = await serveEarly(401, "closes");
    const url = server.url.href;
    const result = await call({ type: "upload", url, sizeBytes: size, body: toBody(source) });
    // What was not read when it closed may make the connection break before the answer is through.
    if (result.error) assert.match(result.error.message, /closed|Network connection lost/);
    else assert.equal(result.response?.status, 401);
    await within(30_000, "the connection's end", server.connections[0]!.closed);
  });

  test(`upload() rejects with the signal's reason in workerd: ${type}`, async () => {
    await using source = await serveBytes(size);
    for (const stage of ["before it starts", "while the server does not read"] as const) {
      let isHeld = true;
      await using server = await serveRaw(({ socket, bodyBytes }) => {
        if (isHeld && bodyBytes > 0) socket.pause();
      });
      await using gate = await serveGate();
      const upload = call({
        type: "upload",
        url: server.url.href,
        sizeBytes: size,
        body: toBody(source),
        isAborted: stage === "before it starts",
        abortBy: gate.url,
      });
      if (stage !== "before it starts") {
        await until("the body comes", () => (server.connections[0]?.bodyBytes ?? 0) > 0);
      }
      gate.open();
      const { error, reader } = await upload;
      assert.deepEqual(error, { name: "Error", message: "enough" });
      if (type === "reader") assert.equal(reader?.cancelled, 1);
      isHeld = false;
      for (const connection of server.connections) {
        connection.socket.resume();
        await within(30_000, "the connection's end", connection.closed);
        assert.ok(connection.bodyBytes < size);
      }
    }
  });

  test(`upload() fails as a network error when the server hangs up in workerd: ${type}`, async () => {
    await using source = await serveBytes(size);
    await using server = await serveRaw(({ socket, bodyBytes }) => {
      if (bodyBytes > 256 * 1024) socket.destroy();
    });
    const { href, host } = server.url;
    const result = await call({
      type: "upload",
      url: href,
      sizeBytes: size,
      body: toBody(source),
    });
    assertFailure(result, "reset", host);
    if (type === "reader") assert.equal(result.reader?.cancelled, 1);
  });
}

test("upload() returns an early response while it waits for the reader in workerd", async () => {
  await using server = await serveEarly(401, "reads on");
  const after = { chunks: 1, then: "wait" } as const;
  const result = await call({
    type: "upload",
    url: server.url.href,
    sizeBytes: MIB,
    body: { type: "reader", sizeBytes: MIB, after },
  });
  assert.equal(result.response?.status, 401);
  assert.equal(result.reader?.cancelled, 1);
  await within(30_000, "the connection's end", server.connections[0]!.closed);
});

test("upload() rejects with the signal's reason while the reader or the answer is awaited in workerd", async () => {
  for (const chunks of [2, 16]) {
    await using server = await serveRaw(() => {});
    await using gate = await serveGate();
    const isWhole = chunks === 16;
    const upload = call({
      type: "upload",
      url: server.url.href,
      sizeBytes: MIB,
      body: {
        type: "reader",
        sizeBytes: MIB,
        ...isWhole ? {} : { after: { chunks, then: "wait" } },
      },
      abortBy: gate.url,
    });
    await until("the body is there", () => server.connections[0]?.bodyBytes === chunks * 64 * 1024);
    gate.open();
    const { error, reader } = await upload;
    assert.deepEqual(error, { name: "Error", message: "enough" });
    assert.equal(reader?.cancelled, 1);
    await within(30_000, "the connection's end", server.connections[0]!.closed);
  }
});

test("upload() has backpressure from a slow server in workerd", async () => {
  await using server = await serveRaw(({ socket, bodyBytes }) => {
    if (bodyBytes > 0) socket.pause();
  });
  await using gate = await serveGate();
  const upload = call({
    type: "upload",
    url: server.url.href,
    sizeBytes: 1000 * MIB,
    body: { type: "reader", sizeBytes: 1000 * MIB },
    abortBy: gate.url,
  });
  await until("the body comes", () => (server.connections[0]?.bodyBytes ?? 0) > 0);
  // Time for the Worker to read on, if it wanted: it answers others in between.
  for (let i = 0; i < 50; i++) await call({ type: "sleep", ms: 1 });
  gate.open();
  const { reader } = await upload;
  // The kernel's buffers on loopback hold some MiB.
  assert.ok(reader && reader.bytes < 24 * MIB, `${reader?.bytes} bytes were read`);
});

test("upload() rejects with the reader's error and never ends the body in workerd", async () => {
  for (const chunks of [0, 1, 5, 16]) {
    await using server = await serveRaw(() => {});
    const { error } = await call({
      type: "upload",
      url: server.url.href,
      sizeBytes: MIB,
      body: { type: "reader", sizeBytes: MIB, after: { chunks, then: "throw" } },
    });
    assert.deepEqual(error, { name: "Error", message: "the source broke" });
    const connection = server.connections[0];
    if (!connection) continue;
    await within(30_000, "the connection's end", connection.closed);
    assert.ok(connection.bodyBytes < MIB, `${connection.bodyBytes} bytes arrived`);
    if (connection.head) assert.equal(contentLengthOf(connection.head), `${MIB}`);
  }
});

test("upload() rejects a body that is shorter or longer than announced in workerd", async () => {
  for (
    const [size, wanted] of [[3 * MIB, 3 * MIB + 1], [3 * MIB + 1, 3 * MIB], [MIB, 0], [0, 1], [
      3 * 65536,
      2 * 65536,
    ]] as const
  ) {
    await using source = await serveBytes(size);
    for (
      const body of [
        { type: "reader", sizeBytes: size },
        { type: "fetched", url: source.url },
        { type: "made", sizeBytes: size },
      ] as const
    ) {
      await using server = await serveRaw(() => {});
      const url = server.url.href;
      const { error, reader } = await call({ type: "upload", url, sizeBytes: wanted, body });
      const what = `${body.type} of ${size} for ${wanted}`;
      assert.equal(error?.code, "integrity", what);
      if (body.type === "reader") assert.equal(reader?.cancelled, 1, what);
      const connection = server.connections[0];
      if (!connection) continue;
      await within(30_000, "the connection's end", connection.closed);
      assert.ok(wanted === 0 || connection.bodyBytes < wanted, what);
    }
  }
});

test("upload() never ends the body of a fetched response that broke off in workerd", async () => {
  await using source = await serveBytes(3 * MIB, MIB);
  await using server = await serveRaw(() => {});
  const { error } = await call({
    type: "upload",
    url: server.url.href,
    sizeBytes: 3 * MIB,
    body: { type: "fetched", url: source.url },
  });
  assert.equal(error?.failure, "reset");
  const connection = server.connections[0];
  if (!connection) return;
  await within(30_000, "the connection's end", connection.closed);
  if (connection.head) assert.equal(contentLengthOf(connection.head), `${3 * MIB}`);
  assert.ok(connection.bodyBytes < 3 * MIB);
});
