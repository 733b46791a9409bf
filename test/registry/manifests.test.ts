import assert from "node:assert/strict";
import { test } from "node:test";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { RegistryError } from "../../src/registry/registry_error.ts";
import { putImage, putIndex } from "../support/image.ts";
import { serve } from "../support/serve.ts";
import { startRegistry } from "../support/registry.ts";
import type { FaultAction } from "../support/registry.ts";
import { digestOf } from "../support/registry_store.ts";
import { describe, failureOf, openSide, utf8 } from "./setup.ts";

const OTHER = `sha256:${"b".repeat(64)}`;
const SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/** Sets headers of the answer, or takes them off. */
function withHeaders(changes: Record<string, string | null>): FaultAction {
  return {
    tamper(response): Response {
      const headers = new Headers(response.headers);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) headers.delete(name);
        else headers.set(name, value);
      }
      return new Response(response.body, { status: response.status, headers });
    },
  };
}

function answer(bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string>): FaultAction {
  return {
    tamper: () => new Response(bytes, { headers: { "content-type": OCI_MANIFEST, ...headers } }),
  };
}

test("Repository.resolveManifest() costs one HEAD", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "a/b", { tag: "1" });
  const repository = (await openSide(registry.host)).pull("a/b");
  assert.deepEqual(await repository.resolveManifest("1"), descriptor);
  assert.deepEqual(await repository.resolveManifest(descriptor.digest), descriptor);
  assert.equal(repository.requests, 2);
  assert.equal(registry.count({ method: "HEAD" }), 2);
});

test("Repository.resolveManifest() and fetchManifest() return undefined for a missing manifest", async () => {
  await using registry = await startRegistry();
  const { pull } = await openSide(registry.host);
  assert.equal(await pull("a/b").resolveManifest("1"), undefined);
  assert.equal(await pull("a/b").fetchManifest("1"), undefined);
});

const HEADS: readonly [name: string, action: FaultAction][] = [
  ["is refused by 400", { status: 400 }],
  ["is refused by 403", { status: 403 }],
  ["is refused by 405", { status: 405 }],
  ["is refused by 412", { status: 412 }],
  ["is refused by 501", { status: 501 }],
  ["tells no digest", withHeaders({ "docker-content-digest": null })],
  ["tells a digest that is none", withHeaders({ "docker-content-digest": "sha256:x" })],
  ["tells a length of 0", withHeaders({ "content-length": "0" })],
  ["tells no media type", withHeaders({ "content-type": null })],
];

for (const [name, action] of HEADS) {
  test(`Repository.resolveManifest() becomes a GET where HEAD ${name}`, async () => {
    await using registry = await startRegistry();
    const { descriptor } = await putImage(registry, "a/b", { tag: "1" });
    registry.fail({ method: "HEAD", action });
    const repository = (await openSide(registry.host)).pull("a/b");
    assert.deepEqual(await repository.resolveManifest("1"), descriptor);
    assert.equal(registry.count({ method: "GET" }), 1);
  });
}

test("Repository.fetchManifest() requests identity encoding and returns the bytes unchanged", async () => {
  await using registry = await startRegistry();
  const spaced = utf8(
    `{ "schemaVersion" : 2,\n "mediaType":"${OCI_MANIFEST}", "config": ${
      JSON.stringify(describe(utf8("{}")))
    }, "layers": [] }\n`,
  );
  await registry.putManifest("a/b", spaced, OCI_MANIFEST, ["1"]);
  const content = await (await openSide(registry.host)).pull("a/b").fetchManifest("1");
  assert.deepEqual(content, { bytes: spaced, mediaType: OCI_MANIFEST, digest: digestOf(spaced) });
  assert.equal(registry.requests[0]?.headers.get("accept-encoding"), "identity");
});

test("Repository.fetchManifest() takes a Content-Type with parameters", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "a/b", { tag: "1" });
  registry.fail({ action: withHeaders({ "content-type": `${OCI_MANIFEST}; charset=utf-8` }) });
  const content = await (await openSide(registry.host)).pull("a/b").fetchManifest("1");
  assert.equal(content?.mediaType, descriptor.mediaType);
});

test("Repository.fetchManifest() rejects bytes that do not match the digest", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "a/b", { tag: "1" });
  const other = await putImage(registry, "a/b", { tag: "2", seed: 2 });
  const bytes = registry.getManifest("a/b", other.descriptor.digest)?.bytes;
  assert.ok(bytes);
  registry.fail({ action: answer(bytes, {}) });
  const { pull } = await openSide(registry.host);
  const error = await failureOf(pull("a/b").fetchManifest(descriptor.digest));
  assert.deepEqual([error.code, error.side], ["integrity", "source"]);
  assert.ok(error.message.includes(other.descriptor.digest));
  assert.ok(error.message.includes(descriptor.digest));
});

test("Repository.fetchManifest() by tag rejects a wrong Docker-Content-Digest", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "a/b", { tag: "1" });
  registry.fail({ action: withHeaders({ "docker-content-digest": OTHER }) });
  const error = await failureOf((await openSide(registry.host)).pull("a/b").fetchManifest("1"));
  assert.equal(error.code, "integrity");
  assert.ok(error.message.includes(OTHER));
});

