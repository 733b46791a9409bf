import { test } from "node:test";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { CrossdockError, NetworkError } from "../../src/errors.ts";
import type { NetworkFailure } from "../../src/errors.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { sendOverNodeHttp } from "../../src/hosts/node_http.ts";
import type { UploadRequest } from "../../src/runtime.ts";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import { serve } from "../support/serve.ts";
import { until } from "../support/until.ts";
import { standstill } from "../support/standstill.ts";
import { certificate } from "./certificate.ts";
import { byteAt, OneBufferReader, readerWith } from "./one_buffer_reader.ts";
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
import { countedSignal, get } from "./requests.ts";

const runtime = await createRuntime();
const MIB = 1024 * 1024;

function put(url: URL, body: Response | ChunkReader, sizeBytes: number): UploadRequest {
  const headers = new Headers({ "content-type": "application/octet-stream" });
  return { method: "PUT", url, headers, body, sizeBytes };
}

async function assertFails(
  promise: Promise<unknown>,
  failure: NetworkFailure | readonly NetworkFailure[],
  hint: RegExp,
): Promise<void> {
  const error = await within(20_000, "a failure", promise.then(() => undefined, (e) => e));
  assert.ok(error instanceof NetworkError, `no NetworkError but ${error}`);
  assert.ok([failure].flat().includes(error.failure), `${error.failure}, not ${failure}`);
  assert.match(error.message, /^connect to [^/?]+: [^/?]+$/);
  assert.match(error.hint ?? "", hint);
  assert.ok(error.cause);
}

test("createRuntime() gives the runtime of this host", () => {
  const name = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
  assert.equal(runtime.name, name);
  assert.equal(runtime.passesUntouched, false);
  assert.ok(Math.abs(runtime.now() - Date.now()) < 1000);
  assert.ok(runtime.random() >= 0 && runtime.random() < 1);
});

test("createHash() hashes piece by piece", async () => {
  for (const [algorithm, wanted] of HASHES_OF_ABC) {
    const hash = runtime.createHash(algorithm);
    await hash.update(new TextEncoder().encode("ab"));
    await hash.update(new TextEncoder().encode("c"));
    assert.equal(await hash.hex(), wanted);
  }
});

test("sleep() waits", async () => {
  const before = performance.now();
  await runtime.sleep(50);
  assert.ok(performance.now() - before >= 45);
});

test("sleep() rejects with the signal's reason and removes its listener from the signal", async () => {
  const { signal, abort, count } = countedSignal();
  await runtime.sleep(1, signal);
  assert.equal(count(), 0);
  const reason = new Error("enough");
  const slept = runtime.sleep(60_000, signal);
  abort(reason);
  await assert.rejects(slept, reason);
  await assert.rejects(runtime.sleep(60_000, signal), reason);
});

test("fetch() returns a redirect and does not follow it", async () => {
  await using server = await serveRedirect();
  const response = await runtime.fetch(get(`${server.url}/a`));
  assert.equal(response.status, 307);
  assert.equal(response.headers.get("location"), "/elsewhere");
  assert.equal(server.requests(), 1);
});

test("fetch() sends method, headers and body, and gives status, headers and body", async () => {
  await using server = await serveEcho();
  for (const body of ["text", new TextEncoder().encode("text")]) {
    const headers = new Headers({ "x-a": "1", "accept-encoding": "identity" });
    const response = await runtime.fetch({
      method: "POST",
      url: new URL(server.url),
      headers,
      body,
    });
    assert.equal(response.status, 418);
    assert.equal(response.headers.get("x-b"), "2");
    assert.equal(await response.text(), "POST|1|identity|text");
  }
});

test("fetch() returns an encoded body undecoded on hosts with givesRawBodies", async () => {
  const zipped = new Uint8Array(gzipSync("hello"));
  await using server = await serve(() =>
    new Response(zipped, { headers: { "content-encoding": "gzip" } })
  );
  const response = await runtime.fetch(get(server.url));
  const bytes = await response.bytes();
  const wanted = runtime.givesRawBodies ? zipped : new TextEncoder().encode("hello");
  assert.deepEqual(bytes, wanted);
  assert.deepEqual(await (await sendOverNodeHttp(get(server.url))).bytes(), zipped);
});

test("fetch() rejects with the signal's reason", async () => {
  await using server = await serveRaw(() => {});
  const controller = new AbortController();
  const reason = new Error("enough");
  const fetched = runtime.fetch({ ...get(server.url), signal: controller.signal });
  await until("the request is there", () => server.connections.length === 1);
  controller.abort(reason);
  await assert.rejects(fetched, (error) => error === reason);
});

