import { test } from "node:test";
import assert from "node:assert/strict";
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
