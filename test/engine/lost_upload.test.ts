import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../support/image.ts";
import { serve } from "../support/serve.ts";
import { requestOf, startPair } from "../support/pair.ts";

const MIB = 1024 * 1024;
const UNKNOWN = JSON.stringify({ errors: [{ code: "BLOB_UPLOAD_UNKNOWN", message: "" }] });
const INVALID = JSON.stringify({ errors: [{ code: "BLOB_UPLOAD_INVALID", message: "" }] });

for (const layerBytes of [1000, 2 * MIB]) {
  for (
    const [name, action] of [
      ["404", { status: 404, body: UNKNOWN }],
      ["410", { status: 410 }],
      ["416", { status: 416 }],
      ["400 BLOB_UPLOAD_INVALID", { status: 400, body: INVALID }],
    ] as const
  ) {
    test(`copy() begins a blob of ${layerBytes} bytes again if its PUT answers ${name}`, async () => {
      await using pair = await startPair();
      const { source, destination, engine } = pair;
      await putImage(source, "app", { tag: "1", layers: 1, layerBytes });
      destination.fail({ method: "PUT", path: "/blobs/uploads/", times: 3, action });
      await engine.copy(requestOf(pair));
      assert.deepEqual(destination.tags("app"), ["1"]);
    });
  }

  test(`copy() finds a blob of ${layerBytes} bytes after its PUT worked and answered 404`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    await putImage(source, "app", { tag: "1", layers: 1, layerBytes });
    const tamper = (): Response => new Response(UNKNOWN, { status: 404 });
    destination.fail({ method: "PUT", path: "/blobs/uploads/", times: 2, action: { tamper } });
    await engine.copy(requestOf(pair));
    assert.deepEqual(destination.tags("app"), ["1"]);
    assert.equal(destination.count({ method: "PUT", path: "/blobs/uploads/" }), 2);
  });
}

test("copy() gives up a blob whose uploads are lost each time", async () => {
  await using pair = await startPair({ engine: { retries: 2 } });
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 1, layerBytes: 2 * MIB });
  const action = { status: 404, body: UNKNOWN };
  destination.fail({ method: "PUT", path: "/blobs/uploads/", times: 999, action });
  destination.fail({ method: "PATCH", path: "/blobs/uploads/", times: 999, action });
  await assert.rejects(engine.copy(requestOf(pair)), {
    side: "destination",
    hint: /registry lost the upload/,
  });
  assert.ok(destination.count() < 50);
});

test("copy() follows a host that redirects uploads to another host", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 3, layerBytes: 2 * MIB });
  await using moved = await serve(async (request) => {
    const { pathname, search } = new URL(request.url);
    await request.body?.pipeTo(new WritableStream());
    const location = `${destination.url}${pathname}${search}`;
    return new Response(null, { status: 308, headers: { location } });
  });
  destination.fail({
    method: "POST",
    times: 99,
    action: {
      tamper: (response) => {
        const location = response.headers.get("location") ?? "";
        response.headers.set("location", location.replace(destination.host, moved.host));
        return response;
      },
    },
  });
  await engine.copy({ source: `${source.host}/app:1`, destination: `${moved.host}/app` });
  assert.deepEqual(destination.tags("app"), ["1"]);
});
