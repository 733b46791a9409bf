import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { putImage, randomBytes } from "../support/image.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import { requestOf, startPair } from "./setup.ts";

const BYTES = randomBytes(300_000, 77);

async function putForeign(source: RunningRegistry, url: string): Promise<Descriptor> {
  const { config, layers } = await putImage(source, "app");
  const foreign: Descriptor = {
    mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    digest: `sha256:${createHash("sha256").update(BYTES).digest("hex")}`,
    size: BYTES.length,
    urls: [url],
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config,
    layers: [...layers, foreign],
  };
  await source.putManifest("app", manifest, OCI_MANIFEST, ["1"]);
  return foreign;
}

test("copy() leaves foreign layers where they are", async () => {
  await using pair = await startPair({ destination: { strictManifests: false } });
  const { source, destination, engine } = pair;
  const { digest } = await putForeign(source, "http://127.0.0.1:1/layer");
  const report = await engine.copy(requestOf(pair));
  assert.deepEqual(report.blobs, { streamed: 3, mounted: 0, present: 0, foreign: 1 });
  assert.equal(destination.hasBlob("app", digest), false);
  assert.ok(destination.getManifest("app", "1"));
});

test("copy() fetches a foreign layer from its URL when asked, without credentials", async () => {
  const seen: (string | null)[] = [];
  await using elsewhere = await serve((request) => {
    seen.push(request.headers.get("authorization"));
    return Promise.resolve(
      new Response(BYTES, { headers: { "content-length": `${BYTES.length}` } }),
    );
  });
  const auth = { type: "bearer", users: { me: "secret" }, anonymousPull: true } as const;
  await using pair = await startPair({ source: { auth } });
  const { source, destination, engine } = pair;
  const { digest } = await putForeign(source, `http://${elsewhere.host}/layer`);
  const report = await engine.copy({ ...requestOf(pair), foreignLayers: true });
  assert.deepEqual(report.blobs, { streamed: 4, mounted: 0, present: 0, foreign: 0 });
  assert.deepEqual(await destination.getBlob("app", digest), BYTES);
  assert.deepEqual(seen, [null]);
  assert.ok(source.requests.some(({ headers }) => headers.has("authorization")));
});
