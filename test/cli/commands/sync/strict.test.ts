/** `crossdock sync --strict`, and what `--status` prints of incomplete and surplus tags. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReferrerState } from "../../../../src/copy/model.ts";
import type { RuleReport, RuleStatus } from "../../../../src/sync/model.ts";
import type { RuleRunner } from "../../../../src/sync/run_rules.ts";
import { digest, report } from "../../samples.ts";
import {
  BOTH,
  FAILED,
  ruleReport,
  runnerOf,
  statusOf,
  sync,
  tagReport,
} from "../../sync_samples.ts";

const HELD_BACK = {
  pruned: [{ destination: "localhost:5001/base:0", result: "held-back" as const }],
};
const MISSING = tagReport("base", "9", { result: "missing" });

const LACKING: ReferrerState = {
  kinds: [{ kind: "signature", expected: 3, missing: 1, unavailable: 1 }],
};
const LACKS =
  /^error: base: localhost:5001\/base:1: lacks 1 of 3 signatures \(1 not found at the source\)$/m;

const strict: [name: string, base: RuleReport, exitCode: number, error: RegExp | undefined][] = [
  [
    "a named tag is missing",
    ruleReport("base", [MISSING]),
    4,
    /^error: base: the source does not have localhost:5000\/base:9$/m,
  ],
  [
    "a rule matches nothing",
    ruleReport("base", []),
    4,
    /^error: base: no tag of its source matches$/m,
  ],
  [
    "prune.maxShare holds back",
    ruleReport("base", [tagReport("base", "1")], HELD_BACK),
    6,
    /^error: base: prune\.maxShare held back localhost:5001\/base:0$/m,
  ],
  ["both", ruleReport("base", [MISSING], HELD_BACK), 4, /held back/],
  [
    "a signature of an unchanged image did not arrive",
    ruleReport("base", [tagReport("base", "1", { result: "unchanged", referrerState: LACKING })]),
    12,
    LACKS,
  ],
  [
    "a signature of a copied image did not arrive",
    ruleReport("base", [
      tagReport("base", "1", { report: { ...report, referrerState: LACKING } }),
    ]),
    12,
    LACKS,
  ],
  [
    "the source did not list all referrers",
    ruleReport("base", [
      tagReport("base", "1", { referrerState: { kinds: [], isPartial: true } }),
    ]),
    12,
    /^error: base: localhost:5001\/base:1: the source did not list all referrers$/m,
  ],
  [
    "a tag failed as well",
    ruleReport("base", [MISSING, tagReport("base", "1", FAILED)], { result: "some-failed" }),
    13,
    /does not have/,
  ],
  ["nothing is wrong", ruleReport("base", [tagReport("base", "1")]), 0, undefined],
];
for (const [name, base, exitCode, error] of strict) {
  test(`crossdock sync --strict ends with ${exitCode} if ${name}`, async () => {
    const runner = runnerOf({ ...BOTH, base });
    const run = await sync({ runner }, "--strict");
    assert.equal(run.exitCode, exitCode);
    if (error) assert.match(run.stderr, error);
    else assert.equal(run.stderr, "");
    const lenient = await sync({ runner });
    assert.equal(lenient.exitCode, exitCode === 13 ? 13 : 0);
    assert.doesNotMatch(lenient.stderr, /^error: /m);
  });
}

test("crossdock sync names the rules that select nothing, and the tags that prune holds back", async () => {
  const base = ruleReport("base", [], HELD_BACK);
  const { stdout } = await sync({ runner: runnerOf({ ...BOTH, base }) });
  assert.match(stdout, /^held-back {5}localhost:5001\/base:0$/m);
  assert.match(stdout, /^no tags {7}base$/m);
  assert.match(stdout, /1 held-back$/m);
});

test("crossdock sync --status shows the referrers that an image lacks", async () => {
  const tag = { source: "localhost:5000/base:1", destination: "localhost:5001/base:1" };
  const runner = statusOf({
    base: [{ ...tag, state: "incomplete", digest: digest("a"), referrerState: LACKING }],
  });
  const shown = await sync({ runner }, "--status");
  assert.equal(shown.exitCode, 12);
  assert.match(
    shown.stdout,
    /^incomplete {4}localhost:5000\/base:1 -> localhost:5001\/base:1 {2}sha256:a{12}, lacks 1 of 3 signatures \(/m,
  );
  assert.match(shown.stdout, /^tags {10}1 incomplete$/m);
  const strictly = await sync({ runner }, "--status", "--strict");
  assert.match(strictly.stderr, LACKS);
});

test("crossdock sync --status --strict ends with 4 or 6, and shows surplus tags", async () => {
  const tag = { source: "a/b:1", destination: "c/d:1" };
  const statusWith = (more: Partial<RuleStatus>): Pick<RuleRunner, "status"> => ({
    status: ({ name }) =>
      Promise.resolve({
        rule: name,
        state: "in-step",
        tags: [{ ...tag, state: "in-step" }],
        requests: { source: 1, destination: 1 },
        ...more,
      }),
  });
  const held = { runner: statusWith(HELD_BACK) };
  const shown = await sync(held, "--status");
  assert.equal(shown.exitCode, 0);
  assert.match(shown.stdout, /^held-back {5}localhost:5001\/base:0$/m);
  assert.match(shown.stdout, /^tags {10}2 in-step, 2 held-back$/m);
  assert.equal((await sync(held, "--status", "--strict")).exitCode, 6);
  const missing = { runner: statusWith({ tags: [{ ...tag, state: "not-found" }] }) };
  assert.equal((await sync(missing, "--status", "--strict")).exitCode, 4);
  assert.equal((await sync(missing, "--status")).exitCode, 0);
});
