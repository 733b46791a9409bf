import assert from "node:assert/strict";
import { test } from "node:test";
import { performRuleStep } from "../../src/rules/rule_step.ts";
import type { RuleStep, RuleStepAnswers, TagDates } from "../../src/rules/rule_step.ts";
import type { RuleHost } from "../../src/rules/rule_runner.ts";
import { startPair } from "../copy/setup.ts";
import type { Pair } from "../copy/setup.ts";
import { putImage } from "../support/image.ts";
import { NOW, parse } from "../sync/setup.ts";

/** A mirror of `1` and `2` that has `old`, too. Its source may have lost them since. */
async function startMirror(): Promise<Pair> {
  const pair = await startPair();
  for (const tag of ["1", "2", "old"]) await putImage(pair.destination, "app", { tag });
  return pair;
}

async function perform<Type extends "tags" | "prune">(
  { source, destination, engine }: Pair,
  step: { readonly type: Type; readonly dates: TagDates; counts?: Record<string, number> },
  more: string,
): Promise<RuleStepAnswers[Type]> {
  const repository = `${source.host}/app`;
  const { config } = parse(`
sync:
- name: app
  type: repository
  source: "${repository}"
  target: "${destination.host}/app"
  prune: {maxShare: 1}
  ${more}
`);
  const [rule] = config.rules;
  assert.ok(rule);
  return await performRuleStep({ ...step, rule: "app", repository } as RuleStep, rule, {
    host: { config: { sync: config } } as unknown as RuleHost,
    engine,
    durable: undefined,
    signal: new AbortController().signal,
    now: NOW,
    warn: () => {},
  }) as RuleStepAnswers[Type];
}

async function prune(
  pair: Pair,
  counts: Readonly<Record<string, number>>,
): Promise<RuleStepAnswers["prune"]> {
  const step = { type: "prune" as const, dates: [], counts };
  return await perform(pair, step, "tags: {allow: ['1', '2']}");
}

for (
  const [name, counts] of [
    ["is missing at the source", { missing: 2 }],
    ["failed or is missing", { failed: 1, missing: 1 }],
    ["was never looked at", {}],
    ["was partly put off", { unchanged: 1, "put-off": 1 }],
  ] as const
) {
  test(`performRuleStep() deletes nothing where what the rule names ${name}`, async () => {
    await using pair = await startMirror();
    assert.deepEqual(await prune(pair, counts), { deleted: 0, failed: 0 });
    assert.deepEqual(pair.destination.tags("app"), ["1", "2", "old"]);
  });
}

test("performRuleStep() deletes what the rule no longer selects where some of it was seen", async () => {
  await using pair = await startMirror();
  const counts = { unchanged: 1, missing: 1 };
  assert.deepEqual(await prune(pair, counts), { deleted: 1, failed: 0 });
  assert.deepEqual(pair.destination.tags("app"), ["1", "2"]);
});

test("performRuleStep() finds few dates at once, and gives the tags when it has them all", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  const tags = Array.from({ length: 20 }, (_, i) => `v${10 + i}`);
  for (const [seed, tag] of tags.entries()) await putImage(source, "app", { tag, seed, layers: 0 });
  await putImage(destination, "app", { tag: "old" });
  const rest = { counts: { unchanged: 20 } };
  const dates: TagDates = [];
  const parts: number[] = [];
  for (;;) {
    source.clearRequests();
    const answer = await perform(pair, { type: "tags", dates }, "minAge: 1h");
    assert.ok(source.count() <= 40, `${source.count()}`);
    const { dates: found = [] } = answer;
    parts.push(found.length);
    dates.push(...found);
    if (!answer.tags) {
      const pruned = await perform(pair, { type: "prune", dates: [], ...rest }, "minAge: 1h");
      assert.deepEqual(pruned, { deleted: 0, failed: 0 });
      continue;
    }
    assert.deepEqual(answer.tags, tags);
    break;
  }
  assert.deepEqual(parts, [8, 8, 4]);
  source.clearRequests();
  const pruned = await perform(pair, { type: "prune", dates, ...rest }, "minAge: 1h");
  assert.deepEqual([pruned, source.count()], [{ deleted: 1, failed: 0 }, 1]);
});

test("performRuleStep() asks no more for dates of tags that are not there", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  const names = Array.from({ length: 9 }, (_, i) => `'${i + 1}'`).join();
  const more = `tags: {allow: [${names}]}\n  minAge: 1h`;
  const { tags, dates = [] } = await perform(pair, { type: "tags", dates: [] }, more);
  assert.deepEqual([tags, dates.length], [undefined, 8]);
  const rest = await perform(pair, { type: "tags", dates }, more);
  assert.deepEqual([rest.tags?.length, rest.dates], [9, [["9", null]]]);
});
