import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { runRuleLocally } from "../../src/sync/local_rules.ts";
import { statusOfRule } from "../../src/sync/rule_status.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { putIndex, putReferrer } from "../support/image.ts";
import { mapHosts } from "../support/map_hosts.ts";
import { startRegistry } from "../support/registry.ts";
import { readExampleFor } from "./read_example.ts";

const ENV = {
  DOCKER_USER: "octocat",
  DOCKER_TOKEN: "dckr_pat_of-the-example",
  MIRROR_USER: "robot",
  MIRROR_PASSWORD: "a-password",
  DOCKER_HUB_HOOK_SECRET: "a-secret-of-sixteen-characters",
};

/** An attestation as Docker Scout stores it. */
function attestation(predicateType: string): Parameters<typeof putReferrer>[3] {
  return {
    artifactType: "application/vnd.in-toto+json",
    annotations: { "in-toto.io/predicate-type": predicateType },
    payload: predicateType,
  };
}

test("examples/docker_hardened_images copies images of Docker Hub with the attestations of Docker Scout", async () => {
  await using hub = await startRegistry({ referrers: false });
  await using scout = await startRegistry();
  await using mirror = await startRegistry();
  const hosts: Record<string, string> = {
    "registry-1.docker.io": hub.host,
    "registry.scout.docker.com": scout.host,
  };
  const engine = createSyncEngine({
    runtime: mapHosts(await createRuntime(), hosts),
    source: { tls: "off" },
  });
  const text = readExampleFor("docker_hardened_images/crossdock.yaml", {
    "registry.example.com": mirror.host,
  });
  const { config: { rules } } = parseSyncConfig(text, { from: "f", env: ENV, now: 0 });
  const [node] = rules;
  assert.ok(node);

  const { descriptor, images } = await putIndex(hub, "acme/dhi-node", {
    tag: "24-debian13",
    platforms: ["linux/amd64", "linux/arm64"],
    layers: 1,
  });
  await putIndex(hub, "acme/dhi-node", { tag: "24-alpine3.22", platforms: ["linux/amd64"] });
  for (const { descriptor } of images) {
    await putReferrer(
      scout,
      "acme/dhi-node",
      descriptor,
      attestation("https://slsa.dev/provenance/v1"),
    );
  }
  const options = { engine, rules, now: () => 0 };
  const report = await runRuleLocally(node, options);
  assert.equal(report.result, "ok");
  assert.deepEqual(mirror.tags("mirror/dhi-node"), ["24-debian13"]);
  assert.equal(mirror.getManifest("mirror/dhi-node", "24-debian13")?.digest, descriptor.digest);
  assert.deepEqual(report.tags[0]?.report?.referrerState?.kinds, [
    { kind: "provenance", expected: 2, missing: 0, unavailable: 0 },
  ]);

  await putReferrer(scout, "acme/dhi-node", descriptor, attestation("https://spdx.dev/Document"));
  const [tag] = (await statusOfRule(node, options)).tags;
  assert.equal(tag?.state, "incomplete");
  assert.deepEqual(tag?.referrerState?.kinds[0], {
    kind: "sbom",
    expected: 1,
    missing: 1,
    unavailable: 0,
  });
});
