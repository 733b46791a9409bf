/** Receipts at registries that fail, or that are unlike others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdmission } from "../../src/admission/check.ts";
import type { Requirements } from "../../src/admission/policy.ts";
import { CopyError } from "../../src/copy/copy_error.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { openLayouts } from "../../src/layouts/mod.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { listReceipts } from "../../src/receipts/list_receipts.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { byKey, fixture, LOCAL_ROOT, policyOf, putFixture } from "../admission/support.ts";
import { checkReceipts, countValid } from "../receipts/signed_registry.ts";
import { newKey, receiptsOf } from "../receipts/support.ts";
import { putImage, putIndex } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { startRegistry } from "../support/registry.ts";
import type { FaultRule, RegistryOptions } from "../support/registry.ts";

const KEY = newKey();
const PLATFORMS = ["linux/amd64", "linux/arm64"];

async function startReceipted(
  options: { source?: RegistryOptions; destination?: RegistryOptions } = {},
): Promise<Pair> {
  return await startPair({ ...options, engine: { receipts: receiptsOf(KEY), retries: 0 } });
}

test("copy() puts receipts at a registry without the referrers API, and none again", async () => {
  await using pair = await startReceipted({ destination: { referrers: false } });
  const { descriptor: { digest } } = await putIndex(pair.source, "app", {
    tag: "1",
    platforms: PLATFORMS,
  });
  const request = requestOf(pair);
  const report = await pair.engine.copy(request);
  assert.equal(report.receipts, 3);
  assert.deepEqual(await countValid(request.destination, digest, KEY), [1, 1, 1]);
  const again = await pair.engine.copy(request);
  assert.deepEqual([again.result, again.receipts], ["unchanged", undefined]);
  const batch = await pair.engine.batch().open(request.source).compare(request);
  assert.equal(batch.copy, undefined);
});

test("copy() signs no second receipt if a registry lists referrers without annotations", async () => {
  await using pair = await startReceipted();
  const { descriptor: { digest } } = await putImage(pair.source, "app", { tag: "1" });
  const request = requestOf(pair);
  pair.destination.fail({
    path: /referrers/,
    times: 1000,
    action: {
      async tamper(response): Promise<Response> {
        const json = await response.json();
        for (const manifest of json.manifests) delete manifest.annotations;
        return Response.json(json, {
          headers: { "content-type": "application/vnd.oci.image.index.v1+json" },
        });
      },
    },
  });
  assert.equal((await pair.engine.copy(request)).receipts, 1);
  assert.equal((await pair.engine.copy(request)).receipts, undefined);
  assert.deepEqual(await countValid(request.destination, digest, KEY), [1]);
});

/** Requests of a receipt that may fail. */
const FAULTS: [name: string, rule: Omit<FaultRule, "times">][] = [
  ["the list of referrers", { path: /referrers/, action: { status: 500 } }],
  ["the upload of a blob", { method: "POST", path: /uploads/, action: { status: 500 } }],
  ["the upload's end", { path: /uploads\/./, action: { status: 403 } }],
  ["the manifest", { method: "PUT", path: /manifests/, action: { status: 400 } }],
  ["a dropped connection", { method: "PUT", path: /manifests/, action: { dropConnection: true } }],
];

for (const [name, rule] of FAULTS) {
  for (const failing of [0, 2]) {
    test(`copy() fails after the tag, and the next copy makes it up: ${name}, receipt ${failing}`, async () => {
      await using pair = await startReceipted();
      const { descriptor: { digest } } = await putIndex(pair.source, "app", {
        tag: "1",
        platforms: PLATFORMS,
      });
      const request = requestOf(pair);
      let started = 0;
      const job = pair.engine.copy(request, {
        emit(event): void {
          if (event.type !== "step-started" || event.step.type !== "receipt") return;
          if (started++ === failing) pair.destination.fail({ ...rule, times: 100 });
        },
      });
      await assert.rejects(
        job,
        (error) => error instanceof CopyError && error.step.type === "receipt",
      );
      assert.equal(pair.destination.getManifest("app", "1")?.digest, digest);
      pair.destination.clearFaults();
      const report = await pair.engine.copy(request);
      assert.equal(report.result, "unchanged");
      assert.deepEqual(await countValid(request.destination, digest, KEY), [1, 1, 1]);
      assert.equal((await pair.engine.copy(request)).receipts, undefined);
    });
  }
}

for (const referrers of [true, false]) {
  test(`copy() twice at once signs a receipt for each manifest: referrers API ${referrers}`, async () => {
    await using pair = await startReceipted({ destination: { referrers } });
    const { descriptor: { digest } } = await putIndex(pair.source, "app", {
      tag: "1",
      platforms: PLATFORMS,
    });
    const request = requestOf(pair);
    await Promise.all([pair.engine.copy(request), pair.engine.copy(request)]);
    const counts = await countValid(request.destination, digest, KEY);
    assert.equal(counts.length, 3);
    assert.ok(counts.every((count) => count > 0), `${counts}`);
    assert.equal((await pair.engine.copy(request)).receipts, undefined);
  });
}

