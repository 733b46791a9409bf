import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultAction } from "../../support/registry_faults.ts";
import { OCI_MANIFEST } from "../../../src/oci/media_types.ts";
import { putIndex } from "../../support/image.ts";
import { startDocumentedApp, TOKEN } from "../documented_app.ts";

const FAULTS: readonly { name: string; action: FaultAction; wanted: [number, string] }[] = [
  { name: "stands still", action: { hangAfterBytes: 5 }, wanted: [504, "timeout"] },
  { name: "is cut", action: { cutAfterBytes: 5 }, wanted: [502, "network"] },
  {
    name: "is longer than its descriptor says",
    action: { tamper: () => new Response(new Blob(["x".repeat(5_000)]).stream()) },
    wanted: [502, "integrity"],
  },
  {
    name: "is another",
    action: {
      tamper: async (response) => {
        const text = await response.text();
        return new Response(text.replace("amd64", "arm64"), response);
      },
    },
    wanted: [502, "integrity"],
  },
];

for (const { name, action, wanted } of FAULTS) {
  test(`GET /v1/images responds with ${wanted.join(" ")} if a config ${name}`, async () => {
    const variables = { CROSSDOCK_TIMEOUT_MS: "1000" };
    await using documented = await startDocumentedApp({ variables });
    const { app, source } = documented;
    source.fail({ method: "GET", path: "/blobs/", action });
    const reference = `${source.host}/library/alpine:3.20`;
    const response = await app.request(`/v1/images?${new URLSearchParams({ reference })}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const { status, code, side } = await response.json();
    assert.deepEqual([response.status, status, code, side], [wanted[0], ...wanted, "source"]);
  });
}

const BAD_MANIFESTS: readonly { text: string; wanted: [number, string]; detail: RegExp }[] = [
  {
    text: "<html>",
    wanted: [502, "registry"],
    detail: /: it is not valid JSON, it starts with "<html>"/,
  },
  { text: "[]", wanted: [502, "registry"], detail: /: expected an object, got an array/ },
  { text: '{"schemaVersion":1}', wanted: [422, "unsupported"], detail: /schema/ },
  { text: '{"schemaVersion":2,"layers":1}', wanted: [502, "registry"], detail: /layers|config/ },
];

for (const { text, wanted, detail } of BAD_MANIFESTS) {
  test(`GET /v1/images names the side and the image of a manifest that is ${text}`, async () => {
    await using documented = await startDocumentedApp();
    const { app, source } = documented;
    const headers = { "content-type": OCI_MANIFEST };
    source.fail({
      method: "GET",
      path: "/manifests/",
      times: 9,
      action: { tamper: () => new Response(text, { headers }) },
    });
    const reference = `${source.host}/library/alpine:3.20`;
    const response = await app.request(`/v1/images?${new URLSearchParams({ reference })}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const problem = await response.json();
    assert.deepEqual([response.status, problem.code, problem.side], [...wanted, "source"]);
    assert.match(problem.detail, detail);
    assert.ok(problem.detail.includes(`fetch manifest ${reference}`), problem.detail);
  });
}

test("GET /v1/images does not request a config of more than 4 MiB", async () => {
  await using documented = await startDocumentedApp();
  const { app, source } = documented;
  const repository = "library/large";
  const config = {
    mediaType: "application/vnd.oci.image.config.v1+json",
    ...await source.putBlob(repository, new Uint8Array(4 * 1024 * 1024 + 1)),
  };
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] };
  await source.putManifest(repository, manifest, OCI_MANIFEST, ["1"]);
  source.clearRequests();
  const reference = `${source.host}/${repository}:1`;
  const response = await app.request(`/v1/images?${new URLSearchParams({ reference })}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const { code, side } = await response.json();
  assert.deepEqual([response.status, code, side], [422, "limit", "source"]);
  assert.equal(source.count({ path: "/manifests/1" }), 1);
  assert.equal(source.count({ path: "/blobs/" }), 0);
});

for (const index of ["rebuild", "sparse", "unwrap"]) {
  test(`POST /v1/verifications compares with a copy of one platform and index ${index}`, async () => {
    await using documented = await startDocumentedApp();
    const { app, source, destination } = documented;
    await putIndex(source, "library/app", {
      platforms: ["linux/amd64", "linux/arm64"],
      tag: "1",
    });
    const names = {
      source: `${source.host}/library/app:1`,
      destination: `${destination.host}/mirror/app`,
    };
    const post = async (path: string, body: unknown): Promise<string> => {
      const response = await app.request(path, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 200);
      return await response.text();
    };
    const request = { ...names, platforms: ["linux/amd64"], index };
    assert.match(await post("/v1/copies", request), /"type":"report"/);
    const verification = JSON.parse(await post("/v1/verifications", request));
    assert.deepEqual([verification.equal, verification.differences], [true, []]);
    assert.equal(JSON.parse(await post("/v1/verifications", names)).equal, false);
  });
}

test("POST /v1/admissions responds 404 on a server without a policy, and sends no request", async () => {
  await using documented = await startDocumentedApp();
  const { app, source } = documented;
  const response = await app.request("/v1/admissions", {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ reference: `${source.host}/library/alpine:3.20` }),
  });
  const { code, detail } = await response.json();
  assert.deepEqual([response.status, code], [404, "not_found"]);
  assert.equal(detail, "this server has no admission policy");
  assert.deepEqual(source.requests, []);
});