test("upload() sends a reader's bytes, each once, with their length", async () => {
  for (const size of [0, 1, 64 * 1024, 3 * MIB + 7]) {
    await using server = await serveRaw((c) => {
      if (c.bodyBytes === size) c.socket.write(CREATED);
    });
    const { signal, count } = countedSignal();
    const reader = new OneBufferReader(size);
    const response = await within(
      20_000,
      `upload of ${size}`,
      runtime.upload({ ...put(server.url, reader, size), signal }),
    );
    await response.body?.cancel();
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("location"), "/x");
    const connection = server.connections[0]!;
    assert.match(connection.head, /^put \/v2\/a\/blobs\?digest=x http\/1.1\r\n/);
    assert.match(connection.head, /^content-type: application\/octet-stream$/m);
    assert.equal(contentLengthOf(connection.head), `${size}`);
    assertBytes(connection.body, size);
    assert.deepEqual(reader.cancelled, []);
    await until("the signal is let go", () => count() === 0);
  }
});

test("upload() sends a response's bytes with their length, be it fetched or made", async () => {
  const size = 3 * MIB + 7;
  const bytes = Uint8Array.from({ length: size }, (_, i) => byteAt(i));
  await using source = await serve(() =>
    new Response(bytes, { headers: { "content-length": `${size}` } })
  );
  await using server = await serveRaw((c) => {
    if (c.bodyBytes === size) c.socket.end(CREATED);
  });
  const made = new Response(new Blob([bytes]).stream(), {
    headers: { "content-length": `${size}` },
  });
  for (const body of [await runtime.fetch(get(source.url)), made]) {
    const response = await within(20_000, "upload", runtime.upload(put(server.url, body, size)));
    assert.equal(response.status, 201);
    const connection = server.connections.pop()!;
    assert.equal(contentLengthOf(connection.head), `${size}`);
    assertBytes(connection.body, size);
  }
});

test("upload() returns a response before the end of the body, and stops", async () => {
  for (const status of [401, 413, 503]) {
    let isAnswered = false;
    await using server = await serveRaw(({ socket, bodyBytes }) => {
      if (bodyBytes === 0 || isAnswered) return;
      isAnswered = true;
      socket.pause();
      socket.write(`HTTP/1.1 ${status} No\r\nContent-Length: 4\r\n\r\nbody`);
    });
    const { signal, count } = countedSignal();
    const reader = new OneBufferReader(1000 * MIB);
    const response = await within(
      30_000,
      "the answer",
      runtime.upload({ ...put(server.url, reader, 1000 * MIB), signal }),
    );
    assert.equal(response.status, status);
    assert.equal(reader.cancelled.length, 1);
    assert.equal(await within(30_000, "the body", response.text()), "body");
    assert.ok(reader.bytes < 64 * MIB);
    await until("the signal is let go", () => count() === 0);
    const connection = server.connections[0]!;
    connection.socket.resume();
    await within(30_000, "the connection's end", connection.closed);
    assert.ok(connection.bodyBytes < 1000 * MIB);
  }
});

