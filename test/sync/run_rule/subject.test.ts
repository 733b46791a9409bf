import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import type { SubjectImage } from "../../../src/sync/find_image.ts";
import { referrersTag } from "../../../src/oci/digest_tag.ts";
import { OCI_INDEX } from "../../../src/oci/media_types.ts";
import type { ResultOf, RuleStep, RuleSteps } from "../../../src/sync/rule_steps.ts";
import { runRule } from "../../../src/sync/run_rule.ts";
import type { RunScope } from "../../../src/sync/run_rule.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../../support/image.ts";
import { startPair } from "../../support/pair.ts";
import type { Pair } from "../../support/pair.ts";
import { NOW, ruleOf } from "../setup.ts";
import { appRule, clear, putTags, resultsOf, run, writesOf } from "./setup.ts";

const SIGNATURE = {
  artifactType: "application/vnd.cncf.notary.signature",
  payload: "{}",
};

/** The scope of an event of a referrer of an image. */
function scopeOf(
  { source }: Pair,
  { digest }: Descriptor,
  isIndex = false,
): { only: RunScope } {
  const subject: SubjectImage = { digest, isIndex };
  return { only: { repository: `${source.host}/app`, subject } };
}

function hasManifest({ destination }: Pair, { digest }: Descriptor): boolean {
  return destination.getManifest("app", digest) !== undefined;
}

for (const fastCheck of [false, true]) {
  test(`runRule() of a new referrer searches the tags of its image, and copies it, with fastCheck ${fastCheck}`, async () => {
    await using pair = await startPair();
    await putTags(pair, "1", "2", "3");
    const rule = appRule(pair, `, referrers: true, fastCheck: ${fastCheck}`);
    await run(rule, pair);
    const { descriptor } = await putImage(pair.source, "app", {
      tag: "2",
      seed: 2,
    });
    const signature = await putReferrer(
      pair.source,
      "app",
      descriptor,
      SIGNATURE,
    );
    clear(pair);
    const report = await run(rule, pair, scopeOf(pair, descriptor));
    assert.deepEqual(resultsOf(report), ["app:2 copied"]);
    assert.ok(hasManifest(pair, signature.descriptor));
    // HEAD: each of the three, and the one that has it again. GET: the list of tags, the referrers of the image and of the signature,
    // the signature and its blob.
    assert.deepEqual(
      [
        pair.source.count({ method: "HEAD" }),
        pair.source.count({ method: "GET" }),
      ],
      [4, 5],
    );
    assert.deepEqual(report.requests, {
      source: pair.source.count(),
      destination: pair.destination.count(),
    });
  });
}

test("runRule() of many new referrers checks those of all images, even with fastCheck", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const rule = appRule(pair, ", referrers: true, fastCheck: true");
  await run(rule, pair);
  for (const tag of ["1", "3"]) {
    const { digest, mediaType, bytes } = pair.source.getManifest("app", tag)!;
    const descriptor = { digest, mediaType, size: bytes.length };
    await putReferrer(pair.source, "app", descriptor, SIGNATURE);
  }
  const only = { repository: `${pair.source.host}/app`, related: true };
  const report = await run(rule, pair, { only });
  assert.deepEqual(resultsOf(report).toSorted(), [
    "app:1 copied",
    "app:2 unchanged",
    "app:3 copied",
  ]);
});

test("runRule() of a new referrer searches from the last name, and stops at the page that has it", async () => {
  await using pair = await startPair();
  const tags = Array.from({ length: 50 }, (_, i) => `1.${i + 10}`);
  await putTags(pair, "0");
  const manifest = pair.source.getManifest("app", "0");
  assert.ok(manifest);
  await pair.source.putManifest(
    "app",
    manifest.bytes,
    manifest.mediaType,
    tags,
  );
  const { descriptor } = await putImage(pair.source, "app", {
    tag: "2.0",
    seed: 7,
  });
  const rule = appRule(pair, ", referrers: true, tags: {semverRange: ['>=1']}");
  await run(rule, pair);
  await putReferrer(pair.source, "app", descriptor, SIGNATURE);
  clear(pair);
  assert.deepEqual(
    resultsOf(await run(rule, pair, scopeOf(pair, descriptor))),
    ["app:2.0 copied"],
  );
  assert.equal(pair.source.count({ method: "HEAD" }), 20 + 1);
});

