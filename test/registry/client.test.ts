import assert from "node:assert/strict";
import { test } from "node:test";
import { staticCredentials } from "../../src/auth/credentials.ts";
import { NetworkError, SilenceError } from "../../src/errors.ts";
import { RegistryError } from "../../src/registry/registry_error.ts";
import { StaleTokenError } from "../../src/registry/client.ts";
import { readBody } from "../../src/streams/chunk_reader.ts";
import { setEnvironment } from "../support/environment.ts";
import { FakeTimers } from "../support/fake_timers.ts";
import { putImage, randomBytes } from "../support/image.ts";
import { serveRaw } from "../hosts/raw_server.ts";
import type { RawServer } from "../hosts/raw_server.ts";
import { startProxy } from "../support/proxy_server.ts";
import { startRegistry } from "../support/registry.ts";
import type { FaultAction } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import { until } from "../support/until.ts";
import { describe, failureOf, openSide, requireUpload } from "./setup.ts";

const users = { ada: "secret" };
const ada = staticCredentials({ kind: "basic", username: "ada", password: "secret" }, "--creds");

/** Far from any listener: a port that was just given back. */
async function deadHost(): Promise<string> {
  const server = await serve(() => new Response());
  await server.close();
  return server.host;
}

// Retries.

const RETRIED: readonly [name: string, action: FaultAction, delays: number[]][] = [
  ["429 with seconds", { status: 429, headers: { "retry-after": "7" } }, [7000]],
  ["429 without Retry-After", { status: 429 }, [250]],
  ["500", { status: 500 }, [250]],
  ["502", { status: 502, body: "<html>" }, [250]],
  ["503 with zero seconds", { status: 503, headers: { "retry-after": "0" } }, [0]],
  ["504", { status: 504 }, [250]],
];

for (const [name, action, wanted] of RETRIED) {
  test(`RegistryClient.send() tries again after ${name}`, async () => {
    await using registry = await startRegistry();
    await putImage(registry, "a/b", { tag: "1" });
    const { delays, pull } = await openSide(registry.host);
    await pull("a/b").resolveManifest("1");
    const fault = registry.fail({ action });
    assert.ok(await pull("a/b").resolveManifest("1"));
    assert.equal(fault.hits, 1);
    assert.deepEqual(delays, wanted);
  });
}

/** The first request: on a connection that is used again, Deno and Bun repeat a dropped GET by themselves. */
test("RegistryClient.send() tries again after a dropped connection", async () => {
  await using registry = await startRegistry();
  const fault = registry.fail({ action: { dropConnection: true } });
  const { delays, pull } = await openSide(registry.host);
  assert.equal(await pull("a/b").resolveManifest("1"), undefined);
  assert.equal(fault.hits, 1);
  assert.deepEqual(delays, [250]);
});

test("RegistryClient.send() waits until the date of Retry-After", async () => {
  await using registry = await startRegistry();
  const nowMs = Date.UTC(2030, 0, 1, 12, 0, 0);
  const headers = { "retry-after": "Tue, 01 Jan 2030 12:00:42 GMT" };
  registry.fail({ action: { status: 429, headers } });
  const { delays, pull } = await openSide(registry.host, { runtime: { now: () => nowMs } });
  assert.equal(await pull("a/b").resolveManifest("1"), undefined);
  assert.deepEqual(delays, [42_000]);
});

test("RegistryClient.send() waits longer each time, twice 503 and then the answer", async () => {
  await using registry = await startRegistry();
  registry.fail({ times: 2, action: { status: 503 } });
  const { delays, pull } = await openSide(registry.host);
  assert.equal(await pull("a/b").resolveManifest("1"), undefined);
  assert.deepEqual(delays, [250, 500]);
});

test("RegistryClient.send() fails after the allowed retries", async () => {
  await using registry = await startRegistry();
  registry.fail({ times: 100, action: { status: 503 } });
  const { delays, pull } = await openSide(registry.host, { retries: 2 });
  const error = await failureOf(pull("a/b").resolveManifest("1"));
  assert.ok(error instanceof RegistryError);
  assert.deepEqual([error.status, error.isTemporary, error.side], [503, true, "source"]);
  assert.equal(delays.length, 2);
  assert.deepEqual(
    registry.requests.map(({ method }) => method),
    ["HEAD", "HEAD", "HEAD", "GET"],
  );
});

