/** The requests that a copy sends, counted at both registries. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

const MIB = 1024 * 1024;
const IMAGE_ALONE = { referrers: false, digestTags: false };

function clear({ source, destination }: Pair): void {
  source.clearRequests();
  destination.clearRequests();
}

/** The methods of the requests with a body or an effect, in alphabetical order. */
function writesOf({ destination }: Pair): string {
  return destination.requests.map(({ method }) => method).filter((method) => method !== "HEAD")
    .sort().join(" ");
}

test("copy() tries a wrong digest once, for the first large blob that it sends, and cancels nothing", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 1, layerBytes: 9 * MIB });
  await engine.copy(requestOf(pair));
  assert.equal(writesOf(pair), "POST POST POST PUT PUT PUT PUT");
  const rejected = destination.requests.filter(({ status }) => status === 400);
  assert.deepEqual(rejected.map(({ requestBytes }) => requestBytes), [1]);
  await putImage(source, "app", { tag: "1", layers: 1, layerBytes: 9 * MIB, seed: 2 });
  clear(pair);
  await engine.copy(requestOf(pair));
  assert.equal(writesOf(pair), "POST POST PUT PUT PUT");
});

test("copy() cancels the upload with a wrong digest at a registry that is not CNCF distribution", async () => {
  await using pair = await startPair({ destination: { distributionLike: false } });
  await putImage(pair.source, "app", { tag: "1", layers: 1, layerBytes: 9 * MIB });
  await pair.engine.copy(requestOf(pair));
  assert.equal(pair.destination.count({ method: "DELETE" }), 1);
});

test("copy() tries no wrong digest if all large blobs are there, or are mounted", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const image = { layers: 1, layerBytes: 9 * MIB };
  await putImage(source, "app", { ...image, tag: "1" });
  await putImage(destination, "app", { ...image, tag: "old" });
  await engine.copy(requestOf(pair));
  assert.equal(writesOf(pair), "POST POST PUT");
  clear(pair);
  const { host } = destination;
  const destinationName = `${host}/mounted:1`;
  await engine.copy({ source: `${host}/app:old`, destination: destinationName, ...IMAGE_ALONE });
  assert.equal(writesOf(pair), "GET POST POST PUT");
});

test("copy() within a registry sends one mount for each blob, and three requests for the manifest", async () => {
  await using pair = await startPair();
  const { destination: { host }, destination, engine } = pair;
  await putImage(destination, "app", { tag: "1", layers: 8, layerBytes: 2 * MIB });
  const destinationName = `${host}/mounted:1`;
  await engine.copy({ source: `${host}/app:1`, destination: destinationName, ...IMAGE_ALONE });
  assert.equal(destination.requests.length, 9 + 3);
});

test("copy() requests no large layer from the source that the destination has", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const image = { layers: 4, layerBytes: MIB };
  const { layers } = await putImage(source, "app", { ...image, tag: "1" });
  await putImage(destination, "app", { ...image, tag: "0", annotations: { old: "true" } });
  await engine.copy(requestOf(pair));
  assert.ok(destination.getManifest("app", "1"));
  for (const { digest } of layers) {
    assert.equal(source.count({ method: "GET", path: `/blobs/${digest}` }), 0);
  }
});

test("copy() requests a small blob of a new tag while it asks the destination for it", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { layers: [layer] } = await putImage(source, "app", { tag: "1", layers: 1 });
  assert.ok(layer);
  const { promise, resolve } = Promise.withResolvers<void>();
  source.fail({
    method: "GET",
    path: `/blobs/${layer.digest}`,
    action: {
      tamper: (response) => {
        resolve();
        return response;
      },
    },
  });
  destination.fail({
    method: "POST",
    action: { tamper: async (response) => (await promise, response) },
    times: 2,
  });
  await engine.copy(requestOf(pair));
  assert.ok(destination.getManifest("app", "1"));
});
