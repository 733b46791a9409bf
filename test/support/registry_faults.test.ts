import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "./generated_bytes.ts";
import { rawGet } from "./raw_request.ts";
import { startRegistry } from "./registry.ts";
import type { FaultAction, RunningRegistry } from "./registry.ts";
import { until } from "./until.ts";

const BLOB = randomBytes(200_000, 3);

test("fail() happens after so many, so many times, where method and path fit", async () => {
  await using registry = await startRegistry();
  const fault = registry.fail({
    method: "GET",
    path: /\/tags\/list$/,
    after: 1,
    times: 2,
    action: { status: 503, headers: { "retry-after": "1" }, body: "busy" },
  });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push(await statusOf(`${registry.url}/v2/app/tags/list`));
  assert.deepEqual(statuses, [404, 503, 503, 404, 404]);
  assert.equal(await statusOf(`${registry.url}/v2/`), 200);
  assert.equal(fault.hits, 2);
});

test("fail() with a status responds with it", async () => {
  await using registry = await startRegistry();
  registry.fail({ action: { status: 429, headers: { "retry-after": "7" }, body: "slow down" } });
  const response = await fetch(`${registry.url}/v2/`);
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "7");
  assert.equal(await response.text(), "slow down");
});

test("close() throws where a fault made no request fail", async () => {
  const registry = await startRegistry();
  registry.fail({ path: "/tags/list", action: { status: 500 } });
  registry.fail({ path: "/blobs/", optional: true, action: { status: 500 } });
  await assert.rejects(registry.close(), /no request was hit by the fault {2}\/tags\/list status$/);
  await registry.close();
});

test("clearFaults() removes rules", async () => {
  await using registry = await startRegistry();
  registry.fail({ times: Infinity, action: { status: 500 } });
  assert.equal(await statusOf(`${registry.url}/v2/`), 500);
  registry.clearFaults();
  assert.equal(await statusOf(`${registry.url}/v2/`), 200);
});

for (const cutAfterBytes of [0, 1, 100_000]) {
  test(`fail() cuts a response after ${cutAfterBytes} bytes`, async () => {
    await using registry = await startRegistry();
    const { digest } = await registry.putBlob("app", BLOB);
    const path = `/v2/app/blobs/${digest}`;
    registry.fail({ path, times: 2, action: { cutAfterBytes } });
    const { head, body } = await rawGet(registry.host, path);
    assert.match(head, /^HTTP\/1\.1 200 [^]*content-length: 200000/i);
    assert.equal(body.length, cutAfterBytes);
    assert.equal(registry.requests[0]?.responseBytes, cutAfterBytes);
    await assert.rejects(async () => await (await fetch(registry.url + path)).arrayBuffer());
  });
}

test("fail() lets a response go silent", async () => {
  await using registry = await startRegistry();
  const response = await getFaulty(registry, { hangAfterBytes: 70_000 });
  const reader = response.body?.getReader();
  assert.ok(reader);
  let bytes = 0;
  while (bytes < 70_000) bytes += (await reader.read()).value?.length ?? 0;
  assert.equal(bytes, 70_000);
  const silence = async (): Promise<string> => {
    for (let i = 0; i < 20; i++) await statusOf(`${registry.url}/v2/`);
    return "silent";
  };
  assert.equal(await Promise.race([reader.read(), silence()]), "silent");
  await reader.cancel();
});

test("fail() cuts an upload, and the registry keeps the bytes before", async () => {
  await using registry = await startRegistry();
  const opened = await fetch(`${registry.url}/v2/app/blobs/uploads/`, { method: "POST" });
  const location = opened.headers.get("location") ?? "";
  registry.fail({ method: "PATCH", action: { cutRequestAfterBytes: 50_000 } });
  // A stream, for Deno's fetch repeats by itself what it can when a connection from its pool breaks.
  const body = new Blob([BLOB]).stream();
  await assert.rejects(fetch(location, { method: "PATCH", body, duplex: "half" } as RequestInit));
  const status = await fetch(location);
  assert.equal(status.headers.get("range"), "0-49999");
});

test("fail() hangs, and hangs up", async () => {
  await using registry = await startRegistry();
  registry.fail({ action: { dropConnection: true } });
  await assert.rejects(fetch(`${registry.url}/v2/`));
  registry.fail({ action: { hang: true } });
  const stop = new AbortController();
  const hanging = assert.rejects(fetch(`${registry.url}/v2/`, { signal: stop.signal }));
  await until("it is asked", () => registry.requests.length === 2);
  stop.abort();
  await hanging;
  assert.deepEqual(registry.requests.map((record) => record.status), [0, 0]);
});

test("fail() delays", async () => {
  await using registry = await startRegistry();
  registry.fail({ action: { delayMs: 100 } });
  const start = performance.now();
  assert.equal(await statusOf(`${registry.url}/v2/`), 200);
  assert.ok(performance.now() - start >= 95);
});

test("fail() redirects to a URL, or to one made of the request", async () => {
  await using registry = await startRegistry();
  registry.fail({ action: { redirect: "http://elsewhere.test/x" } });
  registry.fail({
    action: { redirect: (request) => `/moved${new URL(request.url).pathname}`, status: 302 },
  });
  for (const [status, location] of [[307, "http://elsewhere.test/x"], [302, "/moved/v2/"]]) {
    const response = await fetch(`${registry.url}/v2/`, { redirect: "manual" });
    await response.body?.cancel();
    assert.equal(response.status, status);
    assert.equal(response.headers.get("location"), location);
  }
});

test("fail() tampers with an answer", async () => {
  await using registry = await startRegistry();
  const response = await getFaulty(registry, {
    tamper: (response) => new Response("changed", { headers: { "x-was": `${response.status}` } }),
  });
  assert.equal(response.headers.get("x-was"), "200");
  assert.equal(await response.text(), "changed");
});

async function getFaulty(registry: RunningRegistry, action: FaultAction): Promise<Response> {
  const { digest } = await registry.putBlob("app", BLOB);
  registry.fail({ method: "GET", path: "/blobs/", action });
  return await fetch(`${registry.url}/v2/app/blobs/${digest}`);
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}