test("RegistryClient.send() does not wait for hours and reports the time", async () => {
  await using registry = await startRegistry();
  const nowMs = Date.UTC(2030, 0, 1, 12, 0, 0);
  registry.fail({ action: { status: 429, headers: { "retry-after": "3600" } } });
  const { delays, pull } = await openSide(registry.host, { runtime: { now: () => nowMs } });
  const error = await failureOf(pull("a/b").resolveManifest("1"));
  assert.equal(error.code, "rate_limited");
  assert.match(error.hint ?? "", /2030-01-01T13:00:00/);
  assert.deepEqual(delays, []);
});

for (const status of [400, 403, 409, 413]) {
  test(`RegistryClient.send() does not retry a ${status}`, async () => {
    await using registry = await startRegistry();
    registry.fail({ times: 9, action: { status } });
    const { pull } = await openSide(registry.host);
    const error = await failureOf(pull("a/b").fetchManifest("1"));
    assert.ok(error instanceof RegistryError);
    assert.equal(error.status, status);
    assert.equal(registry.count(), 1);
  });
}

test("RegistryClient.send() does not repeat a 404", async () => {
  await using registry = await startRegistry();
  const { delays, pull } = await openSide(registry.host);
  const error = await failureOf(pull("a/b").openBlob(describe(randomBytes(9, 1))));
  assert.equal(error.code, "not_found");
  assert.equal(registry.count(), 1);
  assert.deepEqual(delays, []);
});

test("RegistryClient.send() repeats the PUT of a manifest with its body", async () => {
  await using registry = await startRegistry({ strictManifests: false });
  const { descriptor } = await putImage(registry, "a/b", { tag: "1" });
  const { pull, push } = await openSide(registry.host);
  const content = await pull("a/b").fetchManifest("1");
  assert.ok(content);
  registry.fail({ method: "PUT", times: 2, action: { status: 502 } });
  await push("a/c").putManifest(content, { tag: "2" });
  assert.equal(registry.getManifest("a/c", "2")?.digest, descriptor.digest);
  assert.equal(registry.count({ method: "PUT" }), 3);
});

test("RegistryClient.send() emits a retry before it waits", async () => {
  await using registry = await startRegistry();
  registry.fail({ action: { status: 503 } });
  const { client } = await openSide(registry.host);
  const told: unknown[] = [];
  const response = await client.send({
    method: "GET",
    target: "/v2/",
    what: "try it",
    access: { repository: undefined, scopes: [] },
    accept: [200],
    onRetry: ({ side, what, attempt, delayMs }) => told.push([side, what, attempt, delayMs]),
  });
  await response.body?.cancel();
  assert.deepEqual(told, [["source", "try it", 1, 250]]);
});

test("RegistryClient.send() does not repeat a refused connection to a host that never answered", async () => {
  const { delays, pull } = await openSide(await deadHost());
  const error = await failureOf(pull("a/b").resolveManifest("1"));
  assert.ok(error instanceof NetworkError);
  assert.equal(error.failure, "refused");
  assert.equal(error.side, "source");
  assert.deepEqual(delays, []);
});

test("RegistryClient.send() repeats a refused connection to a host that has answered", async () => {
  const registry = await startRegistry();
  const { delays, pull } = await openSide(registry.host, { retries: 2 });
  await pull("a/b").resolveManifest("1");
  await registry.close();
  const error = await failureOf(pull("a/b").resolveManifest("1"));
  assert.equal(error.code, "network");
  assert.equal(delays.length, 2);
});

test("RegistryClient.send() stops at once when the caller's signal is aborted during a wait", async () => {
  await using registry = await startRegistry();
  registry.fail({ times: 9, action: { status: 503 } });
  const controller = new AbortController();
  const reason = new Error("enough");
  const runtime = {
    sleep(_ms: number, signal?: AbortSignal): Promise<void> {
      controller.abort(reason);
      return Promise.reject(signal?.reason);
    },
  };
  const { pull } = await openSide(registry.host, { runtime });
  const { signal } = controller;
  await assert.rejects(pull("a/b").resolveManifest("1", { signal }), (error) => error === reason);
  assert.equal(registry.count(), 1);
});

