import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "./generated_bytes.ts";
import { createRegistry, startRegistry } from "./registry.ts";
import type { RunningRegistry } from "./registry.ts";
import { digestOf } from "./registry_store.ts";

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const MISSING = digestOf(new Uint8Array([1, 2, 3]));
const BLOB = randomBytes(1000, 1);

test("GET /v2/ responds with 200", async () => {
  const response = await createRegistry().fetch(new Request("http://registry/v2/"));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("docker-distribution-api-version"), "registry/2.0");
});

const UNKNOWN: [method: string, path: string, status: number, code: string][] = [
  ["GET", "/v2/app/tags/list", 404, "NAME_UNKNOWN"],
  ["GET", "/v2/app/manifests/latest", 404, "MANIFEST_UNKNOWN"],
  ["GET", `/v2/app/manifests/${MISSING}`, 404, "MANIFEST_UNKNOWN"],
  ["DELETE", "/v2/app/manifests/latest", 404, "MANIFEST_UNKNOWN"],
  ["GET", `/v2/app/blobs/${MISSING}`, 404, "BLOB_UNKNOWN"],
  ["GET", "/v2/app/blobs/sha256:short", 400, "DIGEST_INVALID"],
  ["PATCH", "/v2/app/blobs/uploads/none", 404, "BLOB_UPLOAD_UNKNOWN"],
  ["PUT", "/v2/app/manifests/latest", 400, "MANIFEST_INVALID"],
  ["GET", "/v2/App/tags/list", 400, "NAME_INVALID"],
  ["POST", "/v2/app/tags/list", 405, "UNSUPPORTED"],
];
for (const [method, path, status, code] of UNKNOWN) {
  test(`${method} ${path.slice(0, 40)} answers ${code}`, async () => {
    await using registry = await startRegistry();
    const response = await fetch(registry.url + path, { method });
    assert.equal(response.status, status);
    assert.equal((await response.json()).errors[0].code, code);
  });
}

test("PUT manifest keeps bytes and type, by tag and by digest", async () => {
  await using registry = await startRegistry({ strictManifests: false });
  const text = `{ "schemaVersion": 2,  "config": {"digest": "${MISSING}"} }`;
  const put = await putManifest(registry, "v1", text);
  assert.equal(put.status, 201);
  const digest = digestOf(new TextEncoder().encode(text));
  assert.equal(put.headers.get("docker-content-digest"), digest);
  assert.equal(put.headers.get("location"), `${registry.url}/v2/app/manifests/${digest}`);
  for (const reference of ["v1", digest]) {
    const got = await fetch(`${registry.url}/v2/app/manifests/${reference}`);
    assert.equal(got.headers.get("content-type"), OCI_MANIFEST);
    assert.equal(got.headers.get("docker-content-digest"), digest);
    assert.equal(await got.text(), text);
  }
});

test("PUT manifest accepts sha512 and rejects a wrong digest", async () => {
  await using registry = await startRegistry();
  const digest = digestOf(new TextEncoder().encode("{}"), "sha512");
  assert.equal((await putManifest(registry, digest, "{}")).status, 201);
  const wrong = await putManifest(registry, digest, "{ }");
  assert.equal(wrong.status, 400);
  assert.equal((await wrong.json()).errors[0].code, "DIGEST_INVALID");
});

test("PUT manifest names each thing that is missing, but not foreign layers", async () => {
  await using registry = await startRegistry();
  const { digest } = await registry.putBlob("app", BLOB);
  const foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
  const other = digestOf(new Uint8Array([4]));
  const manifest = JSON.stringify({
    config: { digest: MISSING },
    layers: [{ digest }, { digest: other }, {
      mediaType: foreign,
      digest: digestOf(BLOB, "sha512"),
    }],
  });
  const response = await putManifest(registry, "v1", manifest);
  assert.equal(response.status, 400);
  assert.deepEqual(
    (await response.json()).errors.map((
      e: { code: string; detail: unknown },
    ) => [e.code, e.detail]),
    [MISSING, other].map((digest) => ["MANIFEST_BLOB_UNKNOWN", { digest }]),
  );
  assert.deepEqual(registry.tags("app"), []);
});

test("PUT manifest answers 413 above maxManifestBytes", async () => {
  await using registry = await startRegistry({ maxManifestBytes: 10 });
  assert.equal((await putManifest(registry, "v1", `{"a":"${"b".repeat(10)}"}`)).status, 413);
  assert.equal((await putManifest(registry, "v1", "{}")).status, 201);
});

test("a push answers NAME_UNKNOWN until its repository was created, where that is asked for", async () => {
  await using registry = await startRegistry({ createsRepositories: false });
  const post = (): Promise<Response> =>
    fetch(`${registry.url}/v2/app/blobs/uploads/`, { method: "POST" });
  for (const response of [await post(), await putManifest(registry, "v1", "{}")]) {
    assert.equal(response.status, 404);
    assert.equal((await response.json()).errors[0].code, "NAME_UNKNOWN");
  }
  registry.createRepository("app");
  assert.equal((await post()).status, 202);
  assert.equal((await putManifest(registry, "v1", "{}")).status, 201);
});

