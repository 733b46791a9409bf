/** Manifests and blobs of a source are read from its mirrors first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CopyEvent } from "../../src/copy/model.ts";
import { putCosignSignature, putImage, putReferrer } from "../support/image.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";

interface Mirrored extends Pair {
  readonly mirror: RunningRegistry;
}

/** The source has the image `app:1`. `path` is that of the mirror. */
async function startMirrored(path = ""): Promise<Mirrored> {
  const mirror = await startRegistry();
  const pair = await startPair({
    engine: { source: { mirrors: (registry) => isSource(registry) ? [mirror.host + path] : [] } },
  });
  const isSource = (registry: string): boolean => registry === pair.source.host;
  await putImage(pair.source, "app", { tag: "1", layers: 2 });
  return {
    ...pair,
    mirror,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([mirror.close(), pair[Symbol.asyncDispose]()]);
    },
  };
}

function namesOf({ source, destination }: Pair): { source: string; destination: string } {
  return { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };
}

/** Requests for content, without those that only list. */
function contentOf(registry: RunningRegistry): string[] {
  return registry.requests.map(({ method, path }) => `${method} ${path}`)
    .filter((line) => /\/(manifests|blobs)\//.test(line));
}

test("copy() reads manifests and blobs from a mirror that has them, below its path", async () => {
  await using mirrored = await startMirrored("/hub");
  const { mirror, source, destination, engine } = mirrored;
  await putImage(mirror, "hub/app", { tag: "1", layers: 2 });
  source.requests.length = 0;
  const report = await engine.copy(namesOf(mirrored));
  assert.equal(report.result, "copied");
  assert.ok(destination.getManifest("app", "1"));
  assert.ok(contentOf(mirror).length >= 4, contentOf(mirror).join());
  assert.deepEqual(contentOf(source), []);
});

test("copy() reads from the registry what a mirror lacks", async () => {
  await using mirrored = await startMirrored();
  const { mirror, destination, engine } = mirrored;
  const events: CopyEvent[] = [];
  const report = await engine.copy(namesOf(mirrored), { emit: (event) => events.push(event) });
  assert.equal(report.result, "copied");
  assert.ok(destination.getManifest("app", "1"));
  assert.ok(contentOf(mirror).length > 0);
  assert.deepEqual(events.filter(({ type }) => type === "warning"), []);
});

for (const status of [401, 403, 429, 500, 503]) {
  test(`copy() leaves a mirror that answers ${status}, and says so once`, async () => {
    await using mirrored = await startMirrored();
    const { mirror, source, destination, engine } = mirrored;
    mirror.fail({ method: "GET", path: "/", times: Infinity, action: { status } });
    mirror.fail({ method: "HEAD", path: "/", optional: true, times: Infinity, action: { status } });
    const events: CopyEvent[] = [];
    const report = await engine.copy(namesOf(mirrored), { emit: (event) => events.push(event) });
    assert.equal(report.result, "copied");
    assert.ok(destination.getManifest("app", "1"));
    const warnings = events.flatMap((event) => event.type === "warning" ? [event.message] : []);
    assert.equal(new Set(warnings).size, 1, warnings.join("\n"));
    assert.ok(warnings[0]?.startsWith(`mirror ${mirror.host} of ${source.host}: `), warnings[0]);
  });
}

for (const path of ["/manifests/", "/blobs/"]) {
  test(`copy() takes no wrong bytes from a mirror: ${path}`, async () => {
    await using mirrored = await startMirrored();
    const { mirror, engine } = mirrored;
    await putImage(mirror, "app", { tag: "1", layers: 2 });
    const action = { status: 200, body: "other bytes" };
    mirror.fail({ method: "GET", path, times: Infinity, action });
    const report = await engine.copy(namesOf(mirrored));
    assert.equal(report.result, "copied");
    const verified = await engine.verify(namesOf(mirrored));
    assert.ok(verified.equal, JSON.stringify(verified.differences));
  });
}

test("copy() finds signatures and referrers that a mirror does not have", async () => {
  await using mirrored = await startMirrored();
  const { mirror, source, destination, engine } = mirrored;
  const { descriptor } = await putImage(mirror, "app", { tag: "1", layers: 2 });
  await putCosignSignature(source, "app", descriptor.digest);
  await putReferrer(source, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  const report = await engine.copy(namesOf(mirrored));
  assert.equal(report.referrers, 2);
  assert.ok(destination.tags("app").some((tag) => tag.endsWith(".sig")));
});
