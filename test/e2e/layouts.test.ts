/** The program with folders and files as sources and destinations. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { runCrossdock, startCrossdock } from "../support/run_crossdock.ts";
import { until } from "../support/until.ts";

async function makeFolder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "crossdock-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("crossdock plans, copies, inspects, lists and verifies an OCI layout, and resumes", async (t) => {
  await using registry = await startRegistry();
  const folder = await makeFolder(t);
  const { descriptor, images: [image] } = await putIndex(registry, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
    layerBytes: 300_000,
  });
  await putReferrer(registry, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  const source = `${registry.host}/app:1`;
  const layout = `oci:${folder}/app`;

  const planned = await runCrossdock("plan", source, layout);
  assert.equal(planned.exitCode, 0, planned.stderr);
  assert.match(planned.stdout, new RegExp(`${layout}:1@${descriptor.digest}`));
  assert.deepEqual(await readdir(folder), []);

  const copied = await runCrossdock("copy", source, layout);
  assert.deepEqual([copied.exitCode, copied.stderr], [0, ""]);
  assert.match(copied.stdout, new RegExp(`^to +${layout}:1@${descriptor.digest}$`, "m"));

  const tags = await runCrossdock("tags", "--json", `ocidir://${folder}/app`);
  assert.ok(JSON.parse(tags.stdout).includes("1"), tags.stderr);
  const inspected = await runCrossdock("inspect", `${layout}:1`);
  assert.match(inspected.stdout, /image linux\/arm64(.*\n)+.*referrer .*application\/spdx\+json/);
  const verified = await runCrossdock("verify", source, layout);
  assert.match(verified.stdout, /^equal: /, verified.stderr);

  const [layer] = image?.layers ?? [];
  const file = join(folder, "app/blobs/sha256", layer?.digest.slice("sha256:".length) ?? "");
  await rm(file);
  const differs = await runCrossdock("verify", source, layout);
  assert.deepEqual([differs.exitCode, /^missing +blob/m.test(differs.stdout)], [12, true]);
  const repaired = await runCrossdock("copy", "--json", "--recheck", source, layout);
  const report = JSON.parse(repaired.stdout);
  assert.deepEqual([report.blobs.streamed, report.blobs.present], [1, 6]);
  assert.equal((await readFile(file)).byteLength, 300_000);

  const back = await runCrossdock("copy", `${layout}:1`, `${registry.host}/back`);
  assert.equal(back.exitCode, 0, back.stderr);
  assert.deepEqual(
    registry.getManifest("back", "1")?.bytes,
    registry.getManifest("app", "1")?.bytes,
  );
});

test("crossdock copies one platform to a docker archive, and the archive to a registry", async (t) => {
  await using registry = await startRegistry();
  const folder = await makeFolder(t);
  await putImage(registry, "app", { tag: "1" });
  const archive = `docker-archive:${folder}/app.tar:app:1`;
  const saved = await runCrossdock("copy", `${registry.host}/app:1`, archive);
  assert.equal(saved.exitCode, 0, saved.stderr);
  assert.deepEqual(await readdir(folder), ["app.tar"]);
  const planned = await runCrossdock("plan", "--format", "docker", archive, `${registry.host}/x:1`);
  assert.match(planned.stdout, /vnd\.docker\.|manifests/, planned.stderr);
  const pushed = await runCrossdock(
    "copy",
    "--compress",
    "none",
    "--format",
    "docker",
    archive,
    `${registry.host}/pushed:1`,
  );
  assert.equal(pushed.exitCode, 0, pushed.stderr);
  const manifest = registry.getManifest("pushed", "1");
  assert.equal(manifest?.mediaType, "application/vnd.docker.distribution.manifest.v2+json");
});

/** Names that cannot be used, with the exit code and the message. */
const BAD: [name: string, source: string, exitCode: number, stderr: RegExp][] = [
  [
    "a missing folder",
    "oci:FOLDER/none",
    4,
    /^error: source: .*\/none: no such folder\n$/,
  ],
  [
    "a folder that is no layout",
    "oci:FOLDER",
    6,
    /^error: source: .* is not an OCI layout: it has no file oci-layout\n$/,
  ],
  [
    "a file in place of a folder",
    "oci:FOLDER/file",
    5,
    /^error: source: .*\/file is a file, expected a folder\n/,
  ],
  ["an archive that is none", "oci-archive:FOLDER/file", 6, /^error: source: .*\/file.*\n/],
  ["a missing archive", "docker-archive:FOLDER/none", 4, /^error: source: .*\/none.*\n/],
];

