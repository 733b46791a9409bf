import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { CrossdockError } from "../../src/errors.ts";
import { openFolder } from "../../src/layouts/folder.ts";
import type { LayoutTarget } from "../../src/layouts/layout_content.ts";
import { openOciLayout } from "../../src/layouts/oci_layout.ts";
import { openOciLayoutTarget } from "../../src/layouts/oci_layout_target.ts";
import type { ManifestContent } from "../../src/content.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestBytes, digestHex } from "../../src/oci/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { bytesOf, chunksOf, describe, makeFolder } from "./setup.ts";

const MARKER = '{"imageLayoutVersion":"1.0.0"}';

async function manifestOf(json: object, mediaType = OCI_MANIFEST): Promise<ManifestContent> {
  const bytes = bytesOf(JSON.stringify({ schemaVersion: 2, mediaType, ...json }));
  return { bytes, mediaType, digest: await digestBytes(bytes) };
}

async function imageOf(name: string, more: object = {}): Promise<ManifestContent> {
  return await manifestOf({ config: await describe(name), layers: [], ...more });
}

function descriptorOf({ bytes, digest, mediaType }: ManifestContent): Descriptor {
  return { mediaType, digest, size: bytes.byteLength };
}

function targetOf(root: string): LayoutTarget {
  return openOciLayoutTarget(openFolder(root), { name: `oci:${root}` });
}

function sourceOf(root: string): ReturnType<typeof openOciLayout> {
  return openOciLayout(openFolder(root), { name: `oci:${root}` });
}

async function tagsOf(root: string): Promise<string[]> {
  return (await Array.fromAsync(sourceOf(root).listTags())).flat();
}

async function indexOf(root: string): Promise<{ digest: string; annotations?: object }[]> {
  return JSON.parse(await readFile(join(root, "index.json"), "utf8")).manifests;
}

test("openOciLayoutTarget() keeps several tags, moves one, and deletes one", async (t) => {
  const root = join(await makeFolder(t), "new");
  const [one, two] = [await imageOf("one"), await imageOf("two")];
  const target = targetOf(root);
  assert.equal(await target.resolveManifest("1"), undefined);
  await target.putManifest(one, { tag: "1" });
  await target.putManifest(one, { tag: "latest" });
  await target.putManifest(two, { tag: "2" });
  await target.finish();
  assert.deepEqual(await tagsOf(root), ["1", "2", "latest"]);
  assert.deepEqual(await sourceOf(root).fetchManifest("1"), one);
  assert.deepEqual(await sourceOf(root).resolveManifest(two.digest), descriptorOf(two));
  await target.putManifest(two, { tag: "1" });
  assert.equal((await target.resolveManifest("1"))?.digest, two.digest);
  assert.deepEqual(await sourceOf(root).fetchManifest(one.digest), one);
  await target.deleteTag?.("2");
  await target.deleteTag?.("none");
  assert.deepEqual(await tagsOf(root), ["1", "latest"]);
  assert.deepEqual((await readdir(root)).sort(), ["blobs", "index.json", "oci-layout"]);
  assert.equal(await readFile(join(root, "oci-layout"), "utf8"), MARKER);
});

test("openOciLayoutTarget() lists an image without a tag, but not the images of an index", async (t) => {
  const root = await makeFolder(t);
  const target = targetOf(root);
  const [one, two] = [await imageOf("one"), await imageOf("two")];
  const index = await manifestOf(
    { manifests: [descriptorOf(one), descriptorOf(two)] },
    OCI_INDEX,
  );
  for (const content of [one, two, index]) await target.putManifest(content);
  assert.equal(await readFile(join(root, "index.json"), "utf8").catch(() => "none"), "none");
  await target.finish();
  assert.deepEqual((await indexOf(root)).map(({ digest }) => digest), [index.digest]);
  assert.deepEqual(await sourceOf(root).fetchManifest("latest"), index);
  assert.deepEqual(await tagsOf(root), []);
});

test("openOciLayoutTarget() lists referrers as entries and under the fallback tag", async (t) => {
  const root = await makeFolder(t);
  const target = targetOf(root);
  const image = await imageOf("one");
  const referrer = await imageOf("sbom", {
    artifactType: "application/spdx+json",
    subject: descriptorOf(image),
    annotations: { a: "b" },
  });
  await target.putManifest(image, { tag: "1" });
  await target.putManifest(referrer);
  const expected = [{
    ...descriptorOf(referrer),
    artifactType: "application/spdx+json",
    annotations: { a: "b" },
  }];
  assert.deepEqual(await target.listReferrers(image.digest), expected);
  assert.equal(await target.recordReferrers(image.digest, expected), true);
  assert.equal(await target.recordReferrers(image.digest, expected), false);
  await target.finish();
  assert.deepEqual(await sourceOf(root).listReferrers(image.digest), expected);
  assert.deepEqual(await sourceOf(root).listReferrers(referrer.digest), []);
  const fallback = await sourceOf(root).fetchManifest(`sha256-${digestHex(image.digest)}`);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(fallback?.bytes)).manifests, expected);
  assert.equal((await indexOf(root)).filter(({ digest }) => digest === referrer.digest).length, 1);
});

