import assert from "node:assert/strict";
import { test } from "node:test";
import { staticCredentials } from "../../src/auth/credentials.ts";
import { NetworkError } from "../../src/errors.ts";
import { readBody } from "../../src/streams/chunk_reader.ts";
import { randomBytes } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import type { Server } from "../support/serve.ts";
import { until } from "../support/until.ts";
import { describe, failureOf, openSide, requireUpload, utf8 } from "./setup.ts";

const BYTES = randomBytes(1000, 1);
const BLOB = describe(BYTES);
const OTHER_BYTES = randomBytes(500, 2);
const OTHER = describe(OTHER_BYTES);
/** As registries that are not built from CNCF distribution. */
const PLAIN: RegistryOptions = { selfMount: false, distributionLike: false };

/** The methods of all requests so far, `POST?` with a mount. */
function methods(registry: RunningRegistry): string[] {
  return registry.requests.map(({ method, query }) => query.has("mount") ? `${method}?` : method);
}

// A registry that answers a mount from the repository itself.

test("Repository.beginBlob() checks and starts by one request: the blob exists", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/b", BYTES);
  const repository = (await openSide(registry.host)).push("a/b");
  assert.deepEqual(await repository.beginBlob(BLOB), { state: "present" });
  assert.deepEqual(methods(registry), ["POST?"]);
  assert.equal(registry.requests[0]?.query.get("from"), "a/b");
});

test("Repository.beginBlob() checks and starts by one request: the blob is missing", async () => {
  await using registry = await startRegistry();
  const repository = (await openSide(registry.host)).push("a/b");
  for (const bytes of [BYTES, OTHER_BYTES]) {
    await requireUpload(await repository.beginBlob(describe(bytes))).put(bytes);
    assert.deepEqual(await registry.getBlob("a/b", describe(bytes).digest), bytes);
  }
  assert.deepEqual(methods(registry), ["POST?", "PUT", "POST?", "PUT"]);
});

test("Repository.beginBlob() trusts a registry that once knew its own blob", async () => {
  await using registry = await startRegistry({ distributionLike: false });
  await registry.putBlob("a/b", BYTES);
  const repository = (await openSide(registry.host)).push("a/b");
  assert.deepEqual(await repository.beginBlob(BLOB), { state: "present" });
  await requireUpload(await repository.beginBlob(OTHER)).put(OTHER_BYTES);
  assert.deepEqual(methods(registry), ["POST?", "POST?", "PUT"]);
});

for (const status of [400, 404, 405]) {
  test(`Repository.beginBlob() goes the long way when a mount that worked is refused by ${status}`, async () => {
    await using registry = await startRegistry();
    await registry.putBlob("a/b", BYTES);
    const repository = (await openSide(registry.host)).push("a/b");
    await repository.beginBlob(BLOB);
    registry.fail({ method: "POST", action: { status } });
    await requireUpload(await repository.beginBlob(OTHER)).put(OTHER_BYTES);
    assert.deepEqual(methods(registry), ["POST?", "POST?", "HEAD", "POST", "PUT"]);
  });
}

// One that does not.

test("Repository.beginBlob() learns that a registry does not mount from the repository itself", async () => {
  await using registry = await startRegistry(PLAIN);
  const repository = (await openSide(registry.host)).push("a/b");
  await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
  assert.deepEqual(methods(registry), ["POST?", "HEAD", "PUT"]);
  registry.clearRequests();
  assert.deepEqual(await repository.beginBlob(BLOB), { state: "present" });
  assert.deepEqual(methods(registry), ["HEAD"]);
  registry.clearRequests();
  await requireUpload(await repository.beginBlob(OTHER)).put(OTHER_BYTES);
  assert.deepEqual(methods(registry), ["HEAD", "POST", "PUT"]);
});

test("Repository.beginBlob() cancels the upload that was opened for an existing blob", async () => {
  await using registry = await startRegistry(PLAIN);
  await registry.putBlob("a/b", BYTES);
  const repository = (await openSide(registry.host)).push("a/b");
  assert.deepEqual(await repository.beginBlob(BLOB), { state: "present" });
  assert.deepEqual(methods(registry), ["POST?", "HEAD", "DELETE"]);
});