test("Repository.requests counts retries and redirects, and no tokens", async () => {
  await using registry = await startRegistry({ auth: { type: "bearer", users } });
  await putImage(registry, "a/b", { tag: "1" });
  const repository = (await openSide(registry.host, { credentials: ada })).pull("a/b");
  registry.fail({ path: "/v2/", after: 1, action: { status: 503 } });
  await repository.resolveManifest("1");
  assert.equal(repository.requests, 3);
  assert.equal(registry.count({ kind: "registry" }), 3);
});

test("RegistryClient.send() does not stream a body twice when the token was revoked", async () => {
  await using registry = await startRegistry({ auth: { type: "bearer", users } });
  const bytes = randomBytes(1000, 1);
  const repository = (await openSide(registry.host, { credentials: ada })).push("a/b");
  const upload = requireUpload(await repository.beginBlob(describe(bytes)));
  registry.revokeTokens();
  const error = await failureOf(upload.put(readBody(new Response(bytes))));
  assert.ok(error instanceof StaleTokenError);
  assert.equal(error.isTemporary, true);
  assert.equal(registry.count({ method: "PUT" }), 1);
  const again = requireUpload(await repository.beginBlob(describe(bytes)));
  await again.put(readBody(new Response(bytes)));
  assert.ok(registry.hasBlob("a/b", describe(bytes).digest));
  assert.equal(registry.count({ kind: "token" }), 2);
});

// Time-outs.

test("RegistryClient.send() fails with SilenceError of its side when no answer comes", async () => {
  await using registry = await startRegistry();
  registry.fail({ times: 9, action: { hang: true } });
  const { pull } = await openSide(registry.host, { timeoutMs: 60, retries: 0 });
  const error = await failureOf(pull("a/b").resolveManifest("1"));
  assert.ok(error instanceof SilenceError);
  assert.deepEqual([error.code, error.side], ["timeout", "source"]);
  assert.match(error.message, /0\.06 s/);
});

test("RegistryClient.send() tries again after silence", async () => {
  await using registry = await startRegistry();
  registry.fail({ action: { hang: true } });
  const { delays, pull } = await openSide(registry.host, { timeoutMs: 200 });
  using timers = new FakeTimers(200);
  const resolving = pull("a/b").resolveManifest("1");
  await until("it is asked", () => registry.count() === 1);
  timers.advance(200);
  assert.equal(await resolving, undefined);
  assert.equal(delays.length, 1);
});

test("Repository.fetchManifest() fails with SilenceError when the body goes silent", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "a/b", { tag: "1" });
  registry.fail({ times: 9, action: { hangAfterBytes: 10 } });
  const { pull } = await openSide(registry.host, { timeoutMs: 100, retries: 0 });
  const error = await failureOf(pull("a/b").fetchManifest("1"));
  assert.ok(error instanceof SilenceError);
  assert.equal(error.side, "source");
});

test("Repository.fetchManifest() fails with a network error when the body is cut", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "a/b", { tag: "1" });
  registry.fail({ times: 9, action: { cutAfterBytes: 10 } });
  const { pull } = await openSide(registry.host, { retries: 0 });
  const error = await failureOf(pull("a/b").fetchManifest("1"));
  assert.deepEqual([error.code, error.side, error.isTemporary], ["network", "source", true]);
});

test("Repository.fetchManifest() reads again after a body that was cut or went silent", async () => {
  for (const action of [{ cutAfterBytes: 10 }, { hangAfterBytes: 10 }]) {
    await using registry = await startRegistry();
    const { descriptor } = await putImage(registry, "a/b", { tag: "1" });
    registry.fail({ action });
    const { delays, pull } = await openSide(registry.host, { timeoutMs: 300 });
    using timers = new FakeTimers(300);
    const fetching = pull("a/b").fetchManifest("1");
    if ("hangAfterBytes" in action) {
      await until("a part is there", () => registry.requests.some((it) => it.responseBytes > 0));
      await until("the client waits", () => timers.count > 0);
      timers.advance(300);
    }
    assert.equal((await fetching)?.digest, descriptor.digest);
    assert.deepEqual(delays, [250]);
  }
});

test("Repository.listTags() reads a page again after a body that was cut", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "a/b", { tag: "1" });
  registry.fail({ action: { cutAfterBytes: 10 } });
  const { pull } = await openSide(registry.host);
  const found = [];
  for await (const page of pull("a/b").listTags()) found.push(page);
  assert.deepEqual(found, [["1"]]);
});