for (const [name, source, exitCode, stderr] of BAD) {
  test(`crossdock rejects ${name} in one sentence`, async (t) => {
    await using registry = await startRegistry();
    const folder = await makeFolder(t);
    await writeFile(join(folder, "file"), "text");
    const destination = `${registry.host}/app:1`;
    const run = await runCrossdock("copy", source.replace("FOLDER", folder), destination);
    assert.match(run.stderr, stderr);
    assert.equal(run.exitCode, exitCode, run.stderr);
  });
}

test("crossdock leaves a destination alone that is something else", async (t) => {
  await using registry = await startRegistry();
  await putImage(registry, "app", { tag: "1" });
  const folder = await makeFolder(t);
  await writeFile(join(folder, "file"), "text");
  for (const destination of [`oci:${folder}`, `dir:${folder}`, `oci:${folder}/file`]) {
    const run = await runCrossdock("copy", `${registry.host}/app:1`, destination);
    assert.equal(run.exitCode, 5, run.stderr);
    assert.match(run.stderr, /^error: destination: /);
  }
  assert.deepEqual(await readdir(folder), ["file"]);
  assert.equal(await readFile(join(folder, "file"), "utf8"), "text");
});

test("crossdock leaves a layout without an index when it is stopped, and resumes it", async (t) => {
  await using registry = await startRegistry();
  const folder = await makeFolder(t);
  const { layers: [, second] } = await putImage(registry, "app", {
    tag: "1",
    layerBytes: 600_000,
  });
  const source = `${registry.host}/app:1`;
  const path = `/blobs/${second?.digest}`;
  registry.fail({ method: "GET", path, action: { hangAfterBytes: 300_000 } });
  const running = startCrossdock({}, "copy", source, `oci:${folder}/app`);
  const blobs = join(folder, "app/blobs/sha256");
  const nameOf = (digest = ""): string => digest.slice("sha256:".length);
  const names = (): string[] => existsSync(blobs) ? readdirSync(blobs) : [];
  await until("two blobs and a part of the third", () =>
    names().length === 3 &&
    names().some((name) => name.endsWith(".partial")) &&
    names().filter((name) => !name.endsWith(".partial")).length === 2);
  running.send("SIGINT");
  const { exitCode, stderr } = await running.exit;
  assert.equal(exitCode, 130, stderr);
  const left = names();
  assert.equal(left.includes(nameOf(second?.digest)), false);
  assert.deepEqual(left.filter((name) => name.endsWith(".partial")), []);
  assert.deepEqual((await readdir(join(folder, "app"))).sort(), ["blobs", "oci-layout"]);
  const read = await runCrossdock("tags", `oci:${folder}/app`);
  assert.match(read.stderr, /has no file index\.json: the copy into it was not finished/);
  assert.equal(read.exitCode, 6);

  const resumed = await runCrossdock("copy", "--json", source, `oci:${folder}/app`);
  const { blobs: counts } = JSON.parse(resumed.stdout);
  assert.deepEqual([counts.streamed, counts.present], [1, 2]);
  assert.deepEqual((await readdir(join(folder, "app"))).sort(), [
    "blobs",
    "index.json",
    "oci-layout",
  ]);
});