test("openOciLayoutTarget() keeps referrers that others list under the fallback tag meanwhile", async (t) => {
  const root = await makeFolder(t);
  const image = await imageOf("one");
  await targetOf(root).putManifest(image, { tag: "1" });
  const referrers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => imageOf(`sbom ${i}`, { subject: descriptorOf(image) })),
  );
  const targets = referrers.map(() => targetOf(root));
  for (const [i, referrer] of referrers.entries()) await targets[i]?.putManifest(referrer);
  await Promise.all(
    referrers.map((referrer, i) =>
      targets[i]?.recordReferrers(image.digest, [descriptorOf(referrer)])
    ),
  );
  const fallback = await sourceOf(root).fetchManifest(`sha256-${digestHex(image.digest)}`);
  const { manifests } = JSON.parse(new TextDecoder().decode(fallback?.bytes));
  assert.deepEqual(
    manifests.map(({ digest }: { digest: string }) => digest).sort(),
    referrers.map(({ digest }) => digest).sort(),
  );
});

test("openOciLayoutTarget() writes a blob once, and again if its content is wrong", async (t) => {
  const root = await makeFolder(t);
  const blob = await describe("hello");
  const file = join(root, "blobs/sha256", digestHex(blob.digest));
  const put = async (): Promise<string> => {
    const start = await targetOf(root).beginBlob(blob);
    if (start.state === "open") await start.upload.put(bytesOf("hello"));
    return start.state;
  };
  assert.equal(await put(), "open");
  assert.equal(await put(), "present");
  await writeFile(file, "jello");
  assert.equal(await targetOf(root).hasBlob(blob), false);
  assert.equal(await put(), "open");
  assert.equal(await readFile(file, "utf8"), "hello");
});

test("openOciLayoutTarget() gives a wrong blob no name, and takes the right one afterwards", async (t) => {
  const root = await makeFolder(t);
  const target = targetOf(root);
  const blob = await describe("hello");
  for (const body of [bytesOf("jello"), chunksOf("hell"), chunksOf("hello", "!")]) {
    const start = await target.beginBlob(blob);
    assert.equal(start.state, "open");
    if (start.state !== "open") continue;
    await assert.rejects(start.upload.put(body), { code: "integrity" });
    await start.upload.cancel();
  }
  assert.deepEqual(await readdir(join(root, "blobs/sha256")), []);
  const start = await target.beginBlob(blob);
  if (start.state === "open") await start.upload.put(chunksOf("he", "llo"));
  assert.equal(await target.hasBlob(blob), true);
});

test("openOciLayoutTarget() keeps what it does not know in index.json", async (t) => {
  const root = await makeFolder(t);
  await writeFile(join(root, "oci-layout"), MARKER);
  const other = { ...descriptorOf(await imageOf("two")), "x-vendor": 1 };
  await writeFile(join(root, "index.json"), JSON.stringify({ extra: true, manifests: [other] }));
  await targetOf(root).putManifest(await imageOf("one"), { tag: "1" });
  const json = JSON.parse(await readFile(join(root, "index.json"), "utf8"));
  assert.equal(json.extra, true);
  assert.equal(json.schemaVersion, 2);
  assert.deepEqual(json.manifests[0], other);
  assert.equal(json.manifests.length, 2);
});

test("openOciLayout() takes latest for the only image, and names the images if there are several", async (t) => {
  const root = await makeFolder(t);
  const target = targetOf(root);
  const [one, two] = [await imageOf("one"), await imageOf("two")];
  await target.putManifest(one, { tag: "1" });
  await target.putManifest(one, { tag: `sha256-${digestHex(one.digest)}.sig` });
  await target.putManifest(await imageOf("sbom", { subject: descriptorOf(one) }));
  assert.deepEqual(await sourceOf(root).fetchManifest("latest"), one);
  assert.equal(await target.resolveManifest("latest"), undefined);
  await assert.rejects(sourceOf(root).fetchManifest("2"), {
    code: "not_found",
    message: `${root} has no image "2"; it has "1"`,
  });
  await target.putManifest(two, { tag: "2" });
  await assert.rejects(sourceOf(root).fetchManifest("latest"), {
    code: "not_found",
    message: `${root} has no image "latest"; it has "1", "2"`,
  });
  assert.equal(
    await sourceOf(root).resolveManifest(`sha256-${digestHex(two.digest)}.sig`),
    undefined,
  );
});

