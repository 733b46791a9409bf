/** OCI layouts in folders and archives: other programs read ours, and we read theirs. */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { putCosignSignature, putIndex, putReferrer } from "../support/image.ts";
import { crane, regctl, skopeo, skopeoDigest, tar, umoci } from "./judges.ts";
import { copy, seedImage, testWith } from "./setup.ts";

for (const transport of ["oci", "oci-archive"]) {
  testWith(
    `skopeo reads what crossdock writes to ${transport}:, and crossdock what skopeo writes`,
    async (bench) => {
      const { host, folder } = bench;
      const image = await seedImage(bench, "app:1", { layers: 4, compression: "mixed" });
      const ours = `${transport}:${join(folder, "ours")}`;
      assert.equal(await copy(`${host}/app:1`, `${ours}:1`), image.digest);
      assert.equal(await skopeoDigest(`${ours}:1`), image.digest);
      await skopeo("copy", "--preserve-digests", `${ours}:1`, `docker://${host}/skopeo:1`);
      assert.equal(await skopeoDigest(`docker://${host}/skopeo:1`), image.digest);

      const theirs = `${transport}:${join(folder, "theirs")}`;
      await skopeo("copy", "--preserve-digests", `docker://${host}/app:1`, `${theirs}:1`);
      assert.equal(await copy(`${theirs}:1`, `${host}/pushed:1`), image.digest);
      await skopeo("copy", `docker://${host}/pushed:1`, `dir:${join(folder, "pushed")}`);
    },
  );
}

testWith("an image of 127 layers goes through an archive and back", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1", { layers: 127 });
  const archive = `oci-archive:${join(folder, "app.tar")}`;
  assert.equal(await copy(`${host}/app:1`, `${archive}:1`), image.digest);
  assert.equal(await skopeoDigest(`${archive}:1`), image.digest);
  // The same content gives the same archive.
  const again = join(folder, "again.tar");
  await copy(`${host}/app:1`, `oci-archive:${again}:1`);
  const [first, second] = await Promise.all([readFile(join(folder, "app.tar")), readFile(again)]);
  assert.ok(first.equals(second));
  assert.equal(await copy(`${archive}:1`, `${host}/pushed:1`), image.digest);
  await crane("validate", "--remote", `${host}/pushed:1`);
});

testWith(
  "umoci unpacks a layout of crossdock, and crossdock reads one that umoci changed",
  async (bench) => {
    const { host, folder } = bench;
    await seedImage(bench, "app:1");
    const layout = join(folder, "app");
    await copy(`${host}/app:1`, `oci:${layout}:1`);
    const bundle = join(folder, "bundle");
    await umoci("unpack", "--rootless", "--image", `${layout}:1`, bundle);
    assert.equal(await readFile(join(bundle, "rootfs", "file1"), "utf8"), "layer 1 of app:1");
    await umoci("config", "--image", `${layout}:1`, "--tag", "2", "--config.user", "1000");
    const digest = await copy(`oci:${layout}:2`, `${host}/app:2`);
    assert.equal(await skopeoDigest(`oci:${layout}:2`), digest);
    await crane("validate", "--remote", `${host}/app:2`);
  },
);

testWith("crane reads a layout of crossdock, and crossdock one of crane", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1");
  const ours = join(folder, "ours");
  await copy(`${host}/app:1`, `oci:${ours}:1`);
  await crane("push", ours, `${host}/crane:1`);
  assert.equal(await crane("digest", `${host}/crane:1`), image.digest);
  const theirs = join(folder, "theirs");
  await crane("pull", "--format", "oci", `${host}/app:1`, theirs);
  assert.equal(await copy(`oci:${theirs}`, `${host}/pushed:1`), image.digest);
});