test("runRule() of a new referrer of a child finds the index by one GET for each index", async () => {
  await using pair = await startPair();
  const platforms = ["linux/amd64", "linux/arm64"];
  const { images } = await putIndex(pair.source, "app", {
    tag: "1",
    platforms,
    seed: 1,
  });
  await putIndex(pair.source, "app", { tag: "2", platforms, seed: 2 });
  await putImage(pair.source, "app", { tag: "3", seed: 3 });
  const rule = appRule(pair, ", referrers: true");
  await run(rule, pair);
  const [child] = images;
  assert.ok(child);
  const signature = await putReferrer(
    pair.source,
    "app",
    child.descriptor,
    SIGNATURE,
  );
  clear(pair);
  const report = await run(rule, pair, scopeOf(pair, child.descriptor));
  assert.deepEqual(resultsOf(report), ["app:1 copied"]);
  assert.ok(hasManifest(pair, signature.descriptor));
  assert.equal(pair.source.count({ method: "GET", path: "/manifests/2" }), 1);
  assert.equal(pair.source.count({ method: "GET", path: "/manifests/3" }), 0);
});

test("runRule() of a new referrer of a referrer copies it along", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const sbom = await putReferrer(pair.source, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  const rule = appRule(pair, ", referrers: true");
  await run(rule, pair);
  const signature = await putReferrer(
    pair.source,
    "app",
    sbom.descriptor,
    SIGNATURE,
  );
  assert.deepEqual(
    resultsOf(await run(rule, pair, scopeOf(pair, descriptor))),
    ["app:1 copied"],
  );
  assert.ok(hasManifest(pair, signature.descriptor));
});

test("runRule() of a new referrer copies nothing if no selected tag has its image", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "dev");
  const { descriptor } = await putImage(pair.source, "app", {
    tag: "dev",
    seed: 9,
  });
  await putReferrer(pair.source, "app", descriptor, SIGNATURE);
  const rule = appRule(pair, ", referrers: true, tags: {deny: [dev]}");
  clear(pair);
  const report = await run(rule, pair, scopeOf(pair, descriptor));
  assert.deepEqual([report.result, report.tags, report.warnings], [
    "ok",
    [],
    [],
  ]);
  assert.deepEqual([pair.source.count(), pair.destination.count()], [2, 0]);
});

test("runRule() of a new referrer copies nothing if its image is too fresh", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", {
    tag: "1",
    annotations: { "org.opencontainers.image.created": new Date(NOW).toISOString() },
  });
  const rule = appRule(pair, ", referrers: true, minAge: 1h");
  const report = await run(rule, pair, scopeOf(pair, descriptor));
  assert.deepEqual([resultsOf(report), writesOf(pair)], [[], 0]);
});

test("runRule() of a new referrer copies the image if the target lacks it", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const signature = await putReferrer(
    pair.source,
    "app",
    descriptor,
    SIGNATURE,
  );
  const rule = appRule(pair, ", referrers: true");
  assert.deepEqual(
    resultsOf(await run(rule, pair, scopeOf(pair, descriptor))),
    ["app:1 copied"],
  );
  assert.ok(hasManifest(pair, signature.descriptor));
});

test("runRule() of a new digest tag copies it along", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const rule = appRule(
    pair,
    ", digestTags: true, tags: {allow: ['1']}, fastCheck: true",
  );
  await run(rule, pair);
  const { tag } = await putCosignSignature(
    pair.source,
    "app",
    descriptor.digest,
  );
  assert.deepEqual(
    resultsOf(await run(rule, pair, scopeOf(pair, descriptor))),
    ["app:1 copied"],
  );
  assert.deepEqual(pair.destination.tags("app"), ["1", tag]);
});

test("runRule() of a new referrer compares the one image of a rule, by tag or by digest", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  for (const name of [":1", `@${descriptor.digest}`]) {
    const rule = ruleOf(
      `{type: image, source: "${source.host}/app${name}", target: "${destination.host}/app:x", referrers: true, fastCheck: true}`,
    );
    await run(rule, pair);
    const signature = await putReferrer(source, "app", descriptor, {
      ...SIGNATURE,
      payload: name,
    });
    const report = await run(rule, pair, scopeOf(pair, descriptor));
    assert.deepEqual(resultsOf(report), ["app:x copied"]);
    assert.ok(hasManifest(pair, signature.descriptor));
  }
});