for (const index of ["rebuild", "sparse", "unwrap"] as const) {
  test(`copy() of one platform signs receipts of what it put: ${index}`, async () => {
    await using pair = await startReceipted({ destination: { strictManifests: false } });
    await putIndex(pair.source, "app", { tag: "1", platforms: PLATFORMS });
    const request = { ...requestOf(pair), platforms: ["linux/amd64"], index };
    const { digest, receipts } = await pair.engine.copy(request);
    const counts = await countValid(request.destination, digest, KEY);
    assert.deepEqual([receipts, counts], index === "unwrap" ? [1, [1]] : [2, [1, 1]]);
    assert.equal((await pair.engine.copy(request)).receipts, undefined);
  });
}

test("copy() signs a receipt for each manifest of nested indexes once", async () => {
  await using pair = await startReceipted();
  const inner = await putIndex(pair.source, "app", { platforms: PLATFORMS });
  const entries = [inner.descriptor, ...inner.images.map(({ descriptor }) => descriptor)];
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...entries, ...entries] };
  const { digest } = await pair.source.putManifest("app", index, OCI_INDEX, ["1"]);
  const request = requestOf(pair);
  assert.equal((await pair.engine.copy(request)).receipts, 4);
  assert.deepEqual(await countValid(request.destination, digest, KEY), [1, 1, 1, 1]);
});

test("copy() signs a receipt for a manifest with a sha512 digest", async () => {
  await using pair = await startReceipted();
  const { config, layers } = await putImage(pair.source, "app");
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const digest = `sha512:${createHash("sha512").update(bytes).digest("hex")}` as const;
  const put = await fetch(`http://${pair.source.host}/v2/app/manifests/${digest}`, {
    method: "PUT",
    headers: { "content-type": OCI_MANIFEST },
    body: bytes,
  });
  assert.equal(put.status, 201);
  const destination = `${pair.destination.host}/app`;
  const report = await pair.engine.copy({
    source: `${pair.source.host}/app@${digest}`,
    destination: `${destination}@${digest}`,
  });
  assert.deepEqual([report.digest, report.receipts], [digest, 1]);
  assert.deepEqual(await countValid(destination, digest, KEY), [1]);
});

test("copy() puts receipts where referrers go, and names the image's repository", async () => {
  await using pair = await startReceipted();
  const { descriptor: { digest } } = await putImage(pair.source, "app", { tag: "1" });
  const request = {
    ...requestOf(pair),
    referrerDestination: `${pair.destination.host}/signatures`,
  };
  assert.equal((await pair.engine.copy(request)).receipts, 1);
  assert.equal((await pair.engine.copy(request)).receipts, undefined);
  assert.deepEqual(await countValid(request.destination, digest, KEY), [0]);
  const engine = createSyncEngine({ runtime: await createRuntime() });
  const [image] = await listReceipts(digest, engine.openSource(request.destination), {
    key: KEY.publicKey,
    name: request.destination,
    referrerSource: engine.openSource(request.referrerDestination),
    timeoutMs: 60_000,
  });
  assert.equal(image?.isProven, true);
});

for (const transport of ["oci:", "dir:"]) {
  test(`copy() from ${transport} signs a receipt without the path of the machine`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "secret-folder-"));
    t.after(() => rm(folder, { recursive: true }));
    await using layouts = openLayouts();
    await using pair = await startPair({ engine: { layouts, receipts: receiptsOf(KEY) } });
    const { descriptor: { digest } } = await putImage(pair.source, "app", { tag: "1" });
    const local = `${transport}${folder}/image${transport === "oci:" ? ":1" : ""}`;
    const report = await pair.engine.copy({
      source: `${pair.source.host}/app:1`,
      destination: local,
    });
    assert.equal(report.receipts, undefined);
    const destination = `${pair.destination.host}/app:1`;
    assert.equal((await pair.engine.copy({ source: local, destination })).receipts, 1);
    for (const blob of pair.destination.blobs("app")) {
      const bytes = await pair.destination.getBlob("app", blob) ?? new Uint8Array();
      const text = new TextDecoder().decode(bytes);
      const payload = /"payload":"([^"]*)"/.exec(text)?.[1] ?? "";
      assert.doesNotMatch(text + atob(payload), /secret-folder/);
    }
    const [image] = await checkReceipts(`${pair.destination.host}/app`, digest, KEY);
    assert.equal(image?.receipts[0]?.source, digest);
  });
}