testWith(
  "regctl reads a layout and an archive of crossdock, and crossdock those of regctl",
  async (bench) => {
    const { host, folder } = bench;
    const image = await seedImage(bench, "app:1", { compression: "zstd" });
    const ours = join(folder, "ours");
    await copy(`${host}/app:1`, `oci:${ours}:1`);
    assert.equal(await regctl(host, "image", "digest", `ocidir://${ours}:1`), image.digest);
    await regctl(host, "image", "copy", `ocidir://${ours}:1`, `${host}/regctl:1`);
    assert.equal(await crane("digest", `${host}/regctl:1`), image.digest);
    const archive = join(folder, "ours.tar");
    await copy(`${host}/app:1`, `oci-archive:${archive}:1`);
    await regctl(host, "image", "import", `${host}/regctl:2`, archive);
    assert.equal(await crane("digest", `${host}/regctl:2`), image.digest);

    const theirs = join(folder, "theirs");
    await regctl(host, "image", "copy", `${host}/app:1`, `ocidir://${theirs}:1`);
    assert.equal(await copy(`ocidir://${theirs}:1`, `${host}/pushed:1`), image.digest);
    const exported = join(folder, "theirs.tar");
    await regctl(host, "image", "export", `${host}/app:1`, exported);
    assert.equal(await copy(`oci-archive:${exported}`, `${host}/pushed:2`), image.digest);
  },
);

testWith("an archive that GNU tar packed and gzipped is read", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1");
  const layout = join(folder, "app");
  await copy(`${host}/app:1`, `oci:${layout}:1`);
  for (const format of ["gnu", "pax"]) {
    const path = join(folder, `${format}.tar.gz`);
    await tar(`--format=${format}`, "-czf", path, "-C", layout, ".");
    assert.equal(await copy(`oci-archive:${path}:1`, `${host}/${format}:1`), image.digest);
  }
});

testWith(
  "an index with referrers and a signature goes through a layout and back",
  async (bench) => {
    const { registry, host, folder } = bench;
    const { descriptor } = await putIndex(registry, "app", {
      tag: "1",
      platforms: ["linux/amd64", "linux/arm64"],
      attestations: true,
    });
    await putCosignSignature(registry, "app", descriptor.digest);
    const sbom = await putReferrer(registry, "app", descriptor, {
      artifactType: "application/spdx+json",
      payload: "sbom",
    });
    await putReferrer(registry, "app", sbom.descriptor, {
      artifactType: "application/vnd.example.signature",
      payload: "signature",
    });
    const trees: string[] = [];
    const tree = async (name: string): Promise<string> =>
      await regctl(host, "artifact", "tree", `${host}/${name}`);
    trees.push(await tree("app:1"));
    for (const transport of ["oci", "oci-archive"]) {
      await mkdir(join(folder, transport));
      const layout = `${transport}:${join(folder, transport, "app")}`;
      assert.equal(await copy(`${host}/app:1`, `${layout}:1`), descriptor.digest);
      assert.equal(await copy(`${layout}:1`, `${host}/${transport}:1`), descriptor.digest);
      trees.push(await tree(`${transport}:1`));
      assert.equal(
        await crane("digest", `${host}/${transport}:${descriptor.digest.replace(":", "-")}.sig`),
        await crane("digest", `${host}/app:${descriptor.digest.replace(":", "-")}.sig`),
      );
    }
    assert.match(trees[0] ?? "", /spdx[^]*example\.signature/);
    assert.deepEqual(
      trees.map((text) => digestsIn(text, "app")),
      trees.map(() => digestsIn(trees[0] ?? "", "app")),
    );
  },
);

function digestsIn(text: string, _name: string): string[] {
  return [...new Set(text.match(/sha256:[0-9a-f]{64}/g))].sort();
}

testWith("skopeo reads a folder of crossdock, and crossdock one of skopeo", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1", { layers: 3, compression: "mixed" });
  const ours = `dir:${join(folder, "ours")}`;
  assert.equal(await copy(`${host}/app:1`, ours), image.digest);
  assert.equal(await skopeoDigest(ours), image.digest);
  await skopeo("copy", "--preserve-digests", ours, `docker://${host}/skopeo:1`);
  const theirs = `dir:${join(folder, "theirs")}`;
  await skopeo("copy", "--preserve-digests", `docker://${host}/app:1`, theirs);
  assert.equal(await copy(theirs, `${host}/pushed:1`), image.digest);
});