test("Repository.fetchManifest() rejects with the signal's reason when aborted in the body", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "a/b", { tag: "1" });
  registry.fail({ action: { hangAfterBytes: 10 } });
  const { pull } = await openSide(registry.host, { retries: 0 });
  const controller = new AbortController();
  const reason = new Error("enough");
  const { signal } = controller;
  const fetching = pull("a/b").fetchManifest("1", { signal });
  const aborted = assert.rejects(fetching, (error) => error === reason);
  await until("a part is there", () => registry.requests.some((it) => it.responseBytes > 0));
  controller.abort(reason);
  await aborted;
});

test("BlobUpload.put() fails with SilenceError when the destination stays silent after the body", async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(1000, 1);
  const { push } = await openSide(registry.host, { timeoutMs: 100 });
  using timers = new FakeTimers(100);
  const upload = requireUpload(await push("a/b").beginBlob(describe(bytes)));
  registry.fail({ method: "PUT", action: { hang: true } });
  const failure = failureOf(upload.put(readBody(new Response(bytes))));
  await until("it is there", () => registry.requests.at(-1)?.method === "PUT");
  timers.advance(100);
  const error = await failure;
  assert.ok(error instanceof SilenceError);
});

test("BlobUpload.put() gives an untouched body up some day, later the larger it is", async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(1000, 1);
  const { push } = await openSide(registry.host, { timeoutMs: 100 });
  using timers = new FakeTimers(100, 1100);
  const upload = requireUpload(await push("a/b").beginBlob(describe(bytes)));
  registry.fail({ method: "PUT", action: { hang: true } });
  const failure = failureOf(upload.put(new Response(bytes)));
  await until("it is there", () => registry.requests.at(-1)?.method === "PUT");
  timers.advance(1100);
  const error = await failure;
  assert.ok(error instanceof SilenceError);
  assert.match(error.message, /no data for 1\.1 s$/);
});

test("BlobUpload.put() lets an untouched body take longer than the time-out", async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(1024 * 1024, 1);
  const { push } = await openSide(registry.host, { timeoutMs: 100 });
  using timers = new FakeTimers(100, 300);
  const upload = requireUpload(await push("a/b").beginBlob(describe(bytes)));
  registry.fail({ method: "PUT", action: { delayMs: 300 } });
  const putting = upload.put(new Response(bytes));
  await until("it is there", () => registry.requests.at(-1)?.method === "PUT");
  timers.advance(300);
  await putting;
  assert.ok(registry.hasBlob("a/b", describe(bytes).digest));
});

// Redirects.

/** Sends a blob's request on so many times before the registry answers it. */
function redirectTimes(hops: number): FaultAction {
  return {
    redirect(request): string {
      const url = new URL(request.url);
      return `${url.pathname}?hop=${Number(url.searchParams.get("hop")) + 1}&sig=a%2Fb%3D`;
    },
    status: hops % 2 ? 302 : 307,
  };
}

for (const hops of [1, 5]) {
  test(`RegistryClient.send() follows ${hops} relative redirects with their query`, async () => {
    await using registry = await startRegistry();
    const bytes = randomBytes(100, 1);
    await registry.putBlob("a/b", bytes);
    registry.fail({ times: hops, action: redirectTimes(hops) });
    const { pull } = await openSide(registry.host);
    const response = await pull("a/b").openBlob(describe(bytes));
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytes);
    const last = registry.requests.at(-1);
    assert.equal(last?.query.get("hop"), `${hops}`);
    assert.equal(last?.query.get("sig"), "a/b=");
  });
}

test("RegistryClient.send() rejects the sixth redirect", async () => {
  await using registry = await startRegistry();
  registry.fail({ times: 99, action: redirectTimes(6) });
  const { pull } = await openSide(registry.host);
  const error = await failureOf(pull("a/b").openBlob(describe(randomBytes(9, 1))));
  assert.equal(error.code, "registry");
  assert.equal(error.side, "source");
  assert.match(error.message, /more than 5 redirects/);
  assert.equal(registry.count(), 6);
});

