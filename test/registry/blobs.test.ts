import assert from "node:assert/strict";
import { test } from "node:test";
import { staticCredentials } from "../../src/auth/credentials.ts";
import { randomBytes } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { FaultAction } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import { describe, failureOf, openSide } from "./setup.ts";

const BYTES = randomBytes(1000, 1);
const BLOB = describe(BYTES);
const users = { ada: "secret" };
const ada = staticCredentials({ kind: "basic", username: "ada", password: "secret" }, "--creds");

function withHeader(name: string, value: string): FaultAction {
  return {
    tamper(response): Response {
      response.headers.set(name, value);
      return response;
    },
  };
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

test("Repository.hasBlob() sends a HEAD", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/b", BYTES);
  const repository = (await openSide(registry.host)).pull("a/b");
  assert.equal(await repository.hasBlob(BLOB), true);
  assert.equal(await repository.hasBlob(describe(randomBytes(9, 2))), false);
  assert.equal(registry.count({ method: "HEAD" }), 2);
  assert.equal(registry.count(), 2);
});

for (const status of [400, 403, 405, 412, 501]) {
  test(`Repository.hasBlob() becomes a GET where HEAD is refused by ${status}`, async () => {
    await using registry = await startRegistry();
    await registry.putBlob("a/b", BYTES);
    registry.fail({ method: "HEAD", times: 2, action: { status } });
    const repository = (await openSide(registry.host)).pull("a/b");
    assert.equal(await repository.hasBlob(BLOB), true);
    assert.equal(await repository.hasBlob(describe(randomBytes(9, 2))), false);
  });
}

test("Repository.hasBlob() sends a GET where HEAD is redirected to an unreachable host", async () => {
  const dead = await serve(() => new Response());
  await dead.close();
  const methods: string[] = [];
  await using server = await serve(({ method }) => {
    methods.push(method);
    return method === "HEAD" ? Response.redirect(`${dead.url}/blob`, 307) : new Response(BYTES);
  });
  const { pull } = await openSide(server.host, { retries: 0 });
  assert.equal(await pull("a/b").hasBlob(BLOB), true);
  assert.deepEqual(methods, ["HEAD", "GET"]);
});

test("Repository.hasBlob() fails if the registry itself is unreachable", async () => {
  const dead = await serve(() => new Response());
  await dead.close();
  const { pull } = await openSide(dead.host, { retries: 0 });
  const error = await failureOf(pull("a/b").hasBlob(BLOB));
  assert.equal(error.code, "network");
});

test("Repository.hasBlob() sends a GET where the storage behind a redirect denies HEAD", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/b", BYTES);
  const methods: string[] = [];
  await using storage = await serve(({ method }) => {
    methods.push(method);
    return method === "HEAD" ? new Response(null, { status: 403 }) : new Response(BYTES);
  });
  registry.fail({ path: "/blobs/", times: 2, action: { redirect: `${storage.url}/x` } });
  assert.equal(await (await openSide(registry.host)).push("a/b").hasBlob(BLOB), true);
  assert.deepEqual(methods, ["HEAD", "GET"]);
});

test("Repository.hasBlob() fails if the storage denies GET too, and does not call the blob missing", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/b", BYTES);
  await using storage = await serve(() => new Response(null, { status: 403 }));
  registry.fail({ path: "/blobs/", times: 2, action: { redirect: `${storage.url}/x` } });
  const error = await failureOf((await openSide(registry.host)).push("a/b").hasBlob(BLOB));
  assert.match(error.message, /check for blob/);
});

test("Repository.openBlob() opens the whole blob, asked for unencoded and without Range", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/b", BYTES);
  const response = await (await openSide(registry.host)).pull("a/b").openBlob(BLOB);
  assert.deepEqual(await bytesOf(response), BYTES);
  assert.equal(registry.requests[0]?.headers.get("range"), null);
  assert.equal(registry.requests[0]?.headers.get("accept-encoding"), "identity");
});

test("Repository.openBlob() resumes at an offset by a closed range", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/b", BYTES);
  const response = await (await openSide(registry.host)).pull("a/b").openBlob(BLOB, {
    offset: 300,
  });
  assert.deepEqual(await bytesOf(response), BYTES.slice(300));
  assert.equal(registry.requests[0]?.headers.get("range"), "bytes=300-999");
});

test("Repository.openBlob() rejects a response that ignores the range", async () => {
  await using registry = await startRegistry();
  registry.fail({ action: { tamper: () => new Response(BYTES) } });
  const { pull } = await openSide(registry.host);
  const error = await failureOf(pull("a/b").openBlob(BLOB, { offset: 300 }));
  assert.equal(error.code, "registry");
});

