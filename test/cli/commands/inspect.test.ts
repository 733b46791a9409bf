import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossdockError } from "../../../src/errors.ts";
import { putImage, putIndex } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import { engineCli } from "../engine_cli.ts";
import { fakeCli } from "../fake_cli.ts";

const decoder = new TextDecoder();

test("crossdock inspect --raw prints the bytes of the manifest, of the index or of one platform", async () => {
  await using registry = await startRegistry();
  const platforms = ["linux/amd64", "linux/arm64"];
  const { images } = await putIndex(registry, "app", { platforms, tag: "1" });
  const name = `${registry.host}/app:1`;
  const textOf = (reference: string): string =>
    decoder.decode(registry.getManifest("app", reference)?.bytes);
  const index = await engineCli().run("inspect", "--raw", name);
  assert.equal(index.stdout, textOf("1"));
  const image = await engineCli().run("inspect", "--raw", "--platform", "linux/arm64", name);
  assert.equal(image.stdout, textOf(images[1]?.descriptor.digest ?? ""));
});

test("crossdock inspect --config prints the bytes of the config", async () => {
  await using registry = await startRegistry();
  const { config } = await putImage(registry, "app", { tag: "1" });
  const { images } = await putIndex(registry, "many", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
  });
  const textOf = async (repository: string, digest = ""): Promise<string> =>
    decoder.decode(await registry.getBlob(repository, digest as typeof config.digest));
  for (const flags of [["--config"], ["--config", "--raw"], ["--config", "--platform", "a/b"]]) {
    const { stdout } = await engineCli().run("inspect", ...flags, `${registry.host}/app:1`);
    assert.equal(stdout, await textOf("app", config.digest));
  }
  const many = `${registry.host}/many:1`;
  const arm = await engineCli().run("inspect", "--config", "--platform", "linux/arm64", many);
  assert.equal(arm.stdout, await textOf("many", images[1]?.config.digest));
  const index = await engineCli().run("inspect", "--config", many);
  assert.equal(index.exitCode, 6);
  assert.match(
    index.stderr,
    /an index has no config\nhint: select an image with --platform: linux\/amd64, linux\/arm64\n$/,
  );
});

test("crossdock inspect --platform shows the image of that platform", async () => {
  await using registry = await startRegistry();
  const { images } = await putIndex(registry, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
  });
  const shown = await engineCli().run(
    ...["inspect", "--json", "--platform", "linux/arm64", `${registry.host}/app:1`],
  );
  const { reference, root } = JSON.parse(shown.stdout);
  const digest = images[1]?.descriptor.digest;
  assert.equal(reference, `${registry.host}/app:1@${digest}`);
  assert.deepEqual([root.descriptor.digest, root.platform], [digest, "linux/arm64"]);
});

for (
  const [flags, wanted] of [
    [["--raw", "--json"], /^error: --raw and --json cannot be combined/],
    [["--config", "--json"], /^error: --config and --json cannot be combined/],
    [["--raw", "--via", "https://a.io"], /^error: --raw cannot be combined with --via/],
    [["--config", "--via", "https://a.io"], /^error: --config cannot be combined with --via/],
    [["--platform", "a/b", "--via", "https://a.io"], /^error: --platform cannot be combined with/],
    [["--raw", "--via-token-env", "A"], /^error: --via-token-env requires --via/],
  ] as const
) {
  test(`crossdock inspect ${flags.join(" ")} is rejected before any request`, async () => {
    const cli = fakeCli();
    const { exitCode, stderr } = await cli.run("inspect", ...flags, "localhost:5000/app:1");
    assert.match(stderr, wanted);
    assert.equal(exitCode, 2);
    assert.deepEqual(cli.engines, []);
  });
}

test("crossdock inspect of a tar file without a transport names the transports", async () => {
  const engine = {
    inspect: () =>
      Promise.reject(new CrossdockError("network", "no DNS", { side: "source", hint: "wait" })),
  };
  const { exitCode, stderr } = await fakeCli({ engine }).run("inspect", "image.tar");
  assert.equal(exitCode, 8);
  const hint = "write docker-archive:image.tar for a file of docker save, or oci-archive:image.tar";
  assert.equal(stderr, `error: no DNS\nhint: if image.tar is a file or folder, ${hint}\n`);
});