test("DELETE of a tag keeps the manifest, of a digest takes its tags along", async () => {
  await using registry = await startRegistry();
  const { digest } = await registry.putManifest("app", {}, OCI_MANIFEST, ["a", "b"]);
  const base = `${registry.url}/v2/app/manifests`;
  assert.equal((await fetch(`${base}/a`, { method: "DELETE" })).status, 202);
  assert.deepEqual(registry.tags("app"), ["b"]);
  assert.equal((await fetch(`${base}/${digest}`, { method: "DELETE" })).status, 202);
  assert.deepEqual(registry.tags("app"), []);
});

test("DELETE answers 405 where nothing is deletable", async () => {
  await using registry = await startRegistry({ deletable: false });
  const { digest } = await registry.putBlob("app", BLOB);
  await registry.putManifest("app", {}, OCI_MANIFEST, ["a"]);
  for (const path of [`blobs/${digest}`, "manifests/a"]) {
    const response = await fetch(`${registry.url}/v2/app/${path}`, { method: "DELETE" });
    assert.equal(response.status, 405, path);
    await response.text();
  }
  assert.ok(registry.hasBlob("app", digest));
});

test("GET blob answers ranges", async () => {
  await using registry = await startRegistry();
  const { digest } = await registry.putBlob("app", BLOB);
  const rows: [range: string, status: number, start: number, end: number][] = [
    ["bytes=0-99", 206, 0, 100],
    ["bytes=990-", 206, 990, 1000],
    ["bytes=990-5000", 206, 990, 1000],
    ["bytes=-10", 206, 990, 1000],
    ["bytes=0-1,5-6", 200, 0, 1000],
    ["bytes=1000-", 416, 0, 0],
    ["bytes=-0", 416, 0, 0],
  ];
  for (const [range, status, start, end] of rows) {
    const response = await fetch(`${registry.url}/v2/app/blobs/${digest}`, { headers: { range } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.equal(response.status, status, range);
    const contentRange = response.headers.get("content-range");
    if (status === 416) assert.equal(contentRange, "bytes */1000", range);
    else assert.deepEqual(bytes, BLOB.slice(start, end), range);
    if (status === 206) assert.equal(contentRange, `bytes ${start}-${end - 1}/1000`, range);
  }
});

test("GET tags/list pages through tags in lexical order", async () => {
  await using registry = await startRegistry();
  await registry.putManifest("app", {}, OCI_MANIFEST, ["b", "C", "a", "d+", "e"]);
  const pages: string[][] = [];
  let next: string | undefined = "/v2/app/tags/list?n=2";
  while (next !== undefined) {
    const response: Response = await fetch(registry.url + next);
    pages.push((await response.json()).tags);
    next = /^<(.+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
  }
  assert.deepEqual(pages, [["a", "b"], ["C", "d+"], ["e"]]);
  const none = await fetch(`${registry.url}/v2/app/tags/list?n=0`);
  assert.deepEqual(await none.json(), { name: "app", tags: [] });
});

test("corruptBlob() changes one byte and neither digest nor size", async () => {
  await using registry = await startRegistry();
  const { digest } = await registry.putBlob("app", BLOB);
  registry.corruptBlob("app", digest);
  const response = await fetch(`${registry.url}/v2/app/blobs/${digest}`);
  assert.equal(response.headers.get("docker-content-digest"), digest);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const changed = [...bytes.keys()].filter((i) => bytes[i] !== BLOB[i]);
  assert.deepEqual(changed, [500]);
});

test("putGeneratedBlob() serves the bytes of its digest, whole and in ranges", async () => {
  await using registry = await startRegistry();
  const { digest, size } = await registry.putGeneratedBlob("app", 300_001, 7);
  const url = `${registry.url}/v2/app/blobs/${digest}`;
  const whole = new Uint8Array(await (await fetch(url)).arrayBuffer());
  assert.equal(whole.length, size);
  assert.equal(digestOf(whole), digest);
  assert.notDeepEqual(whole.slice(0, 65536), whole.slice(65536, 131072));
  const part = await fetch(url, { headers: { range: "bytes=65000-200000" } });
  assert.deepEqual(new Uint8Array(await part.arrayBuffer()), whole.slice(65000, 200001));
});

test("requests records requests and the bytes of their bodies", async () => {
  await using registry = await startRegistry();
  const { digest } = await registry.putBlob("app", BLOB);
  await (await fetch(`${registry.url}/v2/app/blobs/${digest}`)).arrayBuffer();
  const post = await fetch(`${registry.url}/v2/app/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    body: BLOB,
  });
  await post.text();
  const seen = registry.requests.map((r) => [
    r.kind,
    r.method,
    r.path,
    r.query.get("digest"),
    r.status,
    r.requestBytes,
    r.responseBytes,
  ]);
  assert.deepEqual(seen, [
    ["registry", "GET", `/v2/app/blobs/${digest}`, null, 200, 0, 1000],
    ["registry", "POST", "/v2/app/blobs/uploads/", digest, 201, 1000, 0],
  ]);
  assert.equal(registry.count({ method: "GET", path: "/blobs/" }), 1);
  assert.equal(registry.count({ path: /uploads\/$/, status: 201 }), 1);
  assert.equal(registry.count(), 2);
  registry.clearRequests();
  assert.equal(registry.count(), 0);
});

function putManifest(
  registry: RunningRegistry,
  reference: string,
  body: string,
): Promise<Response> {
  return fetch(`${registry.url}/v2/app/manifests/${reference}`, {
    method: "PUT",
    headers: { "content-type": OCI_MANIFEST },
    body,
  });
}
