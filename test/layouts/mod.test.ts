import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { openLayouts } from "../../src/layouts/mod.ts";
import { putCosignSignature, putIndex, putReferrer } from "../support/image.ts";
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
