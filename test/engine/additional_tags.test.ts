import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CrossdockError } from "../../src/errors.ts";
import { openLayouts } from "../../src/layouts/mod.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { RunningRegistry } from "../support/registry.ts";

const MORE = { additionalTags: ["b", "c"] };

function writesOf({ requests }: RunningRegistry): string[] {
  return requests.filter(({ method }) => !/^(GET|HEAD)$/.test(method))
    .map(({ method, path }) => `${method} ${path.replace(/^.*\/manifests\//, "")}`);
}

function digestsOf(registry: RunningRegistry, ...tags: string[]): unknown[] {
  return tags.map((tag) => registry.getManifest("app", tag)?.digest);
}

for (const referrers of [true, false]) {
  const what = referrers ? "with referrers" : "without referrers";
  test(`copy() puts the manifest once for each tag, after everything else, ${what}`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const { descriptor } = await putIndex(source, "app", {
      platforms: ["linux/amd64", "linux/arm64"],
      tag: "1",
    });
    await putCosignSignature(source, "app", descriptor.digest);
    await putReferrer(source, "app", descriptor, { artifactType: "a/b", payload: "x" });
    const options = referrers ? {} : { referrers: false, digestTags: false };
    const request = { ...requestOf(pair), ...options, ...MORE };
    const { stages } = await engine.plan(request);
    assert.equal(stages.at(-1)?.name, "tag");
    assert.equal(stages.at(-1)?.steps.length, 3);
    const report = await engine.copy(request);
    assert.deepEqual(writesOf(destination).slice(-3).sort(), ["PUT 1", "PUT b", "PUT c"]);
    const { digest } = descriptor;
    assert.deepEqual(digestsOf(destination, "1", "b", "c"), [digest, digest, digest]);
    assert.deepEqual(report.additionalTags, ["b", "c"]);
    assert.equal(report.destination, `${destination.host}/app:1@${digest}`);
    destination.clearRequests();
    assert.equal((await engine.copy(request)).result, "unchanged");
    assert.deepEqual(writesOf(destination), []);
    assert.ok((await engine.verify(request)).equal);
  });
}

test("copy() of an image that one tag has puts only the other tags, and checks no blob", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putIndex(source, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
  });
  await engine.copy({ ...requestOf(pair), additionalTags: ["b"] });
  destination.clearRequests();
  const report = await engine.copy({
    source: `${source.host}/app:1`,
    destination: `${destination.host}/app:new`,
    additionalTags: ["b", "c"],
  });
  assert.equal(report.result, "copied");
  assert.deepEqual(writesOf(destination).sort(), ["PUT c", "PUT new"]);
  assert.equal(destination.count({ path: /blobs/ }), 0);
  assert.equal(destination.getManifest("app", "c")?.digest, descriptor.digest);
});

test("copy() with ifExists fail writes nothing if one of the tags has another image", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1" });
  await putImage(destination, "app", { tag: "c", seed: 9 });
  destination.clearRequests();
  await assert.rejects(engine.copy({ ...requestOf(pair), ...MORE, ifExists: "fail" }), (error) => {
    assert.ok(error instanceof CrossdockError);
    assert.equal(error.code, "conflict");
    assert.match(error.message, /\/app:c already exists/);
    return true;
  });
  assert.deepEqual(writesOf(destination), []);
});

test("copy() with ifExists skip keeps the tags that have another image, and sets the others", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const other = await putImage(destination, "app", { tag: "1", seed: 9 });
  const request = { ...requestOf(pair), ...MORE, ifExists: "skip" } as const;
  const report = await engine.copy(request);
  assert.equal(report.result, "copied");
  assert.equal(report.destination, `${destination.host}/app:b@${descriptor.digest}`);
  assert.deepEqual(report.additionalTags, ["c"]);
  assert.deepEqual(report.warnings, [
    `${destination.host}/app:1 keeps ${other.descriptor.digest}, because of --if-exists skip`,
  ]);
  assert.equal(destination.getManifest("app", "1")?.digest, other.descriptor.digest);
  assert.equal(destination.getManifest("app", "c")?.digest, descriptor.digest);
  for (const tag of ["b", "c"]) await putImage(destination, "app", { tag, seed: 9 });
  assert.equal((await engine.copy(request)).result, "skipped");
});

test("copy() with recheck puts every tag again", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1" });
  await engine.copy({ ...requestOf(pair), ...MORE });
  destination.clearRequests();
  await engine.copy({ ...requestOf(pair), ...MORE, recheck: true });
  assert.deepEqual(writesOf(destination).slice(-3).sort(), ["PUT 1", "PUT b", "PUT c"]);
});

test("copy() to a digest also sets the additional tags", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor: { digest } } = await putImage(source, "app", { tag: "1" });
  const report = await engine.copy({
    source: `${source.host}/app@${digest}`,
    destination: `${destination.host}/app`,
    ...MORE,
  });
  assert.equal(report.destination, `${destination.host}/app@${digest}`);
  assert.deepEqual(digestsOf(destination, "b", "c"), [digest, digest]);
});

test("copy() within a repository only sets the tags", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  await putImage(source, "app", { tag: "1" });
  source.clearRequests();
  await engine.copy({
    source: `${source.host}/app:1`,
    destination: `${source.host}/app:2`,
    additionalTags: ["3"],
  });
  assert.deepEqual(writesOf(source).sort(), ["PUT 2", "PUT 3"]);
});

test("verify() names the additional tags that are missing or different", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await engine.copy(requestOf(pair));
  const other = await putImage(destination, "app", { tag: "b", seed: 9 });
  const { equal, differences } = await engine.verify({ ...requestOf(pair), ...MORE });
  assert.equal(equal, false);
  assert.deepEqual(differences, [
    {
      kind: "tag",
      what: "b",
      state: "different",
      wanted: descriptor.digest,
      found: other.descriptor.digest,
    },
    { kind: "tag", what: "c", state: "missing" },
  ]);
});

test("copy() sets several tags of an oci folder and archive, and names of a docker archive", async () => {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-"));
  try {
    await using layouts = openLayouts();
    await using pair = await startPair({ engine: { layouts } });
    const { source, engine } = pair;
    const { descriptor: { digest } } = await putImage(source, "app", { tag: "1", layers: 0 });
    for (const name of [`oci:${folder}/a`, `oci-archive:${folder}/b.tar`]) {
      const destination = `${name}:1`;
      await engine.copy({ source: `${source.host}/app:1`, destination, ...MORE });
      for (const tag of ["1", "b", "c"]) {
        await using other = openLayouts();
        await using pair = await startPair({ engine: { layouts: other } });
        assert.equal((await pair.engine.inspect(`${name}:${tag}`)).root.descriptor.digest, digest);
      }
    }
    await engine.copy({
      source: `${source.host}/app:1`,
      destination: `docker-archive:${folder}/c.tar:app:1`,
      referrers: false,
      digestTags: false,
      ...MORE,
    });
    const text = await readFile(`${folder}/c.tar`, "latin1");
    assert.match(text, /"RepoTags":\["app:1","app:b","app:c"\]/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
