import assert from "node:assert/strict";
import { test } from "node:test";
import { performRuleStep } from "../../src/server/rule_step.ts";
import type { RuleStepAnswers } from "../../src/server/rule_step.ts";
import type { RuleHost } from "../../src/server/rule_runner.ts";
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

async function prune(
  { source, destination, engine }: Pair,
  counts: Readonly<Record<string, number>>,
): Promise<RuleStepAnswers["prune"]> {
  const repository = `${source.host}/app`;
  const { config } = parse(`
sync:
- name: app
  type: repository
  source: "${repository}"
  target: "${destination.host}/app"
  prune: {maxShare: 1}
  tags: {allow: ['1', '2']}
`);
  const [rule] = config.rules;
  assert.ok(rule);
  return await performRuleStep(
    { type: "prune", rule: "app", repository, counts: { ...counts } },
    rule,
    {
      host: { config: { sync: config } } as unknown as RuleHost,
      engine,
      durable: undefined,
      signal: new AbortController().signal,
      now: NOW,
      warn: () => {},
    },
  ) as RuleStepAnswers["prune"];
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
