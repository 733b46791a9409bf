import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "./generated_bytes.ts";
import { startRegistry } from "./registry.ts";
import type { RunningRegistry } from "./registry.ts";
import { digestOf } from "./registry_store.ts";

const BLOB = randomBytes(3000, 2);
const DIGEST = digestOf(BLOB);

for (const algorithm of ["sha256", "sha512"] as const) {
  test(`PUT of an upload stores the blob under ${algorithm}`, async () => {
    await using registry = await startRegistry();
    const digest = digestOf(BLOB, algorithm);
    const response = await send("PUT", await open(registry), BLOB, { digest });
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("location"), `${registry.url}/v2/app/blobs/${digest}`);
    assert.deepEqual(await registry.getBlob("app", digest), BLOB);
  });

  test(`PATCH in chunks stores the blob under ${algorithm}`, async () => {
    await using registry = await startRegistry();
    const digest = digestOf(BLOB, algorithm);
    const first = await send("PATCH", await open(registry), BLOB.slice(0, 1000), {
      range: "0-999",
    });
    assert.equal(first.status, 202);
    assert.equal(first.headers.get("range"), "0-999");
    const second = await send("PATCH", locationOf(first), BLOB.slice(1000), { range: "1000-2999" });
    const closed = await send("PUT", locationOf(second), undefined, { digest });
    assert.equal(closed.status, 201);
    assert.deepEqual(await registry.getBlob("app", digest), BLOB);
  });
}

test("PUT under a wrong digest stores nothing, but in a careless registry", async () => {
  for (const verifiesDigests of [true, false]) {
    await using registry = await startRegistry({ verifiesDigests });
    const wrong = digestOf(new Uint8Array([1]));
    const response = await send("PUT", await open(registry), BLOB, { digest: wrong });
    assert.equal(response.status, verifiesDigests ? 400 : 201);
    await response.text();
    assert.equal(registry.hasBlob("app", wrong), !verifiesDigests);
  }
});

test("PATCH out of order responds with 416 and the offset of the upload", async () => {
  await using registry = await startRegistry();
  const first = await send("PATCH", await open(registry), BLOB.slice(0, 10), { range: "0-9" });
  const wrong = await send("PATCH", locationOf(first), BLOB.slice(20, 30), { range: "20-29" });
  assert.equal(wrong.status, 416);
  assert.equal(wrong.headers.get("range"), "0-9");
  await wrong.text();
  const status = await fetch(locationOf(wrong));
  assert.equal(status.status, 204);
  assert.equal(status.headers.get("range"), "0-9");
});

test("PATCH without the _state of the last Location is refused", async () => {
  await using registry = await startRegistry();
  const location = await open(registry);
  assert.ok(location.searchParams.has("_state"));
  const bare = new URL(location.pathname, location);
  assert.equal((await send("PATCH", bare, BLOB)).status, 400);
  assert.equal((await send("PATCH", location, BLOB)).status, 202);
  assert.equal((await send("PATCH", location, BLOB)).status, 400);
});

test("distributionLike: false and location: relative give a bare path", async () => {
  await using registry = await startRegistry({ distributionLike: false, location: "relative" });
  const response = await post(registry, "");
  assert.match(response.headers.get("location") ?? "", /^\/v2\/app\/blobs\/uploads\/[^?]+$/);
  assert.equal(response.headers.get("docker-upload-uuid"), null);
});

test("DELETE of an upload ends it", async () => {
  await using registry = await startRegistry();
  const location = await open(registry);
  assert.equal((await send("DELETE", location)).status, 204);
  const again = await send("PUT", location, BLOB, { digest: DIGEST });
  assert.equal(again.status, 404);
  await again.text();
});

const MOUNTS: [name: string, options: object, at: string, query: string, status: number][] = [
  ["another repository", {}, "base", "&from=base", 201],
  ["another repository without crossMount", { crossMount: false }, "base", "&from=base", 202],
  ["the wrong repository", {}, "base", "&from=else", 202],
  ["anywhere", {}, "base", "", 201],
  ["anywhere without crossMount", { crossMount: false }, "base", "", 202],
  ["itself", {}, "app", "&from=app", 201],
  ["itself without crossMount", { crossMount: false }, "app", "&from=app", 201],
  ["itself without selfMount", { selfMount: false }, "app", "&from=app", 202],
];
for (const [name, options, at, query, status] of MOUNTS) {
  test(`POST mounts from ${name}: ${status}`, async () => {
    await using registry = await startRegistry(options);
    await registry.putBlob(at, BLOB);
    const response = await post(registry, `?mount=${DIGEST}${query}`);
    assert.equal(response.status, status);
    assert.equal(registry.hasBlob("app", DIGEST), status === 201 || at === "app");
    assert.equal(locationOf(response).pathname.includes("/uploads/"), status === 202);
  });
}