for (const more of ["", ', tags: {allow: ["other"]}']) {
  test(`runRule() of a new referrer of an image that the rule names by digest copies it along${more}`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    const { descriptor, images } = await putIndex(source, "app", { platforms: ["linux/amd64"] });
    await putImage(source, "app", { tag: "other", seed: 2 });
    const { digest } = descriptor;
    const rule = appRule(pair, `, digests: ["${digest}"], referrers: true, fastCheck: true${more}`);
    await run(rule, pair);
    for (const subject of [descriptor, images[0]?.descriptor]) {
      assert.ok(subject);
      const signature = await putReferrer(source, "app", subject, SIGNATURE);
      const { tags } = await run(rule, pair, scopeOf(pair, subject, subject === descriptor));
      assert.deepEqual(tags.map(({ destination, result }) => [destination, result]), [
        [`${destination.host}/app@${digest}`, "copied"],
      ]);
      assert.ok(hasManifest(pair, signature.descriptor));
    }
  });
}

test("runRule() of a new referrer in the referrerSource of the rule copies it along", async () => {
  await using pair = await startPair();
  const { source } = pair;
  const { descriptor } = await putIndex(source, "app", { tag: "1", platforms: ["linux/amd64"] });
  const rule = appRule(pair, `, referrers: true, referrerSource: "${source.host}/signatures"`);
  await run(rule, pair);
  const signature = await putReferrer(source, "signatures", descriptor, SIGNATURE);
  const report = await run(rule, pair, scopeOf(pair, descriptor));
  assert.deepEqual(resultsOf(report), ["app:1 copied"]);
  assert.ok(hasManifest(pair, signature.descriptor));
});

test("runRule() of a new referrer is not stopped by a tag that the source refuses", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const { descriptor } = await putImage(pair.source, "app", {
    tag: "1",
    seed: 1,
  });
  const rule = appRule(pair, ", referrers: true");
  await run(rule, pair);
  await putReferrer(pair.source, "app", descriptor, SIGNATURE);
  pair.source.fail({
    path: "/manifests/2",
    action: { status: 412 },
    times: 99,
  });
  assert.deepEqual(
    resultsOf(await run(rule, pair, scopeOf(pair, descriptor))),
    ["app:1 copied"],
  );
  // Without another tag that has it, the refused one may: the run fails.
  const unknown = {
    ...descriptor,
    digest: `sha256:${"0".repeat(64)}` as const,
  };
  assert.equal(
    (await run(rule, pair, scopeOf(pair, unknown))).result,
    "all-failed",
  );
});

test("runRule() of a new referrer reports a damaged fallback tag as a list that is not complete", async () => {
  await using pair = await startPair({ source: { referrers: false } });
  const { source } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const rule = appRule(pair, ", referrers: true, tags: {deny: ['sha256-.*']}");
  await run(rule, pair);
  const damaged = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: "none" };
  await source.putManifest("app", damaged, OCI_INDEX, [referrersTag(descriptor.digest)]);
  const report = await run(rule, pair, scopeOf(pair, descriptor));
  assert.deepEqual(resultsOf(report), ["app:1 unchanged"]);
  assert.deepEqual(report.tags[0]?.referrerState, { kinds: [], isPartial: true });
});

test("runRule() of a new referrer searches at most 2000 tags, and says so", async () => {
  const names = Array.from({ length: 2001 }, (_, i) => `${i}`);
  const searched: string[] = [];
  const steps: RuleSteps = {
    run<Step extends RuleStep>(_: string, step: Step): Promise<ResultOf<Step>> {
      if (step.type === "search") searched.push(...step.tags);
      const result: ResultOf<RuleStep> = step.type === "repositories"
        ? { repositories: ["r.example/app"] }
        : step.type === "names"
        ? { tags: names }
        : { found: [], indexes: [] };
      return Promise.resolve(result as ResultOf<Step>);
    },
    requests: () => ({ source: 0, destination: 0 }),
    parallel: 1,
    pageSize: 1,
  };
  const rule = ruleOf(
    "{type: repository, source: r.example/app, target: m.example/app, referrers: true}",
  );
  const subject: SubjectImage = { digest: `sha256:${"0".repeat(64)}`, isIndex: false };
  const report = await runRule(rule, steps, {
    now: () => 0,
    only: { repository: "r.example/app", subject },
  });
  assert.deepEqual(searched, names.toReversed().slice(0, 2000));
  assert.match(report.warnings.join("\n"), /searched 2000 of 2001 tags/);
});