test("Repository.openBlob() rejects another range than the requested one", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/b", BYTES);
  registry.fail({ action: withHeader("content-range", "bytes 299-998/1000") });
  const { pull } = await openSide(registry.host);
  const error = await failureOf(pull("a/b").openBlob(BLOB, { offset: 300 }));
  assert.deepEqual([error.code, error.side], ["registry", "source"]);
  assert.match(error.message, /the bytes from 300, got Content-Range bytes 299-998/);
});

for (const size of [999, 1001]) {
  test(`Repository.openBlob() rejects 1000 bytes if the descriptor has ${size}`, async () => {
    await using registry = await startRegistry();
    await registry.putBlob("a/b", BYTES);
    const { pull } = await openSide(registry.host);
    const error = await failureOf(pull("a/b").openBlob({ ...BLOB, size }));
    assert.deepEqual([error.code, error.side], ["integrity", "source"]);
    assert.match(error.message, new RegExp(`has 1000 bytes, expected ${size} by its descriptor`));
  });
}

test("Repository.openBlob() never returns decoded bytes of an encoding that was not requested", async () => {
  const gzipped = await bytesOf(
    new Response(new Response(BYTES).body?.pipeThrough(new CompressionStream("gzip"))),
  );
  const blob = { ...BLOB, size: gzipped.length, digest: describe(gzipped).digest };
  await using registry = await startRegistry();
  await registry.putBlob("a/b", gzipped);
  registry.fail({ action: withHeader("content-encoding", "gzip") });
  const { client, pull } = await openSide(registry.host);
  const opened = pull("a/b").openBlob(blob);
  if (client.runtime.givesRawBodies) return assert.deepEqual(await bytesOf(await opened), gzipped);
  const error = await failureOf(opened);
  assert.equal(error.code, "integrity");
  assert.match(error.message, /Content-Encoding gzip/);
});

test("Repository.openBlob() names a missing blob", async () => {
  await using registry = await startRegistry();
  const error = await failureOf((await openSide(registry.host)).pull("a/b").openBlob(BLOB));
  assert.equal(error.code, "not_found");
  assert.ok(error.message.includes(BLOB.digest));
});

test("Repository.openBlob() reads a foreign layer from the registry if it is there", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/b", BYTES);
  const foreign = { ...BLOB, urls: ["http://127.0.0.1:1/never"] };
  const response = await (await openSide(registry.host)).pull("a/b").openBlob(foreign);
  assert.deepEqual(await bytesOf(response), BYTES);
});

test("Repository.openBlob() takes a foreign layer from its URLs in turn, without credentials", async () => {
  const seen: [path: string, authorization: string | null][] = [];
  await using store = await serve((request) => {
    const { pathname } = new URL(request.url);
    seen.push([pathname, request.headers.get("authorization")]);
    return pathname === "/2" ? new Response(BYTES) : new Response(null, { status: 404 });
  });
  await using registry = await startRegistry({ auth: { type: "basic", users } });
  const foreign = { ...BLOB, urls: [`${store.url}/1`, `${store.url}/2`, `${store.url}/3`] };
  const { pull } = await openSide(registry.host, { credentials: ada });
  assert.deepEqual(await bytesOf(await pull("a/b").openBlob(foreign)), BYTES);
  assert.deepEqual(seen, [["/1", null], ["/2", null]]);
});

test("Repository.openBlob() sends no credential to a foreign URL at the registry itself", async () => {
  await using registry = await startRegistry({ auth: { type: "basic", users } });
  registry.fail({ path: "/foreign", action: { tamper: () => new Response(BYTES) } });
  const foreign = { ...BLOB, urls: [`${registry.url}/foreign`] };
  const { pull } = await openSide(registry.host, { credentials: ada });
  assert.deepEqual(await bytesOf(await pull("a/b").openBlob(foreign)), BYTES);
  const asked = registry.requests.find((request) => request.path === "/foreign");
  assert.equal(asked?.headers.get("authorization"), null);
});

test("Repository.openBlob() fails with not_found if no URL has the foreign layer", async () => {
  await using store = await serve(() => new Response(null, { status: 404 }));
  await using registry = await startRegistry();
  const foreign = { ...BLOB, urls: [`${store.url}/1`, `${store.url}/2`] };
  const error = await failureOf((await openSide(registry.host)).pull("a/b").openBlob(foreign));
  assert.equal(error.code, "not_found");
  assert.ok(error.message.includes(store.host), error.message);
});

for (const url of ["file:///etc/passwd", "ftp://h/x", "https://u:p@h/x", "x", ""]) {
  test(`Repository.openBlob() rejects the foreign URL "${url}"`, async () => {
    await using registry = await startRegistry();
    const { pull } = await openSide(registry.host);
    const error = await failureOf(pull("a/b").openBlob({ ...BLOB, urls: [url] }));
    assert.deepEqual([error.code, error.side], ["registry", "source"]);
    assert.match(error.message, /not an http\(s\) URL/);
  });
}