test("Repository.beginBlob() cancels the upload that was opened if the check for the blob fails", async () => {
  await using registry = await startRegistry(PLAIN);
  const repository = (await openSide(registry.host)).push("a/b");
  registry.fail({ method: "HEAD", times: 99, action: { status: 429 } });
  const error = await failureOf(repository.beginBlob(BLOB));
  assert.equal(error.code, "rate_limited");
  assert.equal(methods(registry).at(-1), "DELETE");
});

test("Repository.beginBlob() names the side of a missing Location", async () => {
  await using server = await serve(() => new Response(null, { status: 202 }));
  const error = await failureOf((await openSide(server.host)).push("a/b").beginBlob(BLOB));
  assert.match(error.message, /returned no valid Location/);
  assert.equal(error.side, "source");
});

for (const status of [400, 401, 403, 404, 405, 412, 422]) {
  test(`Repository.beginBlob() takes ${status} to a mount from itself as a registry that cannot`, async () => {
    await using registry = await startRegistry(PLAIN);
    registry.fail({ method: "POST", action: { status } });
    const repository = (await openSide(registry.host)).push("a/b");
    await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
    assert.deepEqual(methods(registry), ["POST?", "HEAD", "POST", "PUT"]);
  });
}

test("Repository.beginBlob() fails when the registry denies to push", async () => {
  await using registry = await startRegistry();
  registry.fail({ method: "POST", times: 9, action: { status: 403 } });
  const error = await failureOf((await openSide(registry.host)).push("a/b").beginBlob(BLOB));
  assert.equal(error.code, "denied");
  assert.deepEqual(methods(registry), ["POST?", "HEAD", "POST"]);
});

// Mounts from other repositories.

test("Repository.beginBlob() mounts from the first repository that has the blob, in one request", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/one", BYTES);
  const repository = (await openSide(registry.host)).push("a/b");
  const start = await repository.beginBlob(BLOB, { mountFrom: ["a/one", "a/two"] });
  assert.deepEqual(start, { state: "mounted", from: "a/one" });
  assert.deepEqual(methods(registry), ["POST?"]);
  assert.ok(registry.hasBlob("a/b", BLOB.digest));
});

test("Repository.beginBlob() uses the upload that a mount opened", async () => {
  await using registry = await startRegistry({ crossMount: false });
  await registry.putBlob("a/one", BYTES);
  const repository = (await openSide(registry.host)).push("a/b");
  await requireUpload(await repository.beginBlob(BLOB, { mountFrom: ["a/one"] })).put(BYTES);
  assert.deepEqual(methods(registry), ["POST?", "HEAD", "PUT"]);
});

for (const status of [400, 401, 403, 404, 405, 409, 412]) {
  test(`Repository.beginBlob() makes an upload of a mount refused by ${status}`, async () => {
    await using registry = await startRegistry();
    await registry.putBlob("a/one", BYTES);
    registry.fail({ method: "POST", action: { status } });
    const repository = (await openSide(registry.host)).push("a/b");
    await requireUpload(await repository.beginBlob(BLOB, { mountFrom: ["a/one"] })).put(BYTES);
    assert.deepEqual(methods(registry), ["POST?", "POST?", "PUT"]);
  });
}

test("Repository.beginBlob() tries the next repository when a mount is refused", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/two", BYTES);
  registry.fail({ method: "POST", action: { status: 403 } });
  const repository = (await openSide(registry.host)).push("a/b");
  const start = await repository.beginBlob(BLOB, { mountFrom: ["a/one", "a/two"] });
  assert.deepEqual(start, { state: "mounted", from: "a/two" });
});

test("Repository.beginBlob() uploads when a 401 answers the wider scope again and again", async () => {
  const users = { ada: "secret" };
  const credentials = staticCredentials(
    { kind: "basic", username: "ada", password: "secret" },
    "--creds",
  );
  await using registry = await startRegistry({ auth: { type: "bearer", users } });
  const headers = {
    "www-authenticate": `Bearer realm="${registry.url}/token",service="${registry.host}"`,
  };
  registry.fail({ method: "POST", times: 2, action: { status: 401, headers } });
  const repository = (await openSide(registry.host, { credentials })).push("a/b");
  await requireUpload(await repository.beginBlob(BLOB, { mountFrom: ["a/one"] })).put(BYTES);
  assert.ok(registry.hasBlob("a/b", BLOB.digest));
});

