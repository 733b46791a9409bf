/** The requests that copies and rules send to distribution 3, counted by proxies. The images are those of the bench. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { putRepository } from "../../bench/corpus.ts";
import type { Repository } from "../../bench/corpus.ts";
import { createEngine } from "../../src/engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { runRuleLocally } from "../../src/sync/local_rules.ts";
import type { RuleReport } from "../../src/sync/model.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { ruleOf } from "../sync/setup.ts";
import { startProxy } from "./proxy.ts";
import type { ProxyCounts } from "./proxy.ts";
import { startRealRegistry } from "./support.ts";

const WITHOUT_RELATED = { referrers: false, digestTags: false };

/** Two registries, each behind a proxy. */
interface Sides extends AsyncDisposable {
  readonly source: string;
  readonly destination: string;
  takeKinds(): Promise<[source: ProxyCounts["kinds"], destination: ProxyCounts["kinds"]]>;
}

async function startSides(repository: Repository): Promise<Sides> {
  await using cleanup = new AsyncDisposableStack();
  const from = cleanup.use(await startRealRegistry("distribution3"));
  const to = cleanup.use(await startRealRegistry("distribution3"));
  const source = cleanup.use(await startProxy(from.host));
  const destination = cleanup.use(await startProxy(to.host));
  await putRepository(from.host, repository);
  const started = cleanup.move();
  return {
    source: source.host,
    destination: destination.host,
    takeKinds: async () => [
      (await source.takeCounts()).kinds,
      (await destination.takeCounts()).kinds,
    ],
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Two requests for each blob, and one for each manifest. The tag of a new image is looked up once. */
const IMAGES: readonly [name: Repository, manifests: number, blobs: number][] = [
  ["small", 1, 4],
  ["many", 1, 101],
  ["multi", 7, 21],
];

for (const [name, manifests, blobs] of IMAGES) {
  test(`copy() of ${name} sends M + B requests to the source and 2B + M + 1 to distribution 3`, async () => {
    await using sides = await startSides(name);
    const { source, destination } = sides;
    const engine = createEngine({ runtime: await createRuntime() });
    await engine.copy({
      source: `${source}/${name}:1`,
      destination: `${destination}/${name}:1`,
      ...WITHOUT_RELATED,
    });
    assert.deepEqual(await sides.takeKinds(), [
      { "GET manifest": manifests, "GET blob": blobs },
      {
        "HEAD manifest": 1,
        "POST mount": blobs,
        "PUT upload": blobs,
        "PUT manifest": manifests,
      },
    ]);
  });
}

test("copy() of typical proves once that distribution 3 checks digests, with two requests", async () => {
  await using sides = await startSides("typical");
  const engine = createEngine({ runtime: await createRuntime() });
  for (const [tag, uploads] of [["1", 1 + 9], ["2", 9]] as const) {
    await engine.copy({
      source: `${sides.source}/typical:1`,
      destination: `${sides.destination}/typical-${tag}:1`,
      ...WITHOUT_RELATED,
    });
    const [source, destination] = await sides.takeKinds();
    assert.deepEqual(source, { "GET manifest": 1, "GET blob": 9 });
    assert.equal(destination["PUT upload"], uploads);
    assert.equal(Object.values(destination).reduce((a, b) => a + b), 2 * uploads + 2);
  }
});

async function runRepositoryRule(
  { source, destination }: Sides,
  name: Repository,
  options: { missing?: boolean } = {},
): Promise<RuleReport> {
  const rule = ruleOf(
    `{type: repository, source: "${source}/${name}", target: "${destination}/${name}", tags: {allow: ['.*']}}`,
  );
  const engine = createSyncEngine({ runtime: await createRuntime() });
  return await runRuleLocally(rule, { engine, rules: [rule], now: Date.now, ...options });
}

test("runRule() of 30 tags sends no HEAD but one to an empty target, then one a tag to each side of distribution 3", async () => {
  await using sides = await startSides("tags-30");
  const [tags, blobs] = [30, 2 * 30 + 3];
  const first = await runRepositoryRule(sides, "tags-30");
  assert.equal(first.result, "ok");
  const [source, destination] = await sides.takeKinds();
  assert.deepEqual(source, {
    "GET list": 1,
    "GET manifest": tags,
    "GET blob": blobs,
  });
  assert.equal(destination["PUT upload"], blobs);
  assert.equal(destination["PUT manifest"], tags);
  assert.equal(destination["HEAD manifest"], 1);
  assert.equal(destination["GET list"], 1);
  assert.equal(Object.values(destination).reduce((a, b) => a + b), 2 + tags + 2 * blobs);

  const again = await runRepositoryRule(sides, "tags-30");
  assert.ok(again.tags.every(({ result }) => result === "unchanged"));
  assert.deepEqual(await sides.takeKinds(), [
    { "GET list": 1, "HEAD manifest": tags },
    { "HEAD manifest": tags },
  ]);
});

test("runRule() with missing compares the lists of distribution 3, and sends nothing else for tags that are there", async () => {
  const name = "missing-30";
  await using sides = await startSides(name);
  await putRepository(sides.destination, name);
  await sides.takeKinds();
  const report = await runRepositoryRule(sides, name, { missing: true });
  assert.equal(report.tags.length, 30);
  assert.deepEqual(await sides.takeKinds(), [{ "GET list": 1 }, { "GET list": 1 }]);
});
