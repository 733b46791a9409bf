/** Receipts of rules: of which images, what a status says of them, and what prune and remembered state make of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadRules } from "../../../src/library/rules.ts";
import { createAdmission } from "../../../src/admission/check.ts";
import { LOCAL_ROOT } from "../../admission/support.ts";
import { countValid } from "../../receipts/signed_registry.ts";
import { newKey, receiptsOf } from "../../receipts/support.ts";
import { putCosignSignature, putImage, putIndex } from "../../support/image.ts";
import { memoryStore } from "../../support/memory_store.ts";
import { startPair } from "../../support/pair.ts";
import type { Pair } from "../../support/pair.ts";
import type { RegistryOptions } from "../../support/registry.ts";
import { startRegistry } from "../../support/registry.ts";
import { ruleOf } from "../setup.ts";
import { resultsOf, run, writesOf } from "./setup.ts";

const KEY = newKey();

function startSigning(destination: RegistryOptions = {}): Promise<Pair> {
  return startPair({ destination, engine: { receipts: receiptsOf(KEY) } });
}

function ruleIn({ source, destination }: Pair, keys = ""): ReturnType<typeof ruleOf> {
  return ruleOf(
    `{type: repository, source: "${source.host}/app", target: "${destination.host}/app", ${keys}}`,
  );
}

for (const referrers of [true, false]) {
  test(`runRule() signs a receipt for each tag's image, and keeps them while it prunes: referrers API ${referrers}`, async () => {
    await using pair = await startSigning({ referrers });
    const { source, destination } = pair;
    const images = [
      await putImage(source, "app", { tag: "1", seed: 1 }),
      await putIndex(source, "app", { tag: "2", seed: 2, platforms: ["linux/amd64"] }),
    ];
    // A second tag of the same image needs no second receipt.
    source.setTag("app", "one", images[0]?.descriptor.digest ?? assert.fail());
    await putCosignSignature(source, "app", images[0]?.descriptor.digest ?? assert.fail());
    await putImage(destination, "app", { tag: "gone", seed: 3 });
    const rule = ruleIn(pair, "tags: {allow: ['[0-9a-z]+']}, prune: {maxShare: 1}");
    const check = async (): Promise<void> => {
      for (const { descriptor: { digest } } of images) {
        const counts = await countValid(`${destination.host}/app`, digest, KEY);
        assert.deepEqual(new Set(counts), new Set([1]));
      }
    };
    const report = await run(rule, pair);
    assert.deepEqual(resultsOf(report).toSorted(), [
      "app:1 copied",
      "app:2 copied",
      "app:one copied",
    ]);
    assert.deepEqual(report.pruned.map(({ result }) => result), ["deleted"]);
    await check();
    const before = destination.tags("app");
    const again = await run(rule, pair);
    assert.deepEqual(new Set(again.tags.map(({ result }) => result)), new Set(["unchanged"]));
    assert.deepEqual([again.pruned, destination.tags("app")], [[], before]);
    await check();
  });
}

test("runRule() makes up the receipts of images that were there before, and a dry run does not", async () => {
  await using pair = await startSigning();
  const { source, destination } = pair;
  const { descriptor: { digest } } = await putImage(source, "app", { tag: "1" });
  await putImage(destination, "app", { tag: "1" });
  for (const keys of ["", "referrers: false, digestTags: false"]) {
    const dry = await run(ruleIn(pair, keys), pair, { dryRun: true });
    assert.deepEqual(resultsOf(dry), ["app:1 unchanged"]);
    assert.equal(writesOf(pair), 0);
  }
  const report = await run(ruleIn(pair, "referrers: false, digestTags: false"), pair);
  assert.deepEqual([resultsOf(report), report.tags[0]?.report?.receipts], [["app:1 unchanged"], 1]);
  assert.deepEqual(await countValid(`${destination.host}/app`, digest, KEY), [1]);
});

test("runRule() reports a receipt that cannot be put, and the next run makes it up", async () => {
  await using pair = await startSigning();
  const { source, destination } = pair;
  const { descriptor: { digest } } = await putImage(source, "app", { tag: "1" });
  source.setTag("app", "2", digest);
  destination.fail({
    method: "PUT",
    path: "/manifests/sha256:",
    times: 2,
    action: { status: 403 },
  });
  const failed = await run(ruleIn(pair), pair);
  assert.deepEqual(resultsOf(failed), ["app:1 failed", "app:2 failed"]);
  assert.equal(failed.result, "all-failed");
  assert.deepEqual(destination.tags("app"), ["1", "2"]);
  const report = await run(ruleIn(pair), pair);
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 unchanged"]);
  const signed = report.tags.map(({ report }) => report?.receipts ?? 0);
  assert.equal(signed.reduce((sum, count) => sum + count, 0), 1);
  assert.deepEqual(await countValid(`${destination.host}/app`, digest, KEY), [1]);
});

test("runRule() with fastCheck makes up for receipts, and looks for no referrers", async () => {
  await using pair = await startSigning();
  const { source, destination } = pair;
  const { descriptor: { digest } } = await putImage(source, "app", { tag: "1" });
  await putImage(destination, "app", { tag: "1" });
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(resultsOf(await run(ruleIn(pair, "fastCheck: true"), pair)), [
      "app:1 unchanged",
    ]);
    assert.deepEqual(await countValid(`${destination.host}/app`, digest, KEY), [1]);
  }
  assert.equal(source.count({ path: "/referrers/" }), 0);
});

test("runRule() saves a backup without a receipt", async () => {
  await using pair = await startSigning();
  const { source, destination } = pair;
  const { descriptor: { digest } } = await putImage(source, "app", { tag: "1" });
  const saved = await putImage(destination, "app", { tag: "1", seed: 2 });
  const rule = ruleIn(pair, `backup: "${destination.host}/saved:{{ .Ref.Tag }}"`);
  assert.deepEqual(resultsOf(await run(rule, pair)), ["app:1 copied"]);
  assert.deepEqual(await countValid(`${destination.host}/app`, digest, KEY), [1]);
  assert.equal(destination.getManifest("saved", "1")?.digest, saved.descriptor.digest);
  assert.deepEqual(await countValid(`${destination.host}/saved`, saved.descriptor.digest, KEY), [
    0,
  ]);
});

test("runRule() signs no receipt for an image that the policy rejects, even if it is there", async () => {
  const admission = createAdmission([{ images: "**", rule: "reject" }], {
    trustRoot: LOCAL_ROOT,
    now: Date.now,
  });
  await using pair = await startPair({ engine: { admission, receipts: receiptsOf(KEY) } });
  const { source, destination } = pair;
  await putImage(source, "app", { tag: "1" });
  await putImage(destination, "app", { tag: "1" });
  const report = await run(ruleIn(pair), pair);
  assert.deepEqual(resultsOf(report), ["app:1 failed"]);
  assert.equal(report.tags[0]?.error?.code, "rejected");
  assert.equal(writesOf(pair), 0);
});

test("loadRules() signs receipts by the key of the configuration, for several targets", async () => {
  await using source = await startRegistry();
  await using first = await startRegistry();
  await using second = await startRegistry({ referrers: false });
  const { descriptor: { digest } } = await putImage(source, "app", { tag: "1" });
  const state = memoryStore();
  const config = {
    receipt: { key: KEY.privateKey, names: { [first.host]: "mirror.example/proxy" } },
    defaults: { skipDockerConfig: true },
    sync: [{
      name: "app",
      type: "repository",
      source: `${source.host}/app`,
      targets: [`${first.host}/app`, `${second.host}/app`],
      referrers: false,
      digestTags: false,
    }],
  };
  for (let i = 0; i < 2; i++) {
    const mirror = await loadRules(config, { state });
    const { rules: [rule] } = await mirror.run();
    assert.deepEqual(
      rule?.tags.map(({ result }) => result),
      Array(2).fill(i === 0 ? "copied" : "unchanged"),
    );
    assert.equal((await mirror.status()).state, "in-step");
    assert.deepEqual(
      await countValid(`${first.host}/app`, digest, KEY, "mirror.example/proxy/app"),
      [1],
    );
    assert.deepEqual(await countValid(`${second.host}/app`, digest, KEY), [1]);
  }
});