for (const status of [500, 502, 503]) {
  test(`Repository.beginBlob() uploads a blob when each mount answers ${status}, after one retry`, async () => {
    await using registry = await startRegistry();
    registry.fail({ method: "POST", times: 4, action: { status } });
    const repository = (await openSide(registry.host)).push("a/b");
    await requireUpload(await repository.beginBlob(BLOB, { mountFrom: ["a/one"] })).put(BYTES);
    assert.deepEqual(methods(registry), [
      ...["POST?", "POST?", "POST?", "POST?", "HEAD", "POST", "PUT"],
    ]);
    assert.ok(registry.hasBlob("a/b", BLOB.digest));
  });
}

test("Repository.beginBlob() does not try a denied mount again", async () => {
  await using registry = await startRegistry({ selfMount: false });
  registry.fail({ method: "POST", action: { status: 401 } });
  const repository = (await openSide(registry.host)).push("a/b");
  for (const bytes of [BYTES, OTHER_BYTES]) {
    const mountFrom = ["a/one"];
    await requireUpload(await repository.beginBlob(describe(bytes), { mountFrom })).put(bytes);
  }
  assert.equal(
    registry.requests.filter(({ query }) => query.get("from") === "a/one").length,
    1,
  );
});

test("Repository.beginBlob() keeps a rate limit of a mount as an error", async () => {
  await using registry = await startRegistry();
  const headers = { "retry-after": "3600" };
  registry.fail({ method: "POST", action: { status: 429, headers } });
  const repository = (await openSide(registry.host)).push("a/b");
  const error = await failureOf(repository.beginBlob(BLOB, { mountFrom: ["a/one"] }));
  assert.equal(error.code, "rate_limited");
  assert.equal(registry.count(), 1);
});

for (const status of [400, 403, 405, 412, 500, 501]) {
  test(`Repository.beginBlob() uploads a blob when HEAD and GET answer ${status}`, async () => {
    await using registry = await startRegistry(PLAIN);
    registry.fail({ method: "HEAD", times: 99, action: { status } });
    registry.fail({ method: "GET", times: 99, action: { status } });
    const repository = (await openSide(registry.host)).push("a/b");
    await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
    await requireUpload(await repository.beginBlob(OTHER)).put(OTHER_BYTES);
    assert.ok(registry.hasBlob("a/b", BLOB.digest) && registry.hasBlob("a/b", OTHER.digest));
    assert.ok(registry.count() <= 14);
  });
}

test("Repository.beginBlob() keeps a 401 of a check for a blob as an error", async () => {
  await using registry = await startRegistry(PLAIN);
  registry.fail({ times: 99, action: { status: 401 } });
  const error = await failureOf((await openSide(registry.host)).push("a/b").beginBlob(BLOB));
  assert.equal(error.code, "unauthorized");
  assert.deepEqual(methods(registry), ["POST?", "HEAD"]);
});

// The upload itself.

test("BlobUpload.put() streams a reader of known length", async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(700_000, 3);
  const repository = (await openSide(registry.host)).push("a/b");
  const upload = requireUpload(await repository.beginBlob(describe(bytes)));
  await upload.put(readBody(new Response(bytes)));
  assert.deepEqual(await registry.getBlob("a/b", describe(bytes).digest), bytes);
  const put = registry.requests.find((request) => request.method === "PUT");
  assert.equal(put?.headers.get("content-length"), "700000");
  assert.equal(put?.headers.get("transfer-encoding"), null);
});

for (const status of [200, 204]) {
  test(`BlobUpload.put() accepts ${status}, the status of registries before the spec`, async () => {
    await using registry = await startRegistry();
    const fault = registry.fail({ method: "PUT", action: { status } });
    const repository = (await openSide(registry.host)).push("a/b");
    await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
    assert.deepEqual([fault.hits, registry.count({ method: "PUT" })], [1, 1]);
  });
}