test("openOciLayout() finds an image by a full name", async (t) => {
  const root = await makeFolder(t);
  const options = { name: "oci:x", imageName: "docker.io/library/app" };
  const image = await imageOf("one");
  await openOciLayoutTarget(openFolder(root), options).putManifest(image, { tag: "1" });
  const source = openOciLayout(openFolder(root), options);
  assert.deepEqual(await source.fetchManifest("1"), image);
  assert.deepEqual((await Array.fromAsync(source.listTags())).flat(), ["1"]);
  assert.deepEqual(await tagsOf(root), ["docker.io/library/app:1"]);
});

/** Layouts that cannot be read: how each is made, the class of error, and its message. */
const BAD: [
  name: string,
  make: (root: string) => Promise<unknown>,
  code: string,
  message: RegExp,
][] = [
  ["a missing folder", (root) => rm(root, { recursive: true }), "not_found", /: no such folder$/],
  [
    "an empty folder",
    () => Promise.resolve(),
    "unsupported",
    /is not an OCI layout: it has no file oci-layout/,
  ],
  [
    "a newer version",
    (root) => writeFile(join(root, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}'),
    "unsupported",
    /read oci-layout in .*imageLayoutVersion is "2\.0\.0", expected "1\.0\.0"/,
  ],
  [
    "a marker that is no JSON",
    (root) => writeFile(join(root, "oci-layout"), "1.0.0 x"),
    "unsupported",
    /read oci-layout in .*not valid JSON/,
  ],
  [
    "no index.json",
    () => Promise.resolve(),
    "unsupported",
    /has no file index\.json: the copy into it was not finished/,
  ],
  [
    "an index.json of 100 MB",
    async (root) => {
      await writeFile(join(root, "index.json"), "{");
      await truncate(join(root, "index.json"), 100_000_000);
    },
    "limit",
    /read index\.json in .*it has 100000000 bytes, expected at most 4194304/,
  ],
  [
    "an index.json that is cut short",
    (root) => writeFile(join(root, "index.json"), '{"manifests":['),
    "unsupported",
    /read index\.json in .*not valid JSON/,
  ],
  [
    "an index.json without manifests",
    (root) => writeFile(join(root, "index.json"), "{}"),
    "unsupported",
    /manifests is not an array/,
  ],
  [
    "a later schema",
    (root) => writeFile(join(root, "index.json"), '{"schemaVersion":3,"manifests":[]}'),
    "unsupported",
    /schemaVersion is 3, expected 2/,
  ],
  [
    "a digest that climbs",
    (root) =>
      writeFile(
        join(root, "index.json"),
        JSON.stringify({
          manifests: [{ mediaType: OCI_MANIFEST, digest: "../../../etc:passwd", size: 1 }],
        }),
      ),
    "unsupported",
    /read index\.json in .*manifests\[0\]\.digest: .*unknown algorithm "\.\.\/\.\.\/\.\.\/etc"/,
  ],
  [
    "a digest with a path as digits",
    (root) =>
      writeFile(
        join(root, "index.json"),
        JSON.stringify({
          manifests: [{ mediaType: OCI_MANIFEST, digest: "sha256:../../../etc/passwd", size: 1 }],
        }),
      ),
    "unsupported",
    /manifests\[0\]\.digest: /,
  ],
  [
    "a tag whose manifest is missing",
    async (root) =>
      writeFile(
        join(root, "index.json"),
        JSON.stringify({
          manifests: [{
            ...descriptorOf(await imageOf("one")),
            annotations: { "org.opencontainers.image.ref.name": "1" },
          }],
        }),
      ),
    "not_found",
    /read blobs\/sha256\/[0-9a-f]{64} in .*no such file, but index\.json lists it/,
  ],
  [
    "a manifest with other bytes",
    async (root) => {
      const image = await imageOf("one");
      await targetOf(root).putManifest(image, { tag: "1" });
      await writeFile(join(root, "blobs/sha256", digestHex(image.digest)), "{}");
    },
    "integrity",
    /read blobs\/sha256\/[0-9a-f]{64} in .*its bytes have digest sha256:[0-9a-f]{64}, expected/,
  ],
  [
    "an index.json that is a folder",
    (root) => mkdir(join(root, "index.json")),
    "unsupported",
    /index\.json: it is not a regular file/,
  ],
  [
    "a link in a loop",
    (root) => symlink("index.json", join(root, "index.json")),
    "conflict",
    /index\.json: its symbolic links form a loop/,
  ],
];

for (const [name, make, code, message] of BAD) {
  test(`openOciLayout() rejects ${name}`, async (t) => {
    const root = join(await makeFolder(t), "layout");
    await mkdir(root);
    if (name !== "an empty folder" && name !== "a missing folder") {
      await writeFile(join(root, "oci-layout"), MARKER);
    }
    await make(root);
    await assert.rejects(sourceOf(root).fetchManifest("1"), (error: Error & { code: string }) => {
      assert.match(error.message, message);
      assert.ok(error.message.includes(root), error.message);
      assert.equal(error.code, code);
      return true;
    });
  });
}

test("openOciLayout() names the file of a blob that is missing or has another size", async (t) => {
  const root = await makeFolder(t);
  const blob = await describe("hello");
  const source = sourceOf(root);
  await assert.rejects(source.openBlob(blob), {
    code: "not_found",
    message: /blobs\/sha256\/.*no such file/,
    hint: /copy the image into it again with "recheck": true$/,
  });
  await mkdir(join(root, "blobs/sha256"), { recursive: true });
  await writeFile(join(root, "blobs/sha256", digestHex(blob.digest)), "hell");
  await assert.rejects(source.openBlob(blob), {
    code: "integrity",
    message: /it has 4 bytes, expected 5/,
  });
});

test("openOciLayoutTarget() writes nothing into a folder that is something else", async (t) => {
  const root = await makeFolder(t);
  await writeFile(join(root, "notes.txt"), "mine");
  const error = {
    code: "conflict",
    message: `${root} exists and is not an OCI layout: it has no file oci-layout`,
  };
  await assert.rejects(targetOf(root).resolveManifest("1"), error);
  await assert.rejects(targetOf(root).beginBlob(await describe("hello")), error);
  assert.deepEqual(await readdir(root), ["notes.txt"]);
  await assert.rejects(targetOf(join(root, "notes.txt")).resolveManifest("1"), {
    code: "conflict",
    message: /notes\.txt is a file, expected a folder/,
  });
});

test("openOciLayoutTarget() leaves only complete blobs if a file cannot be written to its end", async (t) => {
  const root = join(await makeFolder(t), "layout");
  const program = fileURLToPath(new URL("./write_blobs.ts", import.meta.url));
  const runtime = "Deno" in globalThis ? "run --allow-all --quiet" : "";
  // Files of at most 256 KiB. A full disk would need a mount. The pipe is not limited.
  const script =
    `trap "" XFSZ; ulimit -f 256; "${process.execPath}" ${runtime} "${program}" "${root}" | cat`;
  const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script]);
  const [small, large] = stdout.trim().split("\n");
  assert.equal(small, "written", stderr);
  assert.match(
    large ?? "",
    /^limit write .*\/blobs\/sha256\/[0-9a-f]{64}: the file is too large for the file system$/,
    stderr,
  );
  assert.deepEqual(await readdir(join(root, "blobs/sha256")), [
    digestHex((await describe("hello")).digest),
  ]);
});