for (const auth of [{ type: "basic", users }, { type: "bearer", users }] as const) {
  test(`RegistryClient.send() sends no ${auth.type} credential to a redirect's other origin`, async () => {
    const bytes = randomBytes(100, 1);
    const seen: Headers[] = [];
    await using store = await serve((request) => {
      seen.push(request.headers);
      return new Response(bytes);
    });
    await using registry = await startRegistry({ auth });
    await registry.putBlob("a/b", bytes);
    registry.fail({ path: "/blobs/", after: 1, action: { redirect: `${store.url}/x?sig=1` } });
    const { pull } = await openSide(registry.host, { credentials: ada });
    const response = await pull("a/b").openBlob(describe(bytes));
    assert.equal((await response.arrayBuffer()).byteLength, 100);
    assert.equal(seen.length, 1);
    assert.equal(seen[0]?.get("authorization"), null);
    assert.equal(seen[0]?.get("cookie"), null);
  });
}

test("RegistryClient.send() answers no challenge of a redirect's other origin", async () => {
  const bytes = randomBytes(100, 1);
  let asked = 0;
  await using store = await serve(() => {
    asked++;
    const headers = { "www-authenticate": `Basic realm="give it to me"` };
    return new Response(null, { status: 401, headers });
  });
  await using registry = await startRegistry({ auth: { type: "basic", users } });
  await registry.putBlob("a/b", bytes);
  registry.fail({ path: "/blobs/", after: 1, action: { redirect: store.url } });
  const { pull } = await openSide(registry.host, { credentials: ada });
  const error = await failureOf(pull("a/b").openBlob(describe(bytes)));
  assert.equal(error.code, "registry");
  assert.equal(asked, 1);
});

for (
  const [status, body] of [
    [401, ""],
    [403, "<Error><Code>AccessDenied</Code></Error>"],
    [404, "<html></html>"],
    [429, "<html></html>"],
  ] as const
) {
  test(`RegistryClient.send() does not report the ${status} of a storage host as the registry's`, async () => {
    await using store = await serve(() => new Response(body, { status }));
    const bytes = randomBytes(100, 1);
    await using registry = await startRegistry({ auth: { type: "basic", users } });
    await registry.putBlob("a/b", bytes);
    registry.fail({ path: "/blobs/", after: 1, times: 9, action: { redirect: store.url } });
    const { pull } = await openSide(registry.host, { credentials: ada });
    const error = await failureOf(pull("a/b").openBlob(describe(bytes)));
    assert.deepEqual([error.code, error.side], ["registry", "source"]);
    assert.match(error.message, new RegExp(`: ${store.host} answered ${status}`));
    assert.match(error.hint ?? "", new RegExp(`${store.host} is not ${registry.host}`));
    assert.doesNotMatch(`${error.message} ${error.hint}`, /AccessDenied|permissions|credential/);
  });
}

for (const credentials of [undefined, ada]) {
  const name = credentials ? "with" : "without";
  test(`RegistryClient.send() explains a 403 ${name} a credential`, async () => {
    await using registry = await startRegistry();
    registry.fail({ action: { status: 403, body: `{"errors":[{"code":"DENIED"}]}` } });
    const { pull } = await openSide(registry.host, credentials ? { credentials } : {});
    const error = await failureOf(pull("a/b").fetchManifest("1"));
    assert.equal(error.code, "denied");
    assert.match(
      error.hint ?? "",
      credentials ? /denies this action to the credential/ : /^no credential given for /,
    );
  });
}

/** Answers as a server of Go does on a port with TLS: without a body after HEAD, and it closes the connection. */
function serveTlsPort(): Promise<RawServer> {
  return serveRaw(({ socket, head }) => {
    const text = head.startsWith("head ")
      ? ""
      : "Client sent an HTTP request to an HTTPS server.\n";
    socket.end(`HTTP/1.0 400 Bad Request\r\n\r\n${text}`);
  });
}

for (const call of ["resolveManifest", "fetchManifest"] as const) {
  test(`RegistryClient.send() of ${call}() recognizes a TLS port`, async () => {
    await using server = await serveTlsPort();
    const { pull } = await openSide(server.url.host);
    const error = await failureOf(pull("a/b")[call]("1"));
    assert.deepEqual([error.code, error.side], ["tls", "source"]);
    assert.match(error.message, /a\/b:1: .* answered 400 .*requires TLS/);
    assert.equal(error.hint, "use --src-tls on or --dest-tls on");
    assert.equal(server.connections.length, call === "resolveManifest" ? 2 : 1);
  });
}

