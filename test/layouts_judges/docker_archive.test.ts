/** Docker archives: other programs read ours, and we read theirs. */
import assert from "node:assert/strict";
import { link, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crane, digestOf, regctl, skopeo, skopeoDigest, tar } from "./judges.ts";
import { copy, fetchManifest, seedImage, testWith } from "./setup.ts";
import type { Bench, SeededImage } from "./setup.ts";

/** What a docker archive can hold. */
const ARCHIVE = {
  platforms: ["linux/amd64"],
  index: "unwrap" as const,
  referrers: false,
  digestTags: false,
};

/** Checks that an archive that we wrote is the image, as other programs see it. */
async function assertReadable(bench: Bench, path: string, image: SeededImage): Promise<void> {
  const { host } = bench;
  const inspected = JSON.parse(
    new TextDecoder().decode(await skopeo("inspect", `docker-archive:${path}`)),
  );
  assert.deepEqual(inspected.Layers, image.diffIds);
  const config = await skopeo("inspect", "--config", "--raw", `docker-archive:${path}`);
  assert.equal(digestOf(config), image.config);
  // Reads and hashes every layer.
  await crane("validate", "--tarball", path);
  await skopeo("copy", `docker-archive:${path}`, `docker://${host}/judged:skopeo`);
  assert.equal((await fetchManifest(bench, "judged:skopeo")).config.digest, image.config);
  await crane("push", path, `${host}/judged:crane`);
  assert.equal((await fetchManifest(bench, "judged:crane")).config.digest, image.config);
}

/** Checks that a pushed image has the content of the original. */
async function assertPushed(bench: Bench, name: string, image: SeededImage): Promise<void> {
  const manifest = await fetchManifest(bench, name);
  assert.equal(manifest.config.digest, image.config);
  assert.equal(manifest.layers.length, image.layers.length);
  await crane("validate", "--remote", `${bench.host}/${name}`);
}

testWith(
  "skopeo, crane and regctl read a docker archive of gzip, zstd and plain layers",
  async (bench) => {
    const { host, folder } = bench;
    const image = await seedImage(bench, "app:1", { layers: 6, compression: "mixed" });
    const path = join(folder, "app.tar");
    await copy(`${host}/app:1`, `docker-archive:${path}:example.com/app:1`, ARCHIVE);
    await assertReadable(bench, path, image);
    const tags = JSON.parse(
      new TextDecoder().decode(await skopeo("inspect", `docker-archive:${path}`)),
    );
    assert.ok(tags);
    await skopeo("inspect", `docker-archive:${path}:example.com/app:1`);
    await regctl(host, "image", "import", `${host}/judged:regctl`, path);
    assert.equal((await fetchManifest(bench, "judged:regctl")).config.digest, image.config);
  },
);

testWith("an archive of 127 layers goes to skopeo and back", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1", { layers: 127 });
  const ours = join(folder, "ours.tar");
  await copy(`${host}/app:1`, `docker-archive:${ours}:app:1`, ARCHIVE);
  await assertReadable(bench, ours, image);
  const theirs = join(folder, "theirs.tar");
  await skopeo("copy", `docker://${host}/app:1`, `docker-archive:${theirs}:app:1`);
  await copy(`docker-archive:${theirs}`, `${host}/pushed:1`);
  await assertPushed(bench, "pushed:1", image);
});

testWith("an archive of skopeo is pushed compressed, or as it is", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1");
  const path = join(folder, "app.tar");
  await skopeo("copy", `docker://${host}/app:1`, `docker-archive:${path}:app:1`);
  const first = await copy(`docker-archive:${path}:app:1`, `${host}/gzip:1`);
  await assertPushed(bench, "gzip:1", image);
  assert.equal(await copy(`docker-archive:${path}`, `${host}/again:1`), first);
  assert.equal(await skopeoDigest(`docker://${host}/gzip:1`), first);

  const layouts = { compress: "none", format: "docker" } as const;
  await copy(`docker-archive:${path}`, `${host}/none:1`, { layouts });
  // Fetches and hashes every layer. crane validates only layers that are compressed with gzip.
  await skopeo("copy", `docker://${host}/none:1`, `dir:${join(folder, "none")}`);
  const manifest = await fetchManifest(bench, "none:1");
  assert.deepEqual(manifest.layers.map(({ digest }) => digest), image.diffIds);
  assert.equal(manifest.mediaType, "application/vnd.docker.distribution.manifest.v2+json");
});

testWith("an archive of crane keeps the digests of its layers", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1", { layers: 3 });
  for (const format of ["tarball", "legacy"]) {
    const path = join(folder, `${format}.tar`);
    await crane("pull", "--format", format, `${host}/app:1`, path);
    await copy(`docker-archive:${path}:${host}/app:1`, `${host}/${format}:1`);
    await assertPushed(bench, `${format}:1`, image);
    if (format === "legacy") continue; // its layers are uncompressed
    const { layers } = await fetchManifest(bench, `${format}:1`);
    assert.deepEqual(layers.map(({ digest }) => digest), image.layers);
  }
});