test("BlobUpload.put() is never retried", async () => {
  await using registry = await startRegistry();
  registry.fail({ method: "PUT", times: 9, action: { status: 503 } });
  const { delays, push } = await openSide(registry.host);
  const error = await failureOf(requireUpload(await push("a/b").beginBlob(BLOB)).put(BYTES));
  assert.equal(error.isTemporary, true);
  assert.equal(registry.count({ method: "PUT" }), 1);
  assert.deepEqual(delays, []);
});

test("BlobUpload.put() of wrong bytes is refused by the registry", async () => {
  await using registry = await startRegistry();
  const { push } = await openSide(registry.host);
  const upload = requireUpload(await push("a/b").beginBlob(OTHER));
  const error = await failureOf(upload.put(BYTES));
  assert.match(error.message, /DIGEST_INVALID/);
  assert.equal(registry.hasBlob("a/b", OTHER.digest), false);
});

for (
  const [stored, wanted] of [
    [OTHER.digest, "integrity"],
    [BLOB.digest, undefined],
    ["sha512:" + "0".repeat(128), undefined],
    ["sha256:nonsense", undefined],
  ] as const
) {
  test(`BlobUpload.put() with ${stored.slice(0, 20)} as the digest that was stored`, async () => {
    await using registry = await startRegistry();
    const headers = { "docker-content-digest": stored };
    registry.fail({ method: "PUT", action: { status: 201, headers } });
    const { push } = await openSide(registry.host);
    const put = requireUpload(await push("a/b").beginBlob(BLOB)).put(BYTES);
    if (wanted === undefined) await put;
    else assert.equal((await failureOf(put)).code, wanted);
  });
}

test("BlobUpload.cancel() deletes the upload, and never rejects", async () => {
  const registry = await startRegistry();
  const repository = (await openSide(registry.host)).push("a/b");
  const upload = requireUpload(await repository.beginBlob(BLOB));
  await upload.cancel();
  assert.equal(registry.count({ method: "DELETE", status: 204 }), 1);
  await upload.cancel();
  await registry.close();
  await upload.cancel();
});

// Whether the registry checks digests.

for (const verifiesDigests of [true, false]) {
  test(`Repository.checksDigests() finds ${verifiesDigests} out by one byte, once`, async () => {
    await using registry = await startRegistry({ verifiesDigests });
    const { push } = await openSide(registry.host);
    const repository = push("a/b");
    const answers = await Promise.all([repository.checksDigests(), repository.checksDigests()]);
    answers.push(await push("a/c").checksDigests());
    assert.deepEqual(answers, [verifiesDigests, verifiesDigests, verifiesDigests]);
    assert.equal(registry.count({ method: "PUT" }), 1);
    const put = registry.requests.find((request) => request.method === "PUT");
    assert.equal(put?.requestBytes, 1);
  });
}

test("Repository.checksDigests() is false after a failure unrelated to digests", async () => {
  await using registry = await startRegistry();
  registry.fail({ method: "PUT", action: { status: 500 } });
  assert.equal(await (await openSide(registry.host)).push("a/b").checksDigests(), false);
});

test("Repository.checksDigests() probes again after a probe that could not start", async () => {
  await using registry = await startRegistry();
  registry.fail({ method: "POST", action: { status: 403 } });
  const repository = (await openSide(registry.host)).push("a/b");
  assert.equal((await failureOf(repository.checksDigests())).code, "denied");
  assert.equal(await repository.checksDigests(), true);
});

test("Repository.checksDigests() resolves other calls if one is aborted", async () => {
  await using registry = await startRegistry();
  const release = Promise.withResolvers<void>();
  const tamper = async (response: Response): Promise<Response> => {
    await release.promise;
    return response;
  };
  registry.fail({ method: "PUT", action: { tamper } });
  const repository = (await openSide(registry.host)).push("a/b");
  const controller = new AbortController();
  const reason = new Error("enough");
  const { signal } = controller;
  const gaveUp = assert.rejects(repository.checksDigests({ signal }), (error) => error === reason);
  const other = repository.checksDigests();
  await until("the probe is there", () => registry.requests.some((it) => it.method === "PUT"));
  controller.abort(reason);
  release.resolve();
  await gaveUp;
  assert.equal(await other, true);
});

test("Repository.checksDigests() does not probe a registry of the quirks table", async () => {
  const fetch = (): Promise<Response> => Promise.reject(new NetworkError("dns", "not to be asked"));
  const { push } = await openSide("docker.io", { isPlain: false, runtime: { fetch } });
  assert.equal(await push("a/b").checksDigests(), true);
});