test("RegistryClient.send() never shows the query of a signed URL", async () => {
  await using store = await serve(() => new Response("no", { status: 403 }));
  await using registry = await startRegistry();
  registry.fail({ action: { redirect: `${store.url}/x?X-Amz-Signature=topsecret` } });
  const { pull } = await openSide(registry.host);
  const error = await failureOf(pull("a/b").openBlob(describe(randomBytes(9, 1))));
  assert.ok(error instanceof RegistryError);
  assert.equal(error.url, `${store.url}/x`);
  assert.doesNotMatch(`${error.message} ${error.hint} ${JSON.stringify(error)}`, /topsecret/);
});

for (const location of ["absolute", "relative"] as const) {
  test(`BlobUpload.put() goes to an ${location} Location and keeps its query`, async () => {
    await using registry = await startRegistry({ location });
    const bytes = randomBytes(100, 1);
    const { push } = await openSide(registry.host);
    await requireUpload(await push("a/b").beginBlob(describe(bytes))).put(bytes);
    assert.ok(registry.hasBlob("a/b", describe(bytes).digest));
    const put = registry.requests.find((request) => request.method === "PUT");
    assert.ok(put?.query.get("_state"));
    assert.equal(put?.query.get("digest"), describe(bytes).digest);
  });
}

for (
  const [query, wanted] of [
    ["", "?digest=D"],
    ["?", "?digest=D"],
    ["?a=b%2Fc", "?a=b%2Fc&digest=D"],
    ["?a=b&", "?a=b&digest=D"],
    ["?a=b#fragment", "?a=b&digest=D"],
  ] as const
) {
  test(`BlobUpload.put() adds the digest to a Location that ends in "${query}"`, async () => {
    const bytes = randomBytes(100, 1);
    const seen: string[] = [];
    await using server = await serve((request) => {
      const { pathname, search } = new URL(request.url);
      if (request.method === "PUT") seen.push(pathname + search);
      if (request.method === "HEAD") return new Response(null, { status: 404 });
      const status = request.method === "PUT" ? 201 : 202;
      return new Response(null, { status, headers: { location: `/up/1${query}` } });
    });
    const { push } = await openSide(server.host);
    await requireUpload(await push("a/b").beginBlob(describe(bytes))).put(bytes);
    assert.deepEqual(seen, [`/up/1${wanted.replace("D", describe(bytes).digest)}`]);
  });
}

test("BlobUpload.put() sends no credential to a Location on another origin", async () => {
  const bytes = randomBytes(100, 1);
  const seen: (string | null)[] = [];
  await using store = await serve(async (request) => {
    seen.push(request.headers.get("authorization"));
    await request.arrayBuffer();
    return new Response(null, { status: 201 });
  });
  await using registry = await startRegistry({ auth: { type: "basic", users } });
  registry.fail({
    method: "POST",
    after: 1,
    action: { status: 202, headers: { location: `${store.url}/upload?_state=x` } },
  });
  const { push } = await openSide(registry.host, { credentials: ada });
  await requireUpload(await push("a/b").beginBlob(describe(bytes))).put(bytes);
  assert.deepEqual(seen, [null]);
});

test("Repository.beginBlob() rejects an upload without a Location", async () => {
  await using registry = await startRegistry();
  registry.fail({ method: "POST", action: { status: 202 } });
  const { push } = await openSide(registry.host);
  const error = await failureOf(push("a/b").beginBlob(describe(randomBytes(9, 1))));
  assert.equal(error.code, "registry");
  assert.match(error.message, /no valid Location/);
});

test("RegistryClient.send() names the proxy that may have answered itself", async () => {
  await using proxy = await startProxy({ refusal: "403 Forbidden" });
  using _ = setEnvironment({ http_proxy: proxy.url, no_proxy: "none.test" });
  const { client } = await openSide("registry.test:5000");
  const error = await failureOf(client.send({
    method: "GET",
    target: "/v2/",
    what: "read it",
    access: { repository: undefined, scopes: [] },
    accept: [200],
  }));
  assert.equal(
    error.message,
    `read it: registry.test:5000 answered 403 Forbidden, through the proxy ${proxy.host}`,
  );
});
