import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { ManifestContent } from "../../src/content.ts";
import { openDirLayout, openDirLayoutTarget } from "../../src/layouts/dir_layout.ts";
import { openFolder } from "../../src/layouts/folder.ts";
import type { LayoutSource, LayoutTarget } from "../../src/layouts/layout_content.ts";
import { digestBytes, digestHex } from "../../src/oci/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { bytesOf, makeFolder } from "./setup.ts";

const CONFIG = {
  mediaType: "application/vnd.oci.image.config.v1+json",
  digest: `sha256:${"0".repeat(64)}`,
  size: 2,
};

async function manifestOf(json: object, mediaType = OCI_MANIFEST): Promise<ManifestContent> {
  const bytes = bytesOf(JSON.stringify({ schemaVersion: 2, mediaType, ...json }));
  return { bytes, mediaType, digest: await digestBytes(bytes) };
}

function targetOf(root: string): LayoutTarget {
  return openDirLayoutTarget(openFolder(root), { name: `dir:${root}` });
}

function sourceOf(root: string): LayoutSource {
  return openDirLayout(openFolder(root), { name: `dir:${root}` });
}

test("openDirLayoutTarget() writes the files of skopeo, and manifest.json last", async (t) => {
  const root = join(await makeFolder(t), "new");
  const target = targetOf(root);
  assert.equal(await target.resolveManifest("latest"), undefined);
  const blob = { mediaType: "x/y", digest: await digestBytes(bytesOf("hello")), size: 5 };
  const start = await target.beginBlob(blob);
  if (start.state === "open") await start.upload.put(bytesOf("hello"));
  const image = await manifestOf({ config: CONFIG, layers: [] });
  const entry = { mediaType: OCI_MANIFEST, digest: image.digest, size: image.bytes.byteLength };
  const index = await manifestOf({ manifests: [entry] }, OCI_INDEX);
  await target.putManifest(image);
  assert.equal((await readdir(root)).includes("manifest.json"), false);
  await target.putManifest(index, { tag: "1" });
  await target.finish();
  assert.deepEqual(
    (await readdir(root)).sort(),
    [digestHex(blob.digest), `${digestHex(image.digest)}.manifest.json`, "manifest.json", "version"]
      .sort(),
  );
  assert.equal(await readFile(join(root, "version"), "utf8"), "Directory Transport Version: 1.1\n");
  const source = sourceOf(root);
  assert.deepEqual(await source.fetchManifest("any"), index);
  assert.deepEqual(await source.fetchManifest(index.digest), index);
  assert.deepEqual(await source.fetchManifest(image.digest), image);
  assert.equal(await source.fetchManifest(blob.digest), undefined);
  assert.equal(await source.hasBlob(blob), true);
  assert.deepEqual(await Array.fromAsync(source.listTags()), [[]]);
});

test("openDirLayoutTarget() makes an image without a tag the image of the folder", async (t) => {
  const root = await makeFolder(t);
  const target = targetOf(root);
  const image = await manifestOf({ config: CONFIG, layers: [] });
  await target.putManifest(image);
  await target.finish();
  assert.deepEqual(await sourceOf(root).fetchManifest("latest"), image);
});

/** Folders that cannot be read, with the class of error and its message. */
const BAD: [name: string, make: (root: string) => Promise<unknown>, string, RegExp][] = [
  [
    "another kind of folder",
    (root) => writeFile(join(root, "oci-layout"), "{}"),
    "unsupported",
    /is not an image of the transport dir: it has no file version/,
  ],
  [
    "a newer version",
    (root) => writeFile(join(root, "version"), "Directory Transport Version: 2.0\n"),
    "unsupported",
    /read version in .*it is "Directory Transport Version: 2\.0\\n", expected/,
  ],
  [
    "a manifest that is none",
    async (root) => {
      await writeFile(join(root, "version"), "Directory Transport Version: 1.1\n");
      await writeFile(join(root, "manifest.json"), "[]");
    },
    "unsupported",
    /read manifest\.json in .*expected an object/,
  ],
];

for (const [name, make, code, message] of BAD) {
  test(`openDirLayout() rejects ${name}`, async (t) => {
    const root = await makeFolder(t);
    await make(root);
    await assert.rejects(sourceOf(root).fetchManifest("latest"), { code, message });
  });
}

test("openDirLayoutTarget() writes nothing into a folder that is something else", async (t) => {
  const root = await makeFolder(t);
  await mkdir(join(root, "mine"));
  const image = await manifestOf({ config: CONFIG, layers: [] });
  await assert.rejects(targetOf(root).putManifest(image, { tag: "1" }), {
    code: "conflict",
    message: /exists and is not an image of the transport dir/,
  });
  assert.deepEqual(await readdir(root), ["mine"]);
});
