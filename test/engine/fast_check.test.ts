import assert from "node:assert/strict";
import { test } from "node:test";
import { putCosignSignature, putIndex } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";

test("copy() with fastCheck sends one HEAD to the destination if it has the digest", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putIndex(source, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
  });
  const first = await engine.copy({ ...requestOf(pair), fastCheck: true });
  assert.equal(first.result, "copied");
  const { tag } = await putCosignSignature(source, "app", descriptor.digest);
  source.clearRequests();
  destination.clearRequests();
  const report = await engine.copy({ ...requestOf(pair), fastCheck: true });
  assert.equal(report.result, "unchanged");
  assert.deepEqual([source, destination].map(({ requests }) => requests.map((one) => one.method)), [
    ["GET"],
    ["HEAD"],
  ]);
  assert.equal(destination.getManifest("app", tag), undefined);
  await engine.copy(requestOf(pair));
  assert.ok(destination.getManifest("app", tag));
});

test("copy() with fastCheck and additional tags sets only the missing tags", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putIndex(source, "app", { platforms: ["linux/amd64"], tag: "1" });
  await engine.copy(requestOf(pair));
  await putCosignSignature(source, "app", descriptor.digest);
  destination.clearRequests();
  await engine.copy({ ...requestOf(pair), fastCheck: true, additionalTags: ["2"] });
  assert.deepEqual(destination.requests.map(({ method }) => method), ["HEAD", "HEAD", "PUT"]);
});

test("copy() rejects fastCheck with recheck", async () => {
  await using pair = await startPair();
  const request = { ...requestOf(pair), fastCheck: true, recheck: true };
  await assert.rejects(pair.engine.copy(request), /fastCheck and recheck cannot be combined/);
});
