import assert from "node:assert/strict";
import { test } from "node:test";
import { runRuleLocally } from "../../../src/sync/local_rules.ts";
import { startPair } from "../../support/pair.ts";
import { putImage } from "../../support/image.ts";
import { NOW, ruleOf } from "../setup.ts";

test("runRule() asks for no referrers of a backup that is there already", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const before = await putImage(destination, "app", { tag: "1" });
  const { digest } = before.descriptor;
  destination.setTag("app", "old", digest);
  const after = await putImage(source, "app", { tag: "1", seed: 2 });
  const rule = ruleOf(JSON.stringify({
    type: "image",
    source: `${source.host}/app:1`,
    target: `${destination.host}/app:1`,
    backup: "old",
    referrers: true,
    digestTags: true,
  }));
  const { tags, warnings } = await runRuleLocally(rule, { engine, rules: [rule], now: () => NOW });
  assert.deepEqual(tags.map(({ result }) => result), ["copied"]);
  assert.deepEqual(warnings, []);
  assert.equal(destination.getManifest("app", "1")?.digest, after.descriptor.digest);
  assert.equal(destination.getManifest("app", "old")?.digest, digest);
  // The backup is compared by a HEAD of either name, and by nothing else.
  const asked = destination.requests.map(({ method, path }) => `${method} ${path}`);
  const aboutBackup = asked.filter((line) => line.includes(digest) || line.endsWith("/old"));
  assert.deepEqual(
    aboutBackup.sort(),
    [
      `HEAD /v2/app/manifests/${digest}`,
      "HEAD /v2/app/manifests/old",
    ].sort(),
  );
  assert.equal(destination.count({ path: "/tags/list" }), 0);
  assert.equal(destination.count({ path: "/referrers/" }), 0);
});
