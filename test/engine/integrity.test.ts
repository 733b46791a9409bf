import assert from "node:assert/strict";
import { test } from "node:test";
import { OCI_EMPTY, OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { putImage, putIndex, randomBytes } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { RunningRegistry } from "../support/registry.ts";

const MIB = 1024 * 1024;

for (const verify of ["auto", "stream"] as const) {
  for (const layerBytes of [1000, MIB, 9 * MIB]) {
    test(`copy() commits no wrong blob of ${layerBytes} bytes at a careless registry: ${verify}`, async () => {
      await using pair = await startPair({ destination: { verifiesDigests: false } });
      const { source, destination, engine } = pair;
      const { layers } = await putImage(source, "app", { tag: "1", layers: 1, layerBytes });
      assert.ok(layers[0]);
      source.corruptBlob("app", layers[0].digest);
      await assert.rejects(engine.copy({ ...requestOf(pair), verify }), {
        name: "CopyError",
        code: "integrity",
        side: "source",
      });
      assert.equal(destination.hasBlob("app", layers[0].digest), false);
      assert.deepEqual(destination.tags("app"), []);
    });
  }
}

test("copy() does not hash 9 MiB for a destination that checks digests, which rejects a wrong blob", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const options = { tag: "1", layers: 1, layerBytes: 9 * MIB };
  const { layers } = await putImage(source, "app", options);
  assert.ok(layers[0]);
  source.corruptBlob("app", layers[0].digest);
  await assert.rejects(engine.copy(requestOf(pair)), { name: "CopyError", side: "destination" });
  assert.equal(destination.hasBlob("app", layers[0].digest), false);
  assert.deepEqual(destination.tags("app"), []);
});

test("copy() fails if a blob is larger than its descriptor", async () => {
  for (const layerBytes of [1000, MIB]) {
    await using pair = await startPair({ destination: { verifiesDigests: false } });
    const { source, destination, engine } = pair;
    const { config, layers: [layer] } = await putImage(source, "app", { layers: 1, layerBytes });
    assert.ok(layer);
    const layers = [{ ...layer, size: layer.size - 1 }];
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
    await source.putManifest("app", manifest, OCI_MANIFEST, ["1"]);
    await assert.rejects(engine.copy(requestOf(pair)), { name: "CopyError", side: "source" });
    assert.equal(destination.hasBlob("app", layer.digest), false);
    assert.deepEqual(destination.tags("app"), []);
  }
});

test("copy() fails if a blob is smaller than its descriptor", async () => {
  for (const layerBytes of [1000, MIB]) {
    await using pair = await startPair({
      destination: { verifiesDigests: false },
      engine: { retries: 1 },
    });
    const { source, destination, engine } = pair;
    const { config, layers: [layer] } = await putImage(source, "app", { layers: 1, layerBytes });
    assert.ok(layer);
    const layers = [{ ...layer, size: layer.size + 1 }];
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
    await source.putManifest("app", manifest, OCI_MANIFEST, ["1"]);
    await assert.rejects(engine.copy(requestOf(pair)), { name: "CopyError", side: "source" });
    assert.equal(destination.hasBlob("app", layer.digest), false);
    assert.deepEqual(destination.tags("app"), []);
  }
});

test("copy() names a blob that is missing at the source", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { layers: [layer] } = await putImage(source, "app", { tag: "1", layers: 1 });
  assert.ok(layer);
  const path = `/blobs/${layer.digest}`;
  source.fail({ method: "GET", path, times: 9, action: { status: 404 } });
  await assert.rejects(
    engine.copy(requestOf(pair)),
    (error: Error & { code?: string; side?: string; step?: unknown }) => {
      assert.equal(error.name, "CopyError");
      assert.equal(error.code, "not_found");
      assert.equal(error.side, "source");
      assert.ok(JSON.stringify(error.step).includes(layer.digest));
      return true;
    },
  );
  assert.deepEqual(destination.tags("app"), []);
});

test("copy() writes nothing if a child is missing or has another size than in its index", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { images } = await putIndex(source, "app", { platforms: ["linux/amd64"] });
  assert.ok(images[0]);
  const child = images[0].descriptor;
  const missing = { ...child, digest: `sha256:${"0".repeat(64)}` };
  const table = [
    { entry: missing, code: "not_found" },
    { entry: { ...child, size: child.size + 1 }, code: "integrity" },
  ];
  for (const { entry, code } of table) {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] };
    await source.putManifest("app", index, OCI_INDEX, ["1"]);
    await assert.rejects(engine.copy(requestOf(pair)), { code });
  }
  assert.equal(destination.requests.every(({ method }) => /^(GET|HEAD)$/.test(method)), true);
});

test("copy() hashes 1 MiB although the destination checks digests, and reports the source", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const options = { tag: "1", layers: 1, layerBytes: MIB };
  const { layers } = await putImage(source, "app", options);
  assert.ok(layers[0]);
  source.corruptBlob("app", layers[0].digest);
  await assert.rejects(engine.copy(requestOf(pair)), { code: "integrity", side: "source" });
  assert.equal(destination.hasBlob("app", layers[0].digest), false);
  assert.deepEqual(destination.tags("app"), []);
});

/** Puts an artifact whose empty config is only in the descriptor, as `data`. */
async function putEmbedded(registry: RunningRegistry, data: string): Promise<string> {
  const { digest, size } = await registry.putBlob("other", new TextEncoder().encode("{}"));
  const config = { mediaType: OCI_EMPTY, digest, size, data };
  const layer = { mediaType: "a/b", ...await registry.putBlob("app", randomBytes(1000, 1)) };
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
  await registry.putManifest("app", manifest, OCI_MANIFEST, ["1"]);
  return digest;
}

for (const status of [404, 403, 400]) {
  test(`copy(), perform() and inspect() use embedded data if the source answers ${status} for the blob`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const config = await putEmbedded(source, "e30=");
    source.fail({ path: `/blobs/${config}`, times: 99, action: { status } });
    const { root } = await engine.inspect(requestOf(pair).source);
    assert.deepEqual(root.config?.content, {});
    const { stages } = await engine.plan(requestOf(pair));
    await engine.copy(requestOf(pair));
    assert.ok(destination.hasBlob("app", config));
    for (const step of stages.flatMap(({ steps }) => steps)) {
      await engine.perform({ ...step, destination: `${destination.host}/again` });
    }
    assert.ok(destination.hasBlob("again", config));
  });
}

for (const data of ["e3s=", "e30gIA==", "e", "!"]) {
  test(`copy() does not use embedded data ${JSON.stringify(data)} of another digest`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    await putEmbedded(source, data);
    await assert.rejects(engine.copy(requestOf(pair)), { code: "not_found", side: "source" });
    assert.deepEqual(destination.tags("app"), []);
  });
}

test("copy() emits no embedded data with its events", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  await putEmbedded(source, "e30=");
  const steps: unknown[] = [];
  await engine.copy(requestOf(pair), {
    emit(event): void {
      if (event.type === "step-started") steps.push(event.step);
    },
  });
  assert.equal(steps.length, 3);
  assert.equal(JSON.stringify(steps).includes("e30="), false);
});
