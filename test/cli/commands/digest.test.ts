import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage, putIndex } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import { engineCli } from "../engine_cli.ts";
import { fakeCli } from "../fake_cli.ts";

test("crossdock digest prints one line, after one HEAD", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "app", { tag: "1" });
  for (const name of ["app:1", `app@${descriptor.digest}`]) {
    registry.clearRequests();
    const { exitCode, stdout } = await engineCli().run("digest", `${registry.host}/${name}`);
    assert.equal(exitCode, 0);
    assert.equal(stdout, `${descriptor.digest}\n`);
    assert.deepEqual(registry.requests.map(({ method }) => method), ["HEAD"]);
  }
});

test("crossdock digest --platform prints the digest of that image, and reads only the index", async () => {
  await using registry = await startRegistry();
  const platforms = ["linux/amd64", "linux/arm64"];
  const { images } = await putIndex(registry, "app", { platforms, tag: "1", attestations: true });
  registry.clearRequests();
  const name = `${registry.host}/app:1`;
  const { stdout } = await engineCli().run("digest", "--platform", "linux/arm64", name);
  assert.equal(stdout, `${images[1]?.descriptor.digest}\n`);
  assert.deepEqual(registry.requests.map(({ method }) => method), ["GET"]);
  const other = await engineCli().run("digest", "--platform", "linux/s390x", name);
  assert.equal(other.exitCode, 6);
  assert.match(
    other.stderr,
    /has no platform linux\/s390x\nhint: available platforms: linux\/amd64, /,
  );
});

test("crossdock digest fails for an image that does not exist, also by digest", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "app", { tag: "1" });
  for (const name of ["app:2", `app@sha256:${"0".repeat(64)}`]) {
    const { exitCode, stdout } = await engineCli().run("digest", `${registry.host}/${name}`);
    assert.equal(exitCode, 4);
    assert.equal(stdout, "");
  }
});

test("crossdock digest --platform is not for a server, and takes one platform", async () => {
  const via = await fakeCli().run("digest", "--platform", "a/b", "--via", "https://a.io", "b.io/c");
  assert.match(via.stderr, /^error: --platform cannot be combined with --via/);
  const two = await fakeCli().run("digest", "--platform", "a/b", "--platform", "a/c", "b.io/c");
  assert.match(two.stderr, /^error: --platform: expected only one platform/);
  assert.deepEqual([via.exitCode, two.exitCode], [2, 2]);
});
