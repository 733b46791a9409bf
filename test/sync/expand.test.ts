import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossdockError } from "../../src/errors.ts";
import type { Listing } from "../../src/sync/listing.ts";
import type { ExpandOptions } from "../../src/sync/expand.ts";
import type { SyncRule } from "../../src/sync/rule.ts";
import { startPair } from "../support/pair.ts";
import { putImage } from "../support/image.ts";
import { expandRule, NOW, ruleOf } from "./setup.ts";
import type { ExpandedRepository } from "./setup.ts";

const HOUR = 3_600_000;

interface FakeSource extends Listing {
  /** What was asked: `tags a.example/app`. */
  readonly asked: string[];
}

/** A source of these repositories and tags; a tag's date is so many hours ago. */
function createSource(
  repositories: Record<string, string[]>,
  hours: Record<string, number> = {},
): FakeSource {
  const asked: string[] = [];
  return {
    asked,
    async *tags(name): AsyncGenerator<string[]> {
      asked.push(`tags ${name}`);
      await Promise.resolve();
      const tags = repositories[name];
      if (!tags) throw new CrossdockError("not_found", `${name} is not there`);
      for (let i = 0; i < tags.length; i += 2) yield tags.slice(i, i + 2);
    },
    async *repositories(registry): AsyncGenerator<string[]> {
      asked.push(`repositories ${registry}`);
      await Promise.resolve();
      for (const name of Object.keys(repositories)) yield [name.slice(registry.length + 1)];
    },
    created(reference): Promise<Date | undefined> {
      asked.push(`created ${reference}`);
      const age = hours[reference];
      return age === undefined
        ? Promise.reject(new CrossdockError("not_found", "it is not there"))
        : Promise.resolve(new Date(NOW - age * HOUR));
    },
  };
}

function expand(
  rule: SyncRule,
  source: Listing,
  options: Partial<ExpandOptions> = {},
): Promise<ExpandedRepository[]> {
  return Array.fromAsync(expandRule(rule, source, { now: NOW, ...options }));
}

/** `source target target`, an image a line. */
function copiesOf(work: readonly ExpandedRepository[]): string[] {
  return work.flatMap(({ items }) =>
    items.map(({ source, requests }) =>
      [source, ...requests.map(({ destination }) => destination)].join(" ")
    )
  );
}

const IMAGE = "{type: image, source: a.example/app:1, target: b.example/mirror:one}";
const APP = "type: repository, source: a.example/app";

test("toWorkItem() of an image sends no request", async () => {
  const source = createSource({});
  assert.deepEqual(
    await expand(ruleOf(IMAGE, "defaults: {referrers: true, verify: stream}"), source),
    [{
      source: "a.example/app",
      targets: ["b.example/mirror"],
      items: [{
        source: "a.example/app:1",
        requests: [{
          source: "a.example/app:1",
          destination: "b.example/mirror:one",
          referrers: true,
          digestTags: false,
          index: "sparse",
          verify: "stream",
        }],
        mayBeMissing: false,
      }],
      tooFresh: [],
    }],
  );
  assert.deepEqual(source.asked, []);
});

test("findTags() of a repository lists its tags and gives a request for each target", async () => {
  const source = createSource({ "a.example/app": ["1", "2", "dev", "3"] });
  const rule = ruleOf(`{${APP}, targets: [b.example/x, c.example/y], tags: {deny: [dev]}}`);
  const work = await expand(rule, source);
  assert.deepEqual(copiesOf(work), [
    "a.example/app:1 b.example/x:1 c.example/y:1",
    "a.example/app:2 b.example/x:2 c.example/y:2",
    "a.example/app:3 b.example/x:3 c.example/y:3",
  ]);
  assert.deepEqual(work[0]?.targets, ["b.example/x", "c.example/y"]);
  assert.deepEqual(source.asked, ["tags a.example/app"]);
});

test("findTags() lists nothing where the rule names its tags", async () => {
  const source = createSource({});
  const rule = ruleOf(`{${APP}, target: b.example/x, tags: {allow: [latest, '1\\.2']}}`);
  const work = await expand(rule, source);
  assert.deepEqual(copiesOf(work), [
    "a.example/app:latest b.example/x:latest",
    "a.example/app:1.2 b.example/x:1.2",
  ]);
  assert.deepEqual(work[0]?.items.map(({ mayBeMissing }) => mayBeMissing), [true, true]);
  assert.deepEqual(source.asked, []);
});