test("copy() along a chain of mirrors signs a receipt at each, and keeps those before", async () => {
  const last = await startRegistry();
  await using pair = await startReceipted();
  const { descriptor: { digest } } = await putImage(pair.source, "app", { tag: "1" });
  const first = requestOf(pair);
  await pair.engine.copy(first);
  const second = { source: `${first.destination}:1`, destination: `${last.host}/app:1` };
  const report = await pair.engine.copy(second);
  assert.equal(report.receipts, 1);
  const [image] = await checkReceipts(`${last.host}/app`, digest, KEY);
  assert.deepEqual(image?.receipts.map(({ state, name }) => [state, name]).sort(), [
    ["rejected", first.destination],
    ["valid", `${last.host}/app`],
  ]);
  assert.equal((await pair.engine.copy(second)).receipts, undefined);
  const other = newKey();
  const engine = createSyncEngine({ runtime: await createRuntime(), receipts: receiptsOf(other) });
  assert.equal((await engine.copy(second)).receipts, 1);
  assert.deepEqual(await countValid(`${last.host}/app`, digest, other), [1]);
  assert.deepEqual(await countValid(`${last.host}/app`, digest, KEY), [1]);
  await last.close();
});

const POLICIES: [name: string, image: string, rule: Partial<Requirements>, signatures: number][] = [
  ["a bundle", "p256", {}, 1],
  ["a signature of cosign 2", "legacy-p256", {}, 1],
  ["an index", "index", {}, 1],
  ["an index and its manifests", "index", { children: true }, 2],
];

for (const [name, image, rule, signatures] of POLICIES) {
  for (const transport of ["registry", "oci:"]) {
    test(`copy() from ${transport} signs verification summaries that name the signatures: ${name}`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), "secret-folder-"));
      t.after(() => rm(folder, { recursive: true }));
      const admission = createAdmission(policyOf([byKey("p256")], rule), {
        trustRoot: LOCAL_ROOT,
        now: Date.now,
      });
      await using layouts = openLayouts();
      await using pair = await startPair({
        engine: { layouts, admission, receipts: receiptsOf(KEY) },
      });
      // The image of the index has signatures of its own.
      for (const name of ["p256", image]) await putFixture(pair.source, fixture(name), "app");
      const request = requestOf(pair);
      const source = transport === "oci:" ? `oci:${folder}/image:1` : request.source;
      const destination = `${request.destination}:1`;
      if (transport === "oci:") {
        await pair.engine.copy({ source: request.source, destination: source });
      }
      const { digest, receipts } = await pair.engine.copy({ source, destination });
      const manifests = await checkReceipts(request.destination, digest, KEY);
      assert.equal(receipts, manifests.length);
      for (const { isProven, receipts } of manifests) {
        assert.equal(isProven, true);
        const [{ policy, attestations = [] } = {}] = receipts.filter(({ state }) =>
          state === "valid"
        );
        assert.equal(policy, "**");
        assert.equal(attestations.length, signatures);
        const expected = transport === "oci:"
          ? /^sha256:[0-9a-f]{64}$/
          : /^127\.0\.0\.1:\d+\/app[@:]sha256/;
        for (const attestation of attestations) assert.match(attestation, expected);
        assert.doesNotMatch(JSON.stringify(manifests), /secret-folder/);
      }
      assert.equal((await pair.engine.copy({ source, destination })).receipts, undefined);
    });
  }
}

test("copy() signs a plain receipt if the policy admits every image, and says so", async () => {
  const admission = createAdmission([{ images: "127.*/**", rule: "accept" }, {
    images: "**",
    rule: "reject",
  }], {
    trustRoot: LOCAL_ROOT,
    now: Date.now,
  });
  await using pair = await startPair({ engine: { admission, receipts: receiptsOf(KEY) } });
  const { descriptor: { digest } } = await putImage(pair.source, "app", { tag: "1" });
  await pair.engine.copy(requestOf(pair));
  const [image] = await checkReceipts(requestOf(pair).destination, digest, KEY);
  assert.deepEqual(
    image?.receipts.map(({ state, policy, attestations }) => [state, policy, attestations]),
    [
      ["valid", "127.*/**", undefined],
    ],
  );
});

test("plan() does not say that a rejected image was admitted", async () => {
  const admission = createAdmission([{ images: "**", rule: "reject" }], {
    trustRoot: LOCAL_ROOT,
    now: Date.now,
  });
  await using pair = await startPair({ engine: { admission, receipts: receiptsOf(KEY) } });
  await putImage(pair.source, "app", { tag: "1" });
  const { stages } = await pair.engine.plan(requestOf(pair));
  const steps = stages.flatMap(({ steps }) => steps).filter(({ type }) => type === "receipt");
  assert.deepEqual(steps.map((step) => "policy" in step), [false]);
});

test("copy() puts no private key into its plan, events and report", async () => {
  await using pair = await startReceipted();
  await putImage(pair.source, "app", { tag: "1" });
  const request = requestOf(pair);
  const seen: unknown[] = [await pair.engine.plan(request)];
  seen.push(await pair.engine.copy(request, { emit: (event) => seen.push(event) }));
  const text = JSON.stringify(seen);
  assert.match(text, /"receipt"/);
  for (const line of KEY.privateKey.split("\n").filter((line) => line.length > 0)) {
    assert.ok(!text.includes(line));
  }
});
