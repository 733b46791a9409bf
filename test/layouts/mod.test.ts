import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { openLayouts } from "../../src/layouts/mod.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import { runRuleLocally } from "../../src/sync/local_rules.ts";
import type { SyncEngine } from "../../src/sync/sync_engine.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { makeFolder } from "./setup.ts";

interface Local extends AsyncDisposable {
  readonly pair: Pair;
  readonly folder: string;
}

/** Two registries, an engine that also opens layouts, and an empty folder. */
async function startLocal(t: TestContext): Promise<Local> {
  const layouts = openLayouts();
  const pair = await startPair({ engine: { layouts } });
  return {
    pair,
    folder: await makeFolder(t),
    async [Symbol.asyncDispose](): Promise<void> {
      await layouts.close();
      await pair[Symbol.asyncDispose]();
    },
  };
}

for (
  const [transport, path] of [["oci", "app"], ["ocidir", "app"], ["oci-archive", "app.tar"], [
    "dir",
    "app",
  ]] as const
) {
  test(`openLayouts() keeps an index, its referrers and digest tags from registry to ${transport}: and back`, async (t) => {
    await using local = await startLocal(t);
    const { pair: { source, destination, engine }, folder } = local;
    const platforms = ["linux/amd64", "linux/arm64"];
    const { descriptor, images } = await putIndex(source, "app", {
      platforms,
      tag: "1",
      layerBytes: 300_000,
    });
    const sbom = await putReferrer(source, "app", descriptor, {
      artifactType: "application/spdx+json",
      payload: "{}",
      annotations: { made: "by a test" },
    });
    const ofImage = await putReferrer(source, "app", images[0]?.descriptor ?? descriptor, {
      artifactType: "application/vnd.example",
      payload: "x",
    });
    const onReferrer = await putReferrer(source, "app", sbom.descriptor, {
      artifactType: "application/vnd.signature",
      payload: "y",
    });
    const signature = await putCosignSignature(source, "app", descriptor.digest);
    const name = transport === "ocidir"
      ? `ocidir://${folder}/${path}`
      : `${transport}:${folder}/${path}`;
    const image = transport === "dir" ? name : `${name}:1`;

    const copied = await engine.copy({ source: `${source.host}/app:1`, destination: image });
    assert.equal(copied.result, "copied");
    assert.equal(copied.digest, descriptor.digest);
    const verified = await engine.verify({ source: `${source.host}/app:1`, destination: image });
    assert.deepEqual(verified.differences, []);

    const back = await engine.copy({ source: image, destination: `${destination.host}/app:1` });
    assert.equal(back.digest, descriptor.digest);
    for (
      const { digest } of [
        descriptor,
        ...[sbom, ofImage, onReferrer, signature].map(({ descriptor }) => descriptor),
      ]
    ) {
      assert.deepEqual(
        destination.getManifest("app", digest)?.bytes,
        source.getManifest("app", digest)?.bytes,
      );
    }
    assert.equal(
      destination.getManifest("app", signature.tag)?.digest,
      signature.descriptor.digest,
    );
    const again = await engine.verify({ source: image, destination: `${destination.host}/app:1` });
    assert.deepEqual(again.differences, []);
    const inspected = await engine.inspect(image);
    assert.deepEqual(
      inspected.root.referrers.map(({ digest, artifactType, annotations }) => ({
        digest,
        artifactType,
        annotations,
      })),
      [{
        digest: sbom.descriptor.digest,
        artifactType: "application/spdx+json",
        annotations: { made: "by a test" },
      }],
    );
    assert.equal(inspected.root.digestTags.length, 1);
  });
}

/** The rules of a file, run by the engine. */
async function sync(engine: SyncEngine, text: string): Promise<Record<string, number>> {
  const { config: { rules } } = parseSyncConfig(text, {
    from: "f",
    env: {},
    now: 0,
    allowsLocal: true,
  });
  const counts: Record<string, number> = {};
  for (const rule of rules) {
    const report = await runRuleLocally(rule, { engine, rules, now: () => Date.now() });
    for (const { result } of [...report.tags, ...report.pruned ?? []]) {
      counts[result] = (counts[result] ?? 0) + 1;
    }
  }
  return counts;
}

test("openLayouts() mirrors a registry into layouts, several tags at once, and prunes them", async (t) => {
  await using local = await startLocal(t);
  const { pair: { source, destination, engine }, folder } = local;
  for (let i = 0; i < 6; i++) {
    await putImage(source, i < 4 ? "a/app" : "b", { tag: `${i}`, seed: i });
  }
  const text = `sync:
- {type: registry, source: "${source.host}", target: "oci:${folder}", prune: {maxShare: 1}}
`;
  assert.deepEqual(await sync(engine, text), { copied: 6 });
  assert.deepEqual(await sync(engine, text), { unchanged: 6 });
  assert.deepEqual((await readdir(folder)).sort(), ["a", "b"]);
  source.deleteTag("a/app", "3");
  const pruned = await sync(engine, text);
  assert.deepEqual(pruned, { unchanged: 5, deleted: 1 });
  const back = `sync:
- {type: registry, source: "oci:${folder}", target: "${destination.host}/mirror"}
`;
  assert.deepEqual(await sync(engine, back), { copied: 5 });
  assert.deepEqual(destination.tags("mirror/a/app"), ["0", "1", "2"]);
  assert.deepEqual(destination.tags("mirror/b"), ["4", "5"]);
});

test("openLayouts() lists only OCI layouts", async (t) => {
  await using layouts = openLayouts();
  await assert.rejects(Array.fromAsync(layouts.repositories("dir:./a")), {
    code: "unsupported",
    side: "source",
  });
  assert.deepEqual(await Array.fromAsync(layouts.repositories(`oci:${await makeFolder(t)}`)), []);
});

test("openLayouts() removes what an aborted copy left of an archive", async (t) => {
  await using local = await startLocal(t);
  const { pair: { source, engine }, folder } = local;
  await putImage(source, "app", { tag: "1", layerBytes: 600_000 });
  const stop = new AbortController();
  await assert.rejects(engine.copy(
    { source: `${source.host}/app:1`, destination: `oci-archive:${folder}/a.tar` },
    { signal: stop.signal, emit: ({ type }) => type === "step-finished" && stop.abort() },
  ));
  await local[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(folder), []);
});

test("openLayouts() copies an archive completely over itself", async (t) => {
  await using local = await startLocal(t);
  const { pair: { source, destination, engine }, folder } = local;
  const { descriptor } = await putIndex(source, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
  });
  const archive = `oci-archive:${folder}/a.tar`;
  await engine.copy({ source: `${source.host}/app:1`, destination: archive });
  await engine.copy({ source: `${archive}:1`, destination: `${archive}:2` });
  const back = `${destination.host}/app:2`;
  const report = await engine.copy({ source: `${archive}:2`, destination: back });
  assert.equal(report.digest, descriptor.digest);
  assert.deepEqual(await readdir(folder), ["a.tar"]);
});
