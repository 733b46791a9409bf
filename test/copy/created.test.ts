import assert from "node:assert/strict";
import { test } from "node:test";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { putImage } from "../support/image.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { startPair } from "../support/pair.ts";

const CREATED = "org.opencontainers.image.created";
const MARCH = "2026-03-07T14:05:09.5Z";

/** An image `app:1` whose config has this for a date. */
async function put(
  registry: RunningRegistry,
  config: object,
  annotations?: Record<string, string>,
): Promise<Descriptor> {
  const bytes = new TextEncoder().encode(JSON.stringify(config));
  const mediaType = "application/vnd.oci.image.config.v1+json";
  const blob = { mediaType, ...await registry.putBlob("app", bytes) };
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: blob,
    layers: [],
    ...annotations && { annotations },
  };
  return await registry.putManifest("app", manifest, OCI_MANIFEST, ["1"]);
}

for (
  const [name, config, annotations, wanted] of [
    ["its config", { created: MARCH }, undefined, MARCH],
    [
      "its annotations first",
      { created: MARCH },
      { [CREATED]: "2026-01-01T00:00:00Z" },
      "2026-01-01T00:00:00Z",
    ],
    ["neither", {}, undefined, undefined],
    ["no date", { created: "yesterday" }, { [CREATED]: "1" }, undefined],
    ["a number", { created: 7 }, undefined, undefined],
  ] as const
) {
  test(`created() reads ${name}`, async () => {
    await using pair = await startPair();
    await put(pair.source, config, annotations);
    const date = await pair.engine.batch().created(`${pair.source.host}/app:1`);
    assert.equal(date?.getTime(), wanted && Date.parse(wanted));
  });
}

test("created() of an index reads its first image, not an attestation, and no layer", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const image = await put(source, { created: MARCH });
  const { descriptor: attestation } = await putImage(source, "app");
  const manifests = [
    { ...attestation, platform: { os: "unknown", architecture: "unknown" } },
    { ...image, platform: { os: "linux", architecture: "amd64" } },
  ];
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  await source.putManifest("app", index, OCI_INDEX, ["1"]);
  const date = await engine.batch().created(`${source.host}/app:1`);
  assert.equal(date?.getTime(), Date.parse(MARCH));
  assert.equal(source.count(), 3);
});

test("created() of a missing image fails with not_found", async () => {
  await using pair = await startPair();
  await assert.rejects(pair.engine.batch().created(`${pair.source.host}/app:1`), {
    code: "not_found",
  });
});
