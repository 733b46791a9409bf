import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCrossdock } from "../support/run_crossdock.ts";
import type { Run } from "../cli/fake_cli.ts";
import { putCosignSignature, putImage, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { readExampleFor } from "./read_example.ts";

/** What the list names at each registry. */
const IMAGES: Readonly<Record<string, readonly [repository: string, tag: string]>> = {
  "docker.io": ["library/postgres", "17"],
  "quay.io": ["prometheus/prometheus", "v3.5.0"],
  "registry.k8s.io": ["pause", "3.10"],
  "ghcr.io": ["cloudnative-pg/cloudnative-pg", "1.27.0"],
};

test("examples/air_gapped copies its list with referrers, and then verifies it", async () => {
  await using started = new AsyncDisposableStack();
  const users = { gap: "a-password" };
  const inside = started.use(await startRegistry({ auth: { type: "bearer", users } }));
  const hosts: Record<string, string> = { "registry.gap.example": inside.host };
  for (const [i, [name, [repository, tag]]] of Object.entries(IMAGES).entries()) {
    const registry = started.use(await startRegistry());
    hosts[name] = registry.host;
    const { descriptor } = await putImage(registry, repository, { tag, layers: 1, seed: i });
    await putCosignSignature(registry, repository, descriptor.digest);
    const sbom = { artifactType: "application/spdx+json", payload: "{}" };
    await putReferrer(registry, repository, descriptor, sbom);
  }
  const input = readExampleFor("air_gapped/crossdock.yaml", hosts);
  const env = { GAP_USER: "gap", GAP_PASSWORD: users.gap };
  const sync = (...flags: string[]): Promise<Run> =>
    runCrossdock({ input, env }, "sync", "-c", "-", ...flags);

  const planned = await sync("--dry-run");
  assert.match(planned.stdout, /\ntags {10}4 would-copy\n/, planned.stderr);
  assert.equal((await sync("--status")).exitCode, 12);
  const { exitCode, stdout, stderr } = await sync();
  assert.deepEqual([exitCode, stderr], [0, ""], stdout);
  assert.equal(stdout.match(/^copied /gm)?.length, 4);
  for (const [repository, tag] of Object.values(IMAGES)) {
    const tags = inside.tags(repository);
    assert.ok(tags.includes(tag) && tags.some((name) => name.endsWith(".sig")), `${tags}`);
  }
  assert.equal((await sync("--status")).exitCode, 0);
});

test("examples/air_gapped carries images with referrers in a folder", async (t) => {
  await using started = new AsyncDisposableStack();
  const users = { gap: "a-password" };
  const inside = started.use(await startRegistry({ auth: { type: "bearer", users } }));
  const hosts: Record<string, string> = {};
  const folder = await mkdtemp(join(tmpdir(), "crossdock-"));
  t.after(() => rm(folder, { recursive: true }));
  const names = ["docker.io", "quay.io"];
  const digests = new Map<string, string>();
  for (const [i, name] of names.entries()) {
    const [repository, tag] = IMAGES[name] ?? ["", ""];
    const registry = started.use(await startRegistry());
    hosts[name] = registry.host;
    const { descriptor } = await putImage(registry, repository, { tag, seed: i });
    await putCosignSignature(registry, repository, descriptor.digest);
    const sbom = { artifactType: "application/spdx+json", payload: "{}" };
    await putReferrer(registry, repository, descriptor, sbom);
    digests.set(repository, descriptor.digest);
  }
  const env = { GAP_USER: "gap", GAP_PASSWORD: users.gap };
  const sync = (file: string, ...flags: string[]): Promise<Run> => {
    const names = file === "to_folder.yaml" ? hosts : { "registry.gap.example": inside.host };
    const input = readExampleFor(`air_gapped/${file}`, names)
      .replaceAll("ocidir://mirror", `ocidir://${folder}/mirror`);
    return runCrossdock({ input, env }, "sync", "-c", "-", ...flags);
  };

  assert.equal((await sync("to_folder.yaml", "--status")).exitCode, 12);
  const planned = await sync("to_folder.yaml", "--dry-run");
  assert.match(planned.stdout, /\ntags {10}2 would-copy\n/, planned.stderr);
  assert.deepEqual(await readdir(folder), []);
  const out = await sync("to_folder.yaml");
  assert.deepEqual([out.exitCode, out.stderr], [0, ""], out.stdout);
  const again = await sync("to_folder.yaml");
  assert.match(again.stdout, /\ntags {10}2 unchanged\n/, again.stderr);
  assert.equal((await sync("to_folder.yaml", "--status")).exitCode, 0);

  const into = await sync("from_folder.yaml");
  assert.deepEqual([into.exitCode, into.stderr], [0, ""], into.stdout);
  for (const [repository, digest] of digests) {
    const [tag = ""] = inside.tags(repository).filter((name) => !name.startsWith("sha256-"));
    assert.equal(inside.getManifest(repository, tag)?.digest, digest);
    const reference = `${inside.host}/${repository}:${tag}`;
    const flags = ["--creds-env", "CREDS", "--json"];
    const inspected = await runCrossdock(
      { env: { CREDS: "gap:a-password" } },
      "inspect",
      ...flags,
      reference,
    );
    const { root } = JSON.parse(inspected.stdout);
    assert.deepEqual([root.referrers.length, root.digestTags.length], [1, 1]);
  }
  assert.equal((await sync("from_folder.yaml", "--status")).exitCode, 0);
});