test("POST with a digest and a body stores it, or only opens an upload without singlePost", async () => {
  for (const singlePost of [true, false]) {
    await using registry = await startRegistry({ singlePost });
    const response = await post(registry, `?digest=${DIGEST}`, BLOB);
    assert.equal(response.status, singlePost ? 201 : 202);
    assert.equal(registry.hasBlob("app", DIGEST), singlePost);
  }
});

test("maxUploadBytes is announced and answers 413, with and without a Content-Length", async () => {
  await using registry = await startRegistry({ maxUploadBytes: 2000 });
  const opened = await post(registry, "");
  assert.equal(opened.headers.get("oci-chunk-max-length"), "2000");
  const known = await send("PUT", locationOf(opened), BLOB, { digest: DIGEST });
  assert.equal(known.status, 413);
  await known.text();
  const unknown = await fetch(withDigest(await open(registry), DIGEST), {
    method: "PUT",
    body: new Blob([BLOB]).stream(),
    duplex: "half",
  } as RequestInit);
  assert.equal(unknown.status, 413);
  await unknown.text();
  const chunk = await send("PATCH", await open(registry), BLOB.slice(0, 2000));
  assert.equal(chunk.status, 202);
  assert.equal(
    (await send("PUT", locationOf(chunk), BLOB.slice(2000), { digest: DIGEST })).status,
    201,
  );
});

test("minChunkBytes is announced, and a short chunk that is not the last is rejected", async () => {
  await using registry = await startRegistry({ minChunkBytes: 1000 });
  const opened = await post(registry, "");
  assert.equal(opened.headers.get("oci-chunk-min-length"), "1000");
  const short = await send("PATCH", locationOf(opened), BLOB.slice(0, 10));
  assert.equal(short.status, 202);
  const next = await send("PATCH", locationOf(short), BLOB.slice(10));
  assert.equal(next.status, 400);
  await next.text();
  const large = await send("PATCH", await open(registry), BLOB.slice(0, 2500));
  const last = await send("PATCH", locationOf(large), BLOB.slice(2500));
  const closed = await send("PUT", locationOf(last), undefined, { digest: DIGEST });
  assert.equal(closed.status, 201);
});

test("keepBlobs: discard checks the digest and keeps the size alone", async () => {
  await using registry = await startRegistry({ keepBlobs: "discard" });
  const wrong = await send("PUT", await open(registry), BLOB.slice(1), { digest: DIGEST });
  assert.equal(wrong.status, 400);
  await wrong.text();
  assert.equal((await send("PUT", await open(registry), BLOB, { digest: DIGEST })).status, 201);
  const url = `${registry.url}/v2/app/blobs/${DIGEST}`;
  const head = await fetch(url, { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "3000");
  const got = await fetch(url);
  assert.equal(got.status, 501);
  await got.text();
});

function post(
  registry: RunningRegistry,
  query: string,
  body?: Uint8Array<ArrayBuffer>,
): Promise<Response> {
  return fetch(`${registry.url}/v2/app/blobs/uploads/${query}`, {
    method: "POST",
    body: body ?? null,
  });
}

async function open(registry: RunningRegistry): Promise<URL> {
  const response = await post(registry, "");
  assert.equal(response.status, 202);
  return locationOf(response);
}

function locationOf(response: Response): URL {
  return new URL(response.headers.get("location") ?? "", response.url);
}

function withDigest(location: URL, digest: string): URL {
  const url = new URL(location);
  url.searchParams.set("digest", digest);
  return url;
}

function send(
  method: string,
  location: URL,
  body?: Uint8Array<ArrayBuffer>,
  options: { digest?: string; range?: string } = {},
): Promise<Response> {
  const url = options.digest === undefined ? location : withDigest(location, options.digest);
  return fetch(url, {
    method,
    body: body ?? null,
    headers: options.range === undefined ? {} : { "content-range": options.range },
  });
}