test("Repository.beginBlob() sends Quay a HEAD first", async () => {
  const seen: string[] = [];
  await using server = await serve((request) => {
    seen.push(request.method);
    return new Response(null, { status: 200 });
  });
  const { client, push } = await openSide("quay.io", { isPlain: false });
  const { runtime } = client;
  const real = runtime.fetch.bind(runtime);
  Object.assign(runtime, {
    fetch: (request: Parameters<typeof real>[0]) =>
      real({ ...request, url: new URL(request.url.pathname, server.url) }),
  });
  assert.deepEqual(await push("a/b").beginBlob(BLOB), { state: "present" });
  assert.deepEqual(seen, ["HEAD"]);
});

// Redirects.

/** A host that redirects every request to another one, under the same path. */
async function serveMoved(to: () => string, status: number, path: RegExp): Promise<Server> {
  return await serve(async (request) => {
    const { pathname, search } = new URL(request.url);
    await request.body?.pipeTo(new WritableStream());
    return path.test(`${request.method} ${pathname}`)
      ? new Response(null, { status, headers: { location: `${to()}${pathname}${search}` } })
      : new Response(null, { status: 404 });
  });
}

for (const status of [307, 308]) {
  test(`Repository.beginBlob() follows a POST's ${status}, and resolves a relative Location at the other host`, async () => {
    await using registry = await startRegistry({ location: "relative" });
    await using moved = await serveMoved(() => registry.url, status, /^POST /);
    const repository = (await openSide(moved.host)).push("a/b");
    await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
    assert.ok(registry.hasBlob("a/b", BLOB.digest));
    assert.deepEqual(methods(registry), ["POST?", "PUT"]);
  });

  test(`BlobUpload.put() follows a PUT's ${status} with its body`, async () => {
    await using registry = await startRegistry();
    const repository = (await openSide(registry.host)).push("a/b");
    const redirect = ({ url }: Request): string => url;
    registry.fail({ method: "PUT", action: { redirect, status } });
    await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
    assert.ok(registry.hasBlob("a/b", BLOB.digest));
  });

  test(`Repository.putManifest() follows a PUT's ${status} with its body`, async () => {
    await using registry = await startRegistry({ strictManifests: false });
    const repository = (await openSide(registry.host)).push("a/b");
    const redirect = ({ url }: Request): string => url;
    registry.fail({ method: "PUT", action: { redirect, status } });
    const bytes = utf8('{"schemaVersion":2}');
    const mediaType = "application/vnd.oci.image.index.v1+json";
    await repository.putManifest({ bytes, mediaType, digest: describe(bytes).digest }, {
      tag: "1",
    });
    assert.deepEqual(registry.tags("a/b"), ["1"]);
  });
}

for (const status of [301, 302, 303]) {
  test(`Repository.beginBlob() sends a GET after a POST's ${status}, and no upload is begun`, async () => {
    await using registry = await startRegistry({ selfMount: false });
    await using moved = await serveMoved(() => registry.url, status, /^POST /);
    const error = await failureOf((await openSide(moved.host)).push("a/b").beginBlob(BLOB));
    assert.equal(error.side, "source");
    assert.equal(registry.count({ method: "POST" }), 0);
    assert.ok(registry.requests.every(({ method }) => method === "GET"));
  });
}

test("Repository.beginBlob() sends no credential to the other host of a POST's redirect", async () => {
  const users = { ada: "secret" };
  const credentials = staticCredentials(
    { kind: "basic", username: "ada", password: "secret" },
    "--creds",
  );
  await using other = await startRegistry();
  await using registry = await startRegistry({ auth: { type: "basic", users } });
  const repository = (await openSide(registry.host, { credentials })).push("a/b");
  await repository.hasBlob(BLOB);
  const redirect = (request: Request): string => {
    const { pathname, search } = new URL(request.url);
    return `${other.url}${pathname}${search}`;
  };
  registry.fail({ method: "POST", action: { redirect } });
  await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
  assert.ok(other.hasBlob("a/b", BLOB.digest));
  assert.ok(other.requests.every(({ headers }) => !headers.has("authorization")));
});
