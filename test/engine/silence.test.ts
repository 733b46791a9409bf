import assert from "node:assert/strict";
import { test } from "node:test";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { putImage } from "../support/image.ts";
import { standstill } from "../support/standstill.ts";
import { until } from "../support/until.ts";
import { requestOf, startPair } from "../support/pair.ts";

const MIB = 1024 * 1024;

for (const layerBytes of [1000, MIB]) {
  test(`copy() fails if the source goes silent within ${layerBytes} bytes`, async () => {
    await using pair = await startPair({ engine: { timeoutMs: 1000, retries: 1 } });
    const { source, destination, engine } = pair;
    const { layers: [layer] } = await putImage(source, "app", { tag: "1", layers: 1, layerBytes });
    assert.ok(layer);
    const path = `/blobs/${layer.digest}`;
    source.fail({ method: "GET", path, times: 100, action: { hangAfterBytes: 500 } });
    await assert.rejects(engine.copy(requestOf(pair)), {
      name: "CopyError",
      code: "timeout",
      side: "source",
    });
    assert.ok(source.count({ method: "GET", path }) > 1);
    assert.equal(destination.hasBlob("app", layer.digest), false);
    assert.deepEqual(destination.tags("app"), []);
  });
}

for (const layerBytes of [1000, MIB, 9 * MIB]) {
  test(`copy() requests a silent blob of ${layerBytes} bytes twice`, async () => {
    await using pair = await startPair({ engine: { timeoutMs: 1000 } });
    const { source, engine } = pair;
    const { layers: [layer] } = await putImage(source, "app", { tag: "1", layers: 1, layerBytes });
    const path = `/blobs/${layer?.digest}`;
    source.fail({ method: "GET", path, times: 100, action: { hangAfterBytes: 500 } });
    await assert.rejects(engine.copy(requestOf(pair)), { code: "timeout", side: "source" });
    assert.equal(source.count({ method: "GET", path }), 2);
  });
}

test("copy() requests a blob three times if the source goes silent after half of it", async () => {
  await using pair = await startPair({ engine: { timeoutMs: 1000 } });
  const { source, engine } = pair;
  const image = { tag: "1", layers: 1, layerBytes: 9 * MIB };
  const { layers: [layer] } = await putImage(source, "app", image);
  const path = `/blobs/${layer?.digest}`;
  source.fail({ method: "GET", path, action: { hangAfterBytes: 4 * MIB } });
  source.fail({ method: "GET", path, times: 100, action: { hang: true } });
  await assert.rejects(engine.copy(requestOf(pair)), { code: "timeout", side: "source" });
  assert.equal(source.count({ method: "GET", path }), 3);
});

for (const layerBytes of [1000, 9 * MIB]) {
  test(`copy() uploads ${layerBytes} bytes twice to a destination that never responds`, async () => {
    await using pair = await startPair({ engine: { timeoutMs: 1000 } });
    const { source, destination, engine } = pair;
    await putImage(source, "app", { tag: "1", layers: 1, layerBytes });
    const path = "/blobs/uploads/";
    destination.fail({ method: "PUT", path, times: 100, action: { hang: true } });
    await assert.rejects(engine.copy(requestOf(pair)), { code: "timeout", side: "destination" });
    // The config and the layer, or the trial of a wrong digest in its place.
    assert.ok(destination.count({ method: "PUT", path }) <= 4);
  });
}

test("copy() fails if the destination never responds to an upload", async () => {
  await using pair = await startPair({ engine: { timeoutMs: 1000, retries: 1 } });
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 1, layerBytes: MIB });
  const action = { hang: true } as const;
  destination.fail({ method: "PUT", path: "/blobs/uploads/", times: 100, action });
  await assert.rejects(engine.copy(requestOf(pair)), {
    name: "CopyError",
    code: "timeout",
    side: "destination",
  });
  assert.deepEqual(destination.tags("app"), []);
});

test("copy() resumes after the source was silent once", async () => {
  await using pair = await startPair({ engine: { timeoutMs: 1000 } });
  const { source, destination, engine } = pair;
  const options = { tag: "1", layers: 1, layerBytes: MIB };
  const { layers: [layer] } = await putImage(source, "app", options);
  assert.ok(layer);
  const path = `/blobs/${layer.digest}`;
  source.fail({ method: "GET", path, action: { hangAfterBytes: 100_000 } });
  await engine.copy(requestOf(pair));
  assert.equal(source.count({ method: "GET", path }), 2);
  assert.ok(destination.hasBlob("app", layer.digest));
});

test("copy() aborted within a blob rejects with the reason of the signal", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const options = { tag: "1", layers: 1, layerBytes: 3 * MIB };
  const { layers: [layer] } = await putImage(source, "app", options);
  assert.ok(layer);
  const path = `/blobs/${layer.digest}`;
  source.fail({ method: "GET", path, action: { hangAfterBytes: MIB } });
  const controller = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(
    engine.copy(requestOf(pair), {
      signal: controller.signal,
      emit: (event) => {
        if (event.type === "progress" && event.digest === layer.digest) controller.abort(reason);
      },
    }),
    (error) => error === reason,
  );
  // By the end of another copy there would have been a second try, or a rejection that nobody handles.
  await putImage(source, "other", { tag: "1", layers: 1 });
  await engine.copy({
    source: `${source.host}/other:1`,
    destination: `${destination.host}/other:1`,
  });
  assert.equal(source.count({ method: "GET", path }), 1);
  assert.equal(destination.hasBlob("app", layer.digest), false);
  assert.deepEqual(destination.tags("app"), []);
});

test("copy() with an aborted signal sends no request", async () => {
  await using pair = await startPair();
  const reason = new Error("enough");
  await assert.rejects(
    pair.engine.copy(requestOf(pair), { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
  assert.equal(pair.source.count() + pair.destination.count(), 0);
});

test("copy() cancels the response of the source when it is aborted", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const size = 400 * MIB;
  const blob = await source.putGeneratedBlob("app", size, 3);
  const { config } = await putImage(source, "app");
  const layers = [{ mediaType: "application/octet-stream", ...blob }];
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
  await source.putManifest("app", manifest, OCI_MANIFEST, ["1"]);
  const controller = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(
    engine.copy({ ...requestOf(pair), verify: "stream" }, {
      signal: controller.signal,
      emit: (event) => {
        if (event.type === "progress" && event.bytes > MIB) controller.abort(reason);
      },
    }),
    (error) => error === reason,
  );
  const record = source.requests.find(({ path }) => path.endsWith(blob.digest));
  assert.ok(record);
  const read = await standstill(() => record.responseBytes);
  assert.ok(read < size, `${read} bytes`);
  assert.equal(destination.hasBlob("app", blob.digest), false);
});

test("copy() can be aborted before the source responds", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 1 });
  source.fail({ method: "GET", path: "/blobs/", times: 9, action: { hang: true } });
  const controller = new AbortController();
  const reason = new Error("enough");
  const copying = assert.rejects(
    engine.copy(requestOf(pair), { signal: controller.signal }),
    (error) => error === reason,
  );
  await until("a blob is asked for", () => source.count({ method: "GET", path: "/blobs/" }) > 0);
  controller.abort(reason);
  await copying;
  assert.deepEqual(destination.tags("app"), []);
});