test("Repository.fetchManifest() rejects a length above 4 MiB before it reads the body", async () => {
  await using registry = await startRegistry();
  const headers = { "content-length": `${4 * 1024 * 1024 + 1}` };
  const silent = (): Response => new Response(new ReadableStream(), { headers });
  registry.fail({ action: { tamper: silent } });
  const { pull } = await openSide(registry.host, { retries: 0, timeoutMs: 1000 });
  const error = await failureOf(pull("a/b").fetchManifest("1"));
  assert.deepEqual([error.code, error.side], ["limit", "source"]);
});

test("Repository.fetchManifest() stops a body without a length above 4 MiB", async () => {
  await using registry = await startRegistry();
  let given = 0;
  const endless = (): Response =>
    new Response(
      new ReadableStream({
        pull(controller): void {
          controller.enqueue(new Uint8Array(65_536).fill(32));
          given += 65_536;
          if (given >= 64 * 1024 * 1024) controller.close();
        },
      }, { highWaterMark: 0 }),
    );
  registry.fail({ action: { tamper: endless } });
  const error = await failureOf((await openSide(registry.host)).pull("a/b").fetchManifest("1"));
  assert.deepEqual([error.code, error.side], ["limit", "source"]);
  assert.ok(given < 32 * 1024 * 1024, `${given} bytes were given`);
});

test("Repository.fetchManifest() rejects Docker schema 1", async () => {
  await using registry = await startRegistry();
  const old = { schemaVersion: 1, name: "a/b", tag: "1", fsLayers: [], history: [] };
  await registry.putManifest("a/b", old, SCHEMA_1, ["1"]);
  const error = await failureOf((await openSide(registry.host)).pull("a/b").fetchManifest("1"));
  assert.equal(error.code, "unsupported");
});

test("Repository.putManifest() puts the bytes under a tag, or under the digest alone", async () => {
  await using registry = await startRegistry({ strictManifests: false });
  const { descriptor } = await putImage(registry, "a/b", { tag: "1" });
  const { pull, push } = await openSide(registry.host);
  const content = await pull("a/b").fetchManifest("1");
  assert.ok(content);
  await push("a/c").putManifest(content);
  assert.deepEqual(registry.tags("a/c"), []);
  await push("a/c").putManifest(content, { tag: "x" });
  assert.deepEqual(registry.tags("a/c"), ["x"]);
  assert.deepEqual(registry.getManifest("a/c", descriptor.digest)?.bytes, content.bytes);
});

test("Repository.putManifest() fails if another digest was stored", async () => {
  await using registry = await startRegistry({ strictManifests: false });
  await putImage(registry, "a/b", { tag: "1" });
  const { pull, push } = await openSide(registry.host);
  const content = await pull("a/b").fetchManifest("1");
  assert.ok(content);
  registry.fail({ method: "PUT", action: withHeaders({ "docker-content-digest": OTHER }) });
  const error = await failureOf(push("a/c").putManifest(content, { tag: "x" }));
  assert.equal(error.code, "integrity");
  assert.ok(error.message.includes(OTHER));
});

test("Repository.putManifest() names the blob that the registry misses", async () => {
  await using registry = await startRegistry();
  const { layers } = await putImage(registry, "a/b", { tag: "1", layers: 1 });
  const { pull, push } = await openSide(registry.host);
  const content = await pull("a/b").fetchManifest("1");
  assert.ok(content && layers[0]);
  const error = await failureOf(push("a/c").putManifest(content, { tag: "x" }));
  assert.equal(error.code, "registry");
  assert.equal(error.side, "source");
  assert.ok(error.message.includes(layers[0].digest), error.message);
  assert.match(error.hint ?? "", /lacks content of manifest .*--recheck/);
  assert.ok(error.cause instanceof RegistryError);
});

test("Repository.putManifest() names the platform that the registry wants", async () => {
  await using registry = await startRegistry();
  const { images } = await putIndex(registry, "a/b", { tag: "1", platforms: ["linux/amd64"] });
  const { pull, push } = await openSide(registry.host);
  const content = await pull("a/b").fetchManifest("1");
  assert.ok(content && images[0]);
  const error = await failureOf(push("a/c").putManifest(content, { tag: "x" }));
  assert.ok(error.message.includes(images[0].descriptor.digest), error.message);
  assert.match(error.hint ?? "", /--index sparse/);
});

test("Repository.putManifest() calls an immutable tag a conflict", async () => {
  await using registry = await startRegistry({ strictManifests: false });
  await putImage(registry, "a/b", { tag: "1" });
  const { pull, push } = await openSide(registry.host);
  const content = await pull("a/b").fetchManifest("1");
  assert.ok(content);
  const body = JSON.stringify({ errors: [{ code: "TAG_INVALID", message: "tag is immutable" }] });
  registry.fail({ method: "PUT", action: { status: 400, body } });
  const error = await failureOf(push("a/c").putManifest(content, { tag: "x" }));
  assert.equal(error.code, "conflict");
});

const IMMUTABLE = '{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}';

