import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../support/image.ts";
import { startPair } from "../support/pair.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import type { Server } from "../support/serve.ts";

const MIB = 1024 * 1024;

test("copy() uploads chunks no larger than the destination announces", async () => {
  await using pair = await startPair({ destination: { maxUploadBytes: MIB } });
  const { source, destination, engine } = pair;
  const { layers } = await putImage(source, "app", { tag: "1", layers: 1, layerBytes: 2.5 * MIB });
  await engine.copy({ source: `${source.host}/app:1`, destination: `${destination.host}/app` });
  const [layer] = layers;
  assert.ok(layer && destination.hasBlob("app", layer.digest));
  const pieces = destination.requests.filter(({ method }) => method === "PATCH");
  assert.deepEqual(pieces.map(({ requestBytes }) => requestBytes), [MIB, MIB, MIB / 2]);
});

test("copy() fails and moves no tag if a small blob is too large for the destination", async () => {
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

/** A registry behind a proxy that allows bodies of `maxBytes` and announces nothing. It discards larger ones, as nginx does. */
async function serveBehindProxy(registry: RunningRegistry, maxBytes: number): Promise<Server> {
  return await serve(async (request) => {
    if (Number(request.headers.get("content-length") ?? 0) > maxBytes) {
      await request.body?.pipeTo(new WritableStream());
      return new Response("<html>413 Request Entity Too Large</html>", { status: 413 });
    }
    return await registry.fetch(request);
  });
}

for (
  const [layerBytes, maxBytes, minChunkBytes] of [
    [1.5 * MIB, MIB, undefined],
    [9 * MIB, MIB, undefined],
    [9 * MIB, 3 * MIB, undefined],
    [9 * MIB, 3 * MIB, 2 * MIB],
  ] as const
) {
  test(`copy() sends a layer of ${layerBytes} bytes through a proxy that allows ${maxBytes}, with chunks of at least ${minChunkBytes}`, async () => {
    await using pair = await startPair({
      destination: minChunkBytes === undefined ? {} : { minChunkBytes },
    });
    const { source, destination, engine } = pair;
    await putImage(source, "app", { tag: "1", layers: 3, layerBytes });
    await using proxy = await serveBehindProxy(destination, maxBytes);
    await engine.copy({ source: `${source.host}/app:1`, destination: `${proxy.host}/app` });
    assert.deepEqual(destination.tags("app"), ["1"]);
    const sizes = destination.requests.map(({ requestBytes }) => requestBytes);
    assert.ok(sizes.every((bytes) => bytes <= maxBytes));
  });
}

test("copy() names the proxy's limit if chunks of 1 MiB are too large", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 1, layerBytes: 9 * MIB });
  await using proxy = await serveBehindProxy(destination, MIB / 2);
  await assert.rejects(
    engine.copy({ source: `${source.host}/app:1`, destination: `${proxy.host}/app` }),
    {
      code: "limit",
      side: "destination",
      hint: /1048576 bytes is too large.*client_max_body_size/,
    },
  );
});

for (const status of [404, 405, 411]) {
  test(`copy() sends blobs by PATCH if a PUT with a body answers ${status}`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const { layers } = await putImage(source, "app", { tag: "1", layers: 3, layerBytes: MIB });
    await using proxy = await serve(async (request) => {
      const isBodyPut = request.method === "PUT" && request.url.includes("/blobs/uploads/") &&
        Number(request.headers.get("content-length") ?? 0) > 0;
      if (!isBodyPut) return await destination.fetch(request);
      await request.body?.pipeTo(new WritableStream());
      const errors = status === 404 ? [{ code: "BLOB_UPLOAD_UNKNOWN", message: "" }] : [];
      return Response.json({ errors }, { status });
    });
    await engine.copy({ source: `${source.host}/app:1`, destination: `${proxy.host}/app` });
    assert.deepEqual(destination.tags("app"), ["1"]);
    assert.equal(destination.count({ method: "PATCH" }), layers.length + 1);
  });
}