test("listRepositories() of a registry lists repositories lazily", async () => {
  const source = createSource({
    "a.example/app": ["1"],
    "a.example/team/b": ["1", "2"],
    "a.example/other": ["1"],
  });
  const rule = ruleOf(
    "{type: registry, source: a.example, targets: [b.example, c.example/m], repos: {deny: [other]}, tags: {allow: ['.']}}",
  );
  const names: string[] = [];
  for await (const work of expandRule(rule, source, { now: NOW })) {
    names.push(...copiesOf([work]));
    if (names.length === 1) {
      assert.deepEqual(source.asked, ["repositories a.example", "tags a.example/app"]);
    }
  }
  assert.deepEqual(names, [
    "a.example/app:1 b.example/app:1 c.example/m/app:1",
    "a.example/team/b:1 b.example/team/b:1 c.example/m/team/b:1",
    "a.example/team/b:2 b.example/team/b:2 c.example/m/team/b:2",
  ]);
});

test("listRepositories() skips the targets of a rule in the source's own registry", async () => {
  const source = createSource({
    "a.example/app": ["1"],
    "a.example/m": ["1"],
    "a.example/m/app": ["1"],
    "a.example/mm": ["1"],
  });
  const rule = ruleOf(
    "{type: registry, source: a.example, target: a.example/m, tags: {allow: ['1']}}",
  );
  assert.deepEqual(copiesOf(await expand(rule, source)), [
    "a.example/app:1 a.example/m/app:1",
    "a.example/mm:1 a.example/m/mm:1",
  ]);
});

test("findTags() fails for a repository that cannot be listed, not for those after it", async () => {
  const source = createSource({ "a.example/a": ["1"], "a.example/b": ["1"], "a.example/c": ["1"] });
  const failing: Listing = {
    ...source,
    tags: (name, options) => {
      if (name === "a.example/b") throw new CrossdockError("rate_limited", "too many requests");
      return source.tags(name, options);
    },
  };
  const rule = ruleOf("{type: registry, source: a.example, target: b.example}");
  const work = await expand(rule, failing);
  assert.deepEqual(work.map(({ items }) => items.length), [1, 0, 1]);
  assert.equal(work[1]?.failure?.code, "rate_limited");
});

test("findTags() treats a missing repository as empty if it is from a catalog, and as a failure otherwise", async () => {
  const source = createSource({ "a.example/a": ["1"] });
  const gone: Listing = { ...createSource({}), repositories: source.repositories };
  const registry = ruleOf("{type: registry, source: a.example, target: b.example}");
  assert.deepEqual((await expand(registry, gone)).map(({ failure }) => failure), [undefined]);
  const [work] = await expand(ruleOf(`{${APP}, target: b.example/x}`), gone);
  assert.equal(work?.failure?.code, "not_found");
});

test("findTags() rejects with errors that are not from a registry, and with an abort", async () => {
  const rule = ruleOf(`{${APP}, target: b.example/x}`);
  const broken = (error: Error): Listing => ({
    ...createSource({}),
    tags: () => {
      throw error;
    },
  });
  await assert.rejects(expand(rule, broken(new TypeError("a fault"))), TypeError);
  const aborted = new CrossdockError("aborted", "stopped");
  await assert.rejects(expand(rule, broken(aborted), { signal: AbortSignal.abort() }), {
    code: "aborted",
  });
});

test("findTags() excludes tags younger than minAge", async () => {
  const hours = { "a.example/app:1": 5, "a.example/app:2": 1 };
  const source = createSource({ "a.example/app": ["1", "2"] }, hours);
  const [work] = await expand(ruleOf(`{${APP}, target: b.example/x, minAge: 2h}`), source);
  assert.deepEqual([copiesOf(work ? [work] : []), work?.tooFresh], [
    ["a.example/app:1 b.example/x:1"],
    ["2"],
  ]);
  for (const [tag, count] of [["1", 1], ["2", 0]] as const) {
    const image = ruleOf(
      `{type: image, source: 'a.example/app:${tag}', target: b.example/x, minAge: 2h}`,
    );
    const [work] = await expand(image, source);
    assert.deepEqual([work?.items.length, work?.tooFresh], [count, count ? [] : [tag]]);
  }
});

