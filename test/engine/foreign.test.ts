import assert from "node:assert/strict";
import { test } from "node:test";
import { FOREIGN_BYTES, putForeign } from "../support/foreign_layer.ts";
import { serve } from "../support/serve.ts";
import { requestOf, startPair } from "../support/pair.ts";

test("copy() does not copy foreign layers", async () => {
  await using pair = await startPair({ destination: { strictManifests: false } });
  const { source, destination, engine } = pair;
  const { digest } = await putForeign(source, "http://127.0.0.1:1/layer");
  const report = await engine.copy(requestOf(pair));
  assert.deepEqual(report.blobs, { streamed: 3, mounted: 0, present: 0, foreign: 1 });
  assert.equal(destination.hasBlob("app", digest), false);
  assert.ok(destination.getManifest("app", "1"));
});

test("copy() with foreign layers fetches them from their URL, without credentials", async () => {
  const seen: (string | null)[] = [];
  await using elsewhere = await serve((request) => {
    seen.push(request.headers.get("authorization"));
    return Promise.resolve(
      new Response(FOREIGN_BYTES, { headers: { "content-length": `${FOREIGN_BYTES.length}` } }),
    );
  });
  const auth = { type: "bearer", users: { me: "secret" }, anonymousPull: true } as const;
  await using pair = await startPair({ source: { auth } });
  const { source, destination, engine } = pair;
  const { digest } = await putForeign(source, `http://${elsewhere.host}/layer`);
  const report = await engine.copy({ ...requestOf(pair), foreignLayers: true });
  assert.deepEqual(report.blobs, { streamed: 4, mounted: 0, present: 0, foreign: 0 });
  assert.deepEqual(await destination.getBlob("app", digest), FOREIGN_BYTES);
  assert.deepEqual(seen, [null]);
  assert.ok(source.requests.some(({ headers }) => headers.has("authorization")));
});