test("upload() returns an early response while it waits for the reader", async () => {
  await using server = await serveRaw(({ socket, bodyBytes }) => {
    if (bodyBytes > 0) socket.write("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
  });
  const reader = readerWith(1, () => new Promise(() => {}));
  const response = await within(30_000, "answer", runtime.upload(put(server.url, reader, MIB)));
  assert.equal(response.status, 401);
  assert.equal(reader.cancelled.length, 1);
  await response.body?.cancel();
  await within(30_000, "the connection's end", server.connections[0]!.closed);
});

test("upload() returns an early response of a server that reads on, and uses another connection next", async () => {
  await using server = await serveRaw((connection) => {
    const isFirst = server.connections[0] === connection;
    if (connection.bodyBytes > 0 && connection.body.length === 2) {
      connection.socket.write(isFirst ? "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n" : CREATED);
    }
    if (!isFirst) connection.socket.write(CREATED);
  });
  const reader = new OneBufferReader(2000 * MIB);
  const first = await within(
    30_000,
    "the answer",
    runtime.upload(put(server.url, reader, 2000 * MIB)),
  );
  assert.equal(first.status, 401);
  await first.text();
  const second = await within(
    30_000,
    "the next",
    runtime.upload(put(server.url, new OneBufferReader(3), 3)),
  );
  assert.equal(second.status, 201);
  await second.text();
  assert.equal(server.connections.length, 2);
});

test("upload() rejects with the reader's error and never ends the body", async () => {
  for (const chunks of [0, 1, 5, 16]) {
    await using server = await serveRaw(() => {});
    const reason = new Error("the source broke");
    const reader = readerWith(chunks, async () => {
      if (chunks > 0) await until("some of it arrived", () => server.connections[0]!.bodyBytes > 0);
      throw reason;
    });
    const { signal, count } = countedSignal();
    const upload = runtime.upload({ ...put(server.url, reader, MIB), signal });
    await assert.rejects(within(30_000, "upload", upload), (error) => error === reason);
    assert.equal(count(), 0);
    const connection = server.connections[0];
    if (!connection) continue;
    await within(30_000, "the connection's end", connection.closed);
    assert.ok(connection.bodyBytes < MIB, `${connection.bodyBytes} bytes arrived`);
    if (connection.head) assert.equal(contentLengthOf(connection.head), `${MIB}`);
  }
});

test("upload() rejects a body that is shorter or longer than announced", async () => {
  for (
    const [size, wanted] of [[3 * MIB, 3 * MIB + 1], [3 * MIB + 1, 3 * MIB], [MIB, 0], [0, 1], [
      3 * 65536,
      2 * 65536,
    ]] as const
  ) {
    await using server = await serveRaw(() => {});
    const reader = new OneBufferReader(size);
    const upload = runtime.upload(put(server.url, reader, wanted));
    await assert.rejects(
      within(30_000, "upload", upload),
      (error) => error instanceof CrossdockError && error.code === "integrity",
      `${size} for ${wanted}`,
    );
    assert.equal(reader.cancelled.length, 1);
    const connection = server.connections[0];
    if (!connection) continue;
    await within(30_000, "the connection's end", connection.closed);
    assert.ok(wanted === 0 || connection.bodyBytes < wanted, `${size} for ${wanted}`);
  }
});

test("upload() rejects with the signal's reason at each stage", async () => {
  let isWaiting = false;
  const stages = {
    "before it starts": () => new OneBufferReader(MIB),
    "while the reader waits": () => readerWith(2, () => new Promise(() => isWaiting = true)),
    "while the server does not read": () => new OneBufferReader(1000 * MIB),
    "while the answer is awaited": () => new OneBufferReader(MIB),
  };
  for (const [stage, makeReader] of Object.entries(stages)) {
    let isHeld = stage.endsWith("not read");
    await using server = await serveRaw(({ socket, bodyBytes }) => {
      if (isHeld && bodyBytes > 0) socket.pause();
    });
    const { signal, abort, count } = countedSignal();
    const reason = new Error("enough");
    if (stage.startsWith("before")) abort(reason);
    const reader = makeReader();
    const size = stage.endsWith("not read") ? 1000 * MIB : MIB;
    const upload = runtime.upload({ ...put(server.url, reader, size), signal });
    upload.catch(() => {});
    const bodyBytes = (): number => server.connections[0]?.bodyBytes ?? 0;
    if (stage.endsWith("reader waits")) await until("the reader waits", () => isWaiting);
    if (stage.endsWith("not read")) await standstill(() => reader.bytes);
    if (stage.endsWith("awaited")) await until("the body is there", () => bodyBytes() === MIB);
    if (!signal.aborted) abort(reason);
    await assert.rejects(within(30_000, stage, upload), (error) => error === reason, stage);
    assert.equal(reader.cancelled.length, 1, stage);
    assert.equal(count(), 0, stage);
    isHeld = false;
    for (const connection of server.connections) {
      connection.socket.resume();
      await within(30_000, `the connection's end ${stage}`, connection.closed);
    }
  }
});

test("upload() has backpressure from a slow server", async () => {
  await using server = await serveRaw(({ socket, bodyBytes }) => {
    if (bodyBytes > 0) socket.pause();
  });
  const controller = new AbortController();
  const reader = new OneBufferReader(1000 * MIB);
  const upload = runtime.upload({
    ...put(server.url, reader, 1000 * MIB),
    signal: controller.signal,
  });
  upload.catch(() => {});
  const read = await standstill(() => reader.bytes);
  // The kernel's buffers on loopback hold some MiB.
  assert.ok(read < 24 * MIB, `${read} bytes were read`);
  controller.abort(new Error("enough"));
  await assert.rejects(upload);
});

test("upload() fails as a network error when the server hangs up", async () => {
  await using server = await serveRaw(({ socket, bodyBytes }) => {
    if (bodyBytes > 256 * 1024) socket.destroy();
  });
  const reader = new OneBufferReader(100 * MIB);
  await assertFails(
    runtime.upload(put(server.url, reader, 100 * MIB)),
    "reset",
    /--src-tls on or --dest-tls on/,
  );
  assert.equal(reader.cancelled.length, 1);
});

test("upload() stops a fetched response at an early answer, and at an abort", async () => {
  const chunk = new Uint8Array(64 * 1024);
  const size = 1000 * MIB;
  await using source = await serve(() => {
    let given = 0;
    const body = new ReadableStream({
      pull(controller): void {
        controller.enqueue(chunk);
        if ((given += chunk.byteLength) === size) controller.close();
      },
    });
    return new Response(body, { headers: { "content-length": `${size}` } });
  });
  for (const isAnswered of [true, false]) {
    let isHeld = true;
    await using server = await serveRaw(({ socket, bodyBytes }) => {
      if (!isHeld || bodyBytes === 0) return;
      isHeld = false;
      socket.pause();
      if (isAnswered) socket.write("HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nbody");
    });
    const body = await runtime.fetch(get(source.url));
    const controller = new AbortController();
    const { signal } = controller;
    const upload = runtime.upload({ ...put(server.url, body, size), signal });
    upload.catch(() => {});
    if (isAnswered) {
      const response = await within(30_000, "the answer", upload);
      assert.equal(response.status, 401);
      assert.equal(await response.text(), "body");
    } else {
      const reason = new Error("enough");
      await until("the server holds", () => !isHeld);
      controller.abort(reason);
      await assert.rejects(within(30_000, "the abort", upload), (error) => error === reason);
    }
    server.connections[0]!.socket.resume();
    await within(30_000, "the connection's end", server.connections[0]!.closed);
    assert.ok(server.connections[0]!.bodyBytes < size);
  }
});

test("upload() never ends the body of a fetched response that broke off", async () => {
  await using source = await serveRaw(({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${MIB}\r\n\r\n`);
    socket.end(new Uint8Array(64 * 1024));
  });
  await using server = await serveRaw(() => {});
  const body = await runtime.fetch(get(source.url));
  await assert.rejects(within(30_000, "upload", runtime.upload(put(server.url, body, MIB))));
  const connection = server.connections[0];
  if (!connection) return;
  await within(30_000, "the connection's end", connection.closed);
  if (connection.head) assert.equal(contentLengthOf(connection.head), `${MIB}`);
  assert.ok(connection.bodyBytes < MIB);
});

test("fetch() sends a POST without a body with length 0", async () => {
  await using server = await serveRaw(({ socket }) => void socket.end(CREATED));
  for (const send of [runtime.fetch, sendOverNodeHttp]) {
    const response = await within(30_000, "POST", send({ ...get(server.url), method: "POST" }));
    assert.equal(response.status, 201);
    await response.body?.cancel();
    assert.equal(contentLengthOf(server.connections.at(-1)!.head), "0");
  }
});

test("fetch() and upload() report why a connection failed", async () => {
  await using plain = await serve(() => new Response("plain"));
  await using tls = await serveTls();
  await using silent = await serveRaw(({ socket }) => void socket.destroy());
  const rows: [string, URL, NetworkFailure | NetworkFailure[], RegExp][] = [
    ["dns", new URL("http://crossdock.invalid/v2/?secret=1"), "dns", /name/],
    ["refused", new URL(`http://127.0.0.1:${await freePort()}/v2/`), "refused", /host and port/],
    ["TLS to plain", new URL(`https://${plain.host}/v2/`), "not_tls", /tls off/],
    [
      "plain to TLS",
      new URL(tls.url.href.replace("https", "http")),
      ["reset", "unknown"],
      /--src-tls on or --dest-tls on/,
    ],
    ["self-signed", tls.url, "certificate", /-ca/],
    ["hangs up", silent.url, "reset", /--src-tls on or --dest-tls on/],
  ];
  for (const [name, url, failure, hint] of rows) {
    try {
      await assertFails(runtime.fetch(get(url)), failure, hint);
      await assertFails(sendOverNodeHttp(get(url)), failure, hint);
      await assertFails(runtime.upload(put(url, new OneBufferReader(3), 3)), failure, hint);
    } catch (cause) {
      throw new Error(`${name}: ${cause}`, { cause });
    }
  }
});

test("fetch() and upload() take a certificate by its CA, and any when asked", async () => {
  await using server = await serveTls();
  for (const tls of [{ caCerts: [certificate.cert] }, { unverified: true }]) {
    assert.equal(await (await runtime.fetch(get(server.url, tls))).text(), "over tls");
    const request = put(server.url, new OneBufferReader(MIB), MIB);
    assert.equal(await (await runtime.upload({ ...request, tls })).text(), "over tls");
    // No leak of what was allowed to requests without it.
    await assertFails(runtime.fetch(get(server.url)), "certificate", /-ca/);
  }
});
