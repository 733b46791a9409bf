import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../support/image.ts";
import { startPair } from "../support/pair.ts";

const MIB = 1024 * 1024;

test("copy() sends a blob in pieces no larger than the destination announces", async () => {
  await using pair = await startPair({ destination: { maxUploadBytes: MIB } });
  const { source, destination, engine } = pair;
  const { layers } = await putImage(source, "app", { tag: "1", layers: 1, layerBytes: 2.5 * MIB });
  await engine.copy({ source: `${source.host}/app:1`, destination: `${destination.host}/app` });
  const [layer] = layers;
  assert.ok(layer && destination.hasBlob("app", layer.digest));
  const pieces = destination.requests.filter(({ method }) => method === "PATCH");
  assert.deepEqual(pieces.map(({ requestBytes }) => requestBytes), [MIB, MIB, MIB / 2]);
});

test("copy() fails and moves no tag where a small blob is too large for the destination", async () => {
  await using pair = await startPair({ destination: {} });
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 1, layerBytes: MIB });
  destination.fail({ method: "PUT", path: "/blobs/uploads/", times: 100, action: { status: 413 } });
  await assert.rejects(
    engine.copy({ source: `${source.host}/app:1`, destination: `${destination.host}/app` }),
    { code: "limit", side: "destination" },
  );
  assert.deepEqual(destination.tags("app"), []);
});