for (const status of [400, 403, 409, 412, 504]) {
  test(`Repository.putManifest() accepts ${status} if the tag has the manifest`, async () => {
    await using registry = await startRegistry();
    const { descriptor } = await putImage(registry, "a/b", { tag: "1" });
    const repository = (await openSide(registry.host, { retries: 1 })).push("a/b");
    const content = await repository.fetchManifest(descriptor.digest);
    assert.ok(content);
    registry.fail({
      method: "PUT",
      times: 9,
      action: {
        async tamper(response): Promise<Response> {
          await response.body?.cancel();
          return new Response(IMMUTABLE, { status });
        },
      },
    });
    await repository.putManifest(content, { tag: "2" });
    assert.equal(registry.getManifest("a/b", "2")?.digest, descriptor.digest);
  });
}

for (
  const [name, status, code, hasTag] of [
    ["if the tag has another manifest", 400, "TAG_INVALID", false],
    ["if the registry lacks a blob", 400, "MANIFEST_BLOB_UNKNOWN", true],
    ["if the credential was rejected", 401, "UNAUTHORIZED", true],
  ] as const
) {
  test(`Repository.putManifest() fails ${name}`, async () => {
    await using registry = await startRegistry();
    const { descriptor } = await putImage(registry, "a/b", hasTag ? { tag: "1" } : {});
    if (!hasTag) await putImage(registry, "a/b", { tag: "1", seed: 2 });
    const repository = (await openSide(registry.host)).push("a/b");
    const content = await repository.fetchManifest(descriptor.digest);
    assert.ok(content);
    registry.fail({
      method: "PUT",
      times: 9,
      action: { status, body: JSON.stringify({ errors: [{ code, message: "refused" }] }) },
    });
    const error = await failureOf(repository.putManifest(content, { tag: "1" }));
    assert.match(error.message, new RegExp(code));
    assert.equal(registry.count({ method: "PUT" }), 1);
  });
}

for (const body of ["<html></html>", "{}"]) {
  test(`Repository.putManifest() rejects 200 with ${body} of a server that stores nothing`, async () => {
    await using registry = await startRegistry();
    await putImage(registry, "a/b", { tag: "1" });
    const { pull, push } = await openSide(registry.host);
    const content = await pull("a/b").fetchManifest("1");
    assert.ok(content);
    registry.fail({ path: "/a/c/", times: 9, action: { status: 200, body } });
    const error = await failureOf(push("a/c").putManifest(content, { tag: "x" }));
    assert.equal(error.code, "registry");
    assert.match(error.message, /answered 200, but does not have the manifest/);
  });
}

test("Repository.putManifest() accepts 200 without a digest if the manifest is there, or cannot be read", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "a/b", { tag: "1" });
  const repository = (await openSide(registry.host)).push("a/b");
  const content = await repository.fetchManifest("1");
  assert.ok(content);
  registry.fail({ method: "PUT", times: 2, action: { status: 200 } });
  await repository.putManifest(content, { tag: "2" });
  registry.fail({ method: "GET", action: { status: 403 } });
  await repository.putManifest(content, { tag: "2" });
});

for (const type of [OCI_MANIFEST.toUpperCase(), `${OCI_MANIFEST}, ${OCI_MANIFEST}`]) {
  test(`Repository.fetchManifest() accepts the Content-Type ${type}`, async () => {
    await using registry = await startRegistry();
    const { descriptor } = await putImage(registry, "a/b", { tag: "1" });
    registry.fail({ action: withHeaders({ "content-type": type }) });
    const content = await (await openSide(registry.host)).pull("a/b").fetchManifest("1");
    assert.deepEqual([content?.mediaType, content?.digest], [OCI_MANIFEST, descriptor.digest]);
  });
}

const PAGE = { status: 404, headers: { "content-type": "text/html" }, body: "<html></html>" };

test("Repository.fetchManifest() and resolveManifest() reject a web site as a source", async () => {
  await using site = await serve(() => new Response(PAGE.body, PAGE));
  for (const method of ["fetchManifest", "resolveManifest"] as const) {
    const error = await failureOf((await openSide(site.host)).pull("a/b")[method]("1"));
    assert.equal(error.code, "registry");
    assert.match(error.message, /web page, which no registry sends/);
  }
});

test("Repository.fetchManifest() accepts a page for the 404 of a registry behind a proxy", async () => {
  await using registry = await startRegistry();
  registry.fail({ path: "/manifests/", times: 2, action: PAGE });
  const repository = (await openSide(registry.host)).pull("a/b");
  assert.equal(await repository.fetchManifest("1"), undefined);
  assert.equal(await repository.fetchManifest("1"), undefined);
  assert.equal(registry.requests.filter(({ path }) => path === "/v2/").length, 1);
});

test("Repository.fetchManifest() names an encoding that nobody requested", async () => {
  const headers = { "content-encoding": "zz", "content-type": OCI_MANIFEST };
  await using server = await serve(() => new Response("\x1f\x8b", { headers }));
  const error = await failureOf((await openSide(server.host)).pull("a/b").fetchManifest("1"));
  assert.match(error.message, /; it has Content-Encoding zz, which was not requested$/);
});