test("openOciLayoutTarget() loses no tag of two processes that write one layout", async (t) => {
  const root = join(await makeFolder(t), "layout");
  const program = fileURLToPath(new URL("./write_tags.ts", import.meta.url));
  const runtime = "Deno" in globalThis ? ["run", "--allow-all", "--quiet"] : [];
  const write = (prefix: string): Promise<unknown> =>
    promisify(execFile)(process.execPath, [...runtime, program, root, prefix, "20"]);
  await Promise.all([write("a"), write("b")]);
  const expected = ["a", "b"].flatMap((prefix) => Array.from({ length: 20 }, (_, i) => prefix + i));
  assert.deepEqual(await tagsOf(root), expected.sort());
  assert.deepEqual((await readdir(root)).sort(), ["blobs", "index.json", "oci-layout"]);
  for (const tag of expected) assert.ok(await sourceOf(root).resolveManifest(tag), tag);
});

for (
  const [file, hint] of [
    ["version", /^write dir:/],
    ["manifest.json", /^if it is a file of docker save, write docker-archive:/],
    ["readme", undefined],
  ] as const
) {
  test(`OciLayout.fetchManifest() of files with ${file} hints at ${hint ?? "nothing"}`, async (t) => {
    const root = await makeFolder(t);
    await writeFile(join(root, file), "{}");
    const layout = openOciLayout(openFolder(root), { name: "oci:x" });
    await assert.rejects(layout.fetchManifest("1"), ({ hint: found }: CrossdockError) => {
      if (hint === undefined) assert.equal(found, undefined);
      else assert.match(found ?? "", hint);
      return true;
    });
  });
}