testWith("several images in an archive of crane are found by name and position", async (bench) => {
  const { host, folder } = bench;
  const [one, two] = [await seedImage(bench, "app:1"), await seedImage(bench, "app:2")];
  const path = join(folder, "app.tar");
  await crane("pull", `${host}/app:1`, `${host}/app:2`, path);
  await copy(`docker-archive:${path}:${host}/app:2`, `${host}/named:2`);
  assert.equal((await fetchManifest(bench, "named:2")).config.digest, two.config);
  const configs: string[] = [];
  for (const position of [0, 1]) {
    await copy(`docker-archive:${path}:@${position}`, `${host}/position:${position}`);
    configs.push((await fetchManifest(bench, `position:${position}`)).config.digest);
  }
  assert.deepEqual(configs.sort(), [one.config, two.config].sort());
  await assert.rejects(copy(`docker-archive:${path}`, `${host}/any:1`), {
    code: "usage",
    message: /it has 2 images: @0 .*app:[12].*, @1 /,
  });
});

testWith(
  "an archive in the form of docker 1.10, with links and packed by GNU tar",
  async (bench) => {
    const { host, folder } = bench;
    const image = await seedImage(bench, "app:1", { layers: 3 });
    const source = join(folder, "skopeo.tar");
    await skopeo("copy", `docker://${host}/app:1`, `docker-archive:${source}:app:1`);
    const root = join(folder, "root");
    await mkdir(root);
    await tar("-xf", source, "-C", root);
    // skopeo writes layers by digest, and a folder with a link to each, as old versions of docker need.
    const manifest = JSON.parse(await readFile(join(root, "manifest.json"), "utf8"));
    const layers: string[] = [];
    for (const [i, path] of manifest[0].Layers.entries()) {
      const name = `layer-${i}`;
      await mkdir(join(root, name));
      await rename(join(root, path), join(root, name, "layer.tar"));
      layers.push(`${name}/layer.tar`);
    }
    manifest[0].Layers = layers;
    await writeFile(join(root, "manifest.json"), JSON.stringify(manifest));
    for (const format of ["gnu", "pax", "ustar", "v7"]) {
      const path = join(folder, `${format}.tar`);
      await tar(
        `--format=${format}`,
        "-cf",
        path,
        "-C",
        root,
        ...layers,
        manifest[0].Config,
        "manifest.json",
      );
      await copy(`docker-archive:${path}`, `${host}/${format}:1`);
      await assertPushed(bench, `${format}:1`, image);
    }
  },
);

testWith("a layer that is repeated by a symbolic and a hard link is pushed once", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1", { layers: 1 });
  const source = join(folder, "skopeo.tar");
  await skopeo("copy", `docker://${host}/app:1`, `docker-archive:${source}:app:1`);
  const root = join(folder, "root");
  await mkdir(root);
  await tar("-xf", source, "-C", root);
  const [saved] = JSON.parse(await readFile(join(root, "manifest.json"), "utf8"));
  const [path] = saved.Layers;
  await mkdir(join(root, "two"));
  await symlink(`../${path}`, join(root, "two", "layer.tar"));
  await link(join(root, path), join(root, "three.tar"));
  const config = JSON.parse(await readFile(join(root, saved.Config), "utf8"));
  const [diffId] = image.diffIds;
  config.rootfs.diff_ids = [diffId, diffId, diffId];
  config.history = config.rootfs.diff_ids.map(() => ({ created_by: "test" }));
  await writeFile(join(root, saved.Config), JSON.stringify(config));
  const manifest = [{ ...saved, Layers: [path, "two/layer.tar", "three.tar"] }];
  await writeFile(join(root, "manifest.json"), JSON.stringify(manifest));
  const archive = join(folder, "links.tar");
  await tar(
    "-cf",
    archive,
    "-C",
    root,
    ...manifest[0]?.Layers ?? [],
    saved.Config,
    "manifest.json",
  );
  await copy(`docker-archive:${archive}`, `${host}/links:1`);
  const { layers } = await fetchManifest(bench, "links:1");
  assert.equal(layers.length, 3);
  assert.equal(new Set(layers.map(({ digest }) => digest)).size, 1);
  await crane("validate", "--remote", `${host}/links:1`);
});

testWith("an archive of regctl, which is an OCI layout too, keeps the digest", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1");
  const path = join(folder, "app.tar");
  await regctl(host, "image", "export", "--name", "app:1", `${host}/app:1`, path);
  assert.equal(await copy(`docker-archive:${path}`, `${host}/pushed:1`), image.digest);
  assert.equal(await copy(`docker-archive:${path}:app:1`, `${host}/pushed:2`), image.digest);
  const compressed = join(folder, "app.tar.gz");
  await regctl(
    host,
    "image",
    "export",
    "--compress",
    "--name",
    "app:1",
    `${host}/app:1`,
    compressed,
  );
  assert.equal(await copy(`docker-archive:${compressed}`, `${host}/pushed:3`), image.digest);
});