test("findTags() does not apply minAge to a digest", async () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const rule = ruleOf(
    `{type: image, source: 'a.example/app@${digest}', target: 'b.example/x:1', minAge: 2h}`,
  );
  const source = createSource({});
  assert.deepEqual(copiesOf(await expand(rule, source)), [`a.example/app@${digest} b.example/x:1`]);
  assert.deepEqual(source.asked, []);
});

test("findTags() treats a tag that disappears before its date is read as old enough", async () => {
  const rule = ruleOf(`{${APP}, target: b.example/x, minAge: 2h, tags: {allow: [latest]}}`);
  const [work] = await expand(rule, createSource({}));
  assert.deepEqual(work?.items.map(({ source, mayBeMissing }) => [source, mayBeMissing]), [
    ["a.example/app:latest", true],
  ]);
});

const SOME = `{${APP}, target: b.example/x, tags: {deny: [dev]}}`;
const LATEST = `{${APP}, target: b.example/x, tags: {semverRange: ['>=1'], latest: 1}}`;
const WHOLE = "{type: registry, source: a.example, target: b.example, repos: {deny: [secret]}}";
const EVENTS: [
  name: string,
  rule: string,
  repository: string,
  tag: string,
  copies: string[],
  asked: string[],
][] = [
  ["a tag that the rule means", SOME, "a.example/app", "2", ["a.example/app:2 b.example/x:2"], []],
  ["a tag that it does not mean", SOME, "a.example/app", "dev", [], []],
  ["another repository", SOME, "a.example/apple", "2", [], []],
  ["another registry", SOME, "c.example/app", "2", [], []],
  ["the latest", LATEST, "a.example/app", "2", ["a.example/app:2 b.example/x:2"], [
    "tags a.example/app",
  ]],
  ["one that is no longer the latest", LATEST, "a.example/app", "1", [], ["tags a.example/app"]],
  ["a tag out of range", LATEST, "a.example/app", "0.1", [], []],
  ["a repository of a registry", WHOLE, "a.example/team/b", "1", [
    "a.example/team/b:1 b.example/team/b:1",
  ], []],
  ["one that is denied", WHOLE, "a.example/secret", "1", [], []],
  ["a registry of a like name", WHOLE, "a.example.net/app", "1", [], []],
  ["the image", IMAGE, "a.example/app", "1", ["a.example/app:1 b.example/mirror:one"], []],
  ["another tag of the image", IMAGE, "a.example/app", "2", [], []],
];
for (const [name, entry, repository, tag, copies, asked] of EVENTS) {
  test(`findTags() for an event about ${name} copies ${copies.length}`, async () => {
    const source = createSource({ "a.example/app": ["1", "2", "dev"] });
    const work = await expand(ruleOf(entry), source, { only: { repository, tag } });
    assert.deepEqual(copiesOf(work), copies);
    assert.deepEqual(source.asked, asked);
  });
}

test("findTags() of an event without a tag lists the repository", async () => {
  const source = createSource({ "a.example/app": ["1", "2", "dev"] });
  const work = await expand(ruleOf(SOME), source, { only: { repository: "a.example/app" } });
  assert.equal(copiesOf(work).length, 2);
});

test("toWorkItem() returns requests that an engine can copy", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  for (const tag of ["1.0", "1.1", "dev"]) await putImage(source, "team/app", { tag });
  await putImage(source, "other", { tag: "1.0" });
  const rule = ruleOf(
    `{type: registry, source: '${source.host}', target: '${destination.host}/m', repos: {allow: [team/.*]}, ` +
      "tags: {semverRange: ['>=1'], latest: 1}}",
  );
  for (const { items } of await expand(rule, engine.batch())) {
    for (const request of items.flatMap(({ requests }) => requests)) {
      assert.equal((await engine.copy(request)).result, "copied");
    }
  }
  assert.deepEqual(destination.tags("m/team/app"), ["1.1"]);
  assert.deepEqual(destination.tags("m/other"), []);
});
