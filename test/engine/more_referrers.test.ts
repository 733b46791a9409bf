/** Registries whose referrers are known to be elsewhere. Local registries answer for their hosts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission } from "../../src/admission/check.ts";
import type { AdmissionCheck } from "../../src/copy/admission.ts";
import { statusOfRule } from "../../src/sync/rule_status.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import type { SyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { byKey, fixture, LOCAL_ROOT, policyOf, putFixture } from "../admission/support.ts";
import { putCosignSignature, putImage, putReferrer } from "../support/image.ts";
import { mapHosts } from "../support/map_hosts.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
import { ruleOf } from "../sync/setup.ts";

const SIGNATURE = { artifactType: "application/vnd.cncf.notary.signature", payload: "signed" };
const PROVENANCE = {
  artifactType: "application/vnd.in-toto+json",
  annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v1" },
  payload: "{}",
};

interface Scene extends AsyncDisposable {
  /** The registry of the images. */
  readonly images: RunningRegistry;
  /** The registry of their referrers. */
  readonly elsewhere: RunningRegistry;
  readonly mirror: RunningRegistry;
  readonly engine: SyncEngine;
}

async function startScene(
  imagesHost: string,
  elsewhereHost: string,
  options: { elsewhere?: RegistryOptions; admission?: AdmissionCheck } = {},
): Promise<Scene> {
  await using started = new AsyncDisposableStack();
  const images = started.use(await startRegistry({ referrers: false }));
  const elsewhere = started.use(await startRegistry(options.elsewhere));
  const mirror = started.use(await startRegistry());
  const hosts: Record<string, string> = {
    [imagesHost]: images.host,
    [elsewhereHost]: elsewhere.host,
  };
  const engine = createSyncEngine({
    runtime: mapHosts(await createRuntime(), hosts),
    source: { tls: "off" },
    ...(options.admission ? { admission: options.admission } : {}),
  });
  const kept = started.move();
  return { images, elsewhere, mirror, engine, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test("a copy from dhi.io brings the signatures beside the image and the attestations of Docker Scout", async () => {
  await using scene = await startScene("dhi.io", "registry.scout.docker.com");
  const { images, elsewhere, mirror, engine } = scene;
  const { descriptor } = await putImage(images, "python", { tag: "3.13" });
  const signature = await putReferrer(images, "python", descriptor, SIGNATURE);
  const name = "docker/dhi-python";
  const provenance = await putReferrer(elsewhere, name, descriptor, PROVENANCE);
  const nested = await putReferrer(elsewhere, name, provenance.descriptor, SIGNATURE);
  const request = { source: "dhi.io/python:3.13", destination: `${mirror.host}/python:3.13` };
  const report = await engine.copy(request);
  assert.deepEqual(report.referrerState?.kinds, [
    { kind: "signature", expected: 2, missing: 0, unavailable: 0 },
    { kind: "provenance", expected: 1, missing: 0, unavailable: 0 },
  ]);
  for (const { digest } of [signature, provenance, nested].map(({ descriptor }) => descriptor)) {
    assert.ok(mirror.getManifest("python", digest), digest);
  }
  assert.equal((await engine.verify(request)).state, "equal");
  assert.equal((await engine.copy(request)).result, "unchanged");
  const inspected = await engine.inspect("dhi.io/python:3.13");
  assert.equal(inspected.root.referrers.length, 2);
  assert.equal(elsewhere.count({ path: "/tags/list" }), 0);
});

test("a copy from registry.k8s.io brings referrers and digest tags of the canonical registry", async () => {
  await using scene = await startScene("registry.k8s.io", "us-central1-docker.pkg.dev");
  const { images, elsewhere, mirror, engine } = scene;
  const { descriptor } = await putImage(images, "kube-proxy", { tag: "v1" });
  const name = "k8s-artifacts-prod/images/kube-proxy";
  await putReferrer(elsewhere, name, descriptor, PROVENANCE);
  const { tag } = await putCosignSignature(elsewhere, name, descriptor.digest);
  const request = { source: "registry.k8s.io/kube-proxy:v1", destination: `${mirror.host}/proxy` };
  const plain = await engine.copy({ ...request, referrers: false, digestTags: false });
  assert.equal(elsewhere.count(), 0);
  assert.equal(plain.referrers, 0);
  const rule = ruleOf(
    `{type: image, source: "registry.k8s.io/kube-proxy:v1", target: "${mirror.host}/proxy:v1", referrers: true, digestTags: true}`,
  );
  const status = await statusOfRule(rule, { engine, rules: [], now: () => 0 });
  assert.equal(status.tags[0]?.state, "incomplete");
  const report = await engine.copy(request);
  assert.deepEqual([report.result, report.referrers], ["copied", 2]);
  assert.deepEqual(mirror.tags("proxy"), [tag, "v1"]);
});

test("a copy does not fail if the known repository of referrers refuses it, and says that some may be missing", async () => {
  const users = { robot: "secret" };
  await using scene = await startScene("dhi.io", "registry.scout.docker.com", {
    elsewhere: { auth: { type: "basic", users } },
  });
  const { images, mirror, engine } = scene;
  const { descriptor } = await putImage(images, "python", { tag: "3.13" });
  await putReferrer(images, "python", descriptor, SIGNATURE);
  const request = { source: "dhi.io/python:3.13", destination: `${mirror.host}/python:3.13` };
  const report = await engine.copy(request);
  assert.equal(report.referrerState?.isPartial, true);
  assert.match(report.warnings.join("\n"), /registry\.scout\.docker\.com\/docker\/dhi-python/);
  const { state, referrerState } = await engine.verify(request);
  assert.deepEqual([state, referrerState?.isPartial], ["equal", true]);
});

test("referrerSource replaces the known repository of referrers", async () => {
  await using scene = await startScene("dhi.io", "registry.scout.docker.com");
  const { images, elsewhere, mirror, engine } = scene;
  const { descriptor } = await putImage(images, "python", { tag: "3.13" });
  await putReferrer(elsewhere, "acme/dhi-python", descriptor, PROVENANCE);
  await putReferrer(elsewhere, "docker/dhi-python", descriptor, SIGNATURE);
  const report = await engine.copy({
    source: "dhi.io/python:3.13",
    destination: `${mirror.host}/python`,
    referrerSource: "registry.scout.docker.com/acme/dhi-python",
  });
  assert.deepEqual(report.referrerState?.kinds.map(({ kind }) => kind), ["provenance"]);
});

test("an admission policy reads the signatures in the known repository of referrers", async () => {
  for (const name of ["p256", "legacy-p256"]) {
    const policy = policyOf([byKey("p256")]);
    const admission = createAdmission(policy, { trustRoot: LOCAL_ROOT, now: Date.now });
    const hosts = ["registry.k8s.io", "us-central1-docker.pkg.dev"] as const;
    await using scene = await startScene(...hosts, { admission });
    const { images, elsewhere, mirror, engine } = scene;
    await putFixture(images, fixture("app"), "pause");
    await putFixture(elsewhere, fixture(name), "k8s-artifacts-prod/images/pause");
    const source = "registry.k8s.io/pause:1";
    assert.equal((await engine.admit(source)).result, "admitted");
    const report = await engine.copy({ source, destination: `${mirror.host}/pause` });
    assert.equal(report.admission?.result, "admitted");
    const referrerSource = "registry.k8s.io/other";
    assert.equal((await engine.admit(source, { referrerSource })).result, "rejected");
  }
});
