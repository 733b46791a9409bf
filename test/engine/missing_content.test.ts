/** A registry without content that it claims to have: a destination that then rejects the manifest, or a source. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage, putIndex } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

/** Answers checks for blobs as a descriptor cache does that outlives garbage collection. */
function claimBlobs({ destination }: Pair, count: number): void {
  destination.fail({
    method: "POST",
    path: "/blobs/uploads/",
    times: count,
    action: { status: 201 },
  });
}

for (const form of ["digest", "Digest", "text", "message"] as const) {
  test(`copy() sends blobs again that a manifest lacks, named by ${form}`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const { config, layers } = await putImage(source, "app", { tag: "1", layers: 2 });
    claimBlobs(pair, 3);
    const errors = [config, ...layers].map(({ digest }) => ({
      code: "MANIFEST_BLOB_UNKNOWN",
      message: form === "message" ? `blob unknown: ${digest}` : "blob unknown",
      detail: form === "text" ? digest : form === "message" ? null : { [form]: digest },
    }));
    const body = JSON.stringify({ errors });
    destination.fail({ method: "PUT", path: "/manifests/", action: { status: 404, body } });
    const report = await engine.copy(requestOf(pair));
    assert.deepEqual(destination.tags("app"), ["1"]);
    assert.equal(report.blobs.streamed, 3);
  });
}

test("copy() sends child manifests and their blobs again", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putIndex(source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
  claimBlobs(pair, 6);
  destination.fail({
    method: "PUT",
    path: "/manifests/sha256:",
    times: 2,
    action: { status: 201 },
  });
  await engine.copy(requestOf(pair));
  assert.deepEqual(destination.tags("app"), ["1"]);
});

test("copy() gives up if a manifest lacks the same blob again, and names it", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { config } = await putImage(source, "app", { tag: "1", layers: 2 });
  const errors = [{ code: "MANIFEST_BLOB_UNKNOWN", message: "", detail: config.digest }];
  const body = JSON.stringify({ errors });
  destination.fail({
    method: "PUT",
    path: "/manifests/",
    times: 99,
    action: { status: 404, body },
  });
  await assert.rejects(engine.copy(requestOf(pair)), (error: Error & { hint?: string }) => {
    assert.ok(error.message.includes(config.digest));
    assert.match(error.hint ?? "", /--recheck/);
    return true;
  });
  assert.equal(destination.count({ method: "PUT", path: "/manifests/" }), 2);
});

test("copy() of a manifest whose blob is not at the source says so", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { layers } = await putImage(source, "app", { tag: "1" });
  source.fail({
    method: "GET",
    path: layers[0]!.digest,
    action: { status: 404, body: JSON.stringify({ errors: [{ code: "BLOB_UNKNOWN" }] }) },
  });
  await assert.rejects(engine.copy(requestOf(pair)), {
    code: "not_found",
    side: "source",
    hint: "the registry has a manifest without this blob: push the image to it again",
  });
});
