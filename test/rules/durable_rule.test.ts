import assert from "node:assert/strict";
import { test } from "node:test";
import type { DurableSteps } from "../../src/durable/steps.ts";
import { runDurableRule } from "../../src/rules/durable_rule.ts";
import { RequestError } from "../../src/problem.ts";
import type { PageOutcome, RuleStep } from "../../src/rules/rule_step.ts";

/** Tags, dates, or counts of what came of images. */
function tell(part: object): string {
  return Array.isArray(part) ? part.join() : JSON.stringify(part);
}

type Answer = (step: RuleStep) => unknown;

/** Steps that are kept by name, on a server that answers what `answer` says; what it throws is a problem. */
function fakeSteps(answer: Answer): { steps: DurableSteps; asked: string[] } {
  const kept = new Map<string, unknown>();
  const asked: string[] = [];
  const slept = new Set<string>();
  let now = 0;
  const steps: DurableSteps = {
    async run<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
      assert.ok(name.length <= 256, name);
      if (!kept.has(name)) kept.set(name, await work());
      return kept.get(name) as Value;
    },
    post(path, body): Promise<Response> {
      assert.equal(path, "/internal/rule-steps");
      const { rule: _, ...step } = body as RuleStep;
      asked.push(
        Object.values(step).map((part) => typeof part === "string" ? part : tell(part))
          .filter((part) => part !== "").join(" "),
      );
      try {
        return Promise.resolve(Response.json(answer(body as RuleStep)));
      } catch (error) {
        assert.ok(error instanceof RequestError);
        const headers = { "content-type": "application/problem+json" };
        const { problem } = error;
        return Promise.resolve(
          new Response(JSON.stringify(problem), { status: problem.status, headers }),
        );
      }
    },
    sleepUntil(name, at): Promise<void> {
      if (!slept.has(name)) now = Math.max(now, at);
      slept.add(name);
      return Promise.resolve();
    },
    now: () => now,
  };
  return { steps, asked };
}

const REPOSITORIES = ["r.example/a", "r.example/b"];

/** Two repositories of three tags, all in step. */
function answerInStep(step: RuleStep): unknown {
  switch (step.type) {
    case "repositories":
      return { repositories: REPOSITORIES };
    case "tags":
      return { tags: ["1", "2", "3"] };
    case "page":
      return { counts: { unchanged: step.tags.length }, failures: [] } satisfies PageOutcome;
    case "image":
      return { counts: { started: 1 }, failures: [] } satisfies PageOutcome;
    case "prune":
      return { deleted: 1, failed: 0 };
  }
}

const RUN = { rule: "all", type: "registry", prunes: false } as const;
const PAGES = { pageSize: 2 };

test("runDurableRule() lists, and compares page by page", async () => {
  const { steps, asked } = fakeSteps(answerInStep);
  const report = await runDurableRule(RUN, steps, PAGES);
  assert.deepEqual(asked, [
    "repositories",
    "tags r.example/a",
    "page r.example/a 1,2",
    "page r.example/a 3",
    "tags r.example/b",
    "page r.example/b 1,2",
    "page r.example/b 3",
  ]);
  assert.deepEqual(report.counts, { unchanged: 6 });
});

test("runDurableRule() asks nothing again that was kept", async () => {
  const { steps, asked } = fakeSteps(answerInStep);
  const first = await runDurableRule(RUN, steps, PAGES);
  const count = asked.length;
  assert.deepEqual(await runDurableRule(RUN, steps, PAGES), first);
  assert.equal(asked.length, count);
});

test("runDurableRule() prunes where the rule says so, and not for an event", async () => {
  const { steps, asked } = fakeSteps(answerInStep);
  const { pruned } = await runDurableRule({ ...RUN, prunes: true }, steps, PAGES);
  assert.deepEqual(pruned, { deleted: 2, failed: 0 });
  assert.equal(asked.filter((step) => step.startsWith("prune")).length, 2);
  const other = fakeSteps(answerInStep);
  const only = { repository: "r.example/a" };
  await runDurableRule({ ...RUN, prunes: true, only }, other.steps, PAGES);
  assert.equal(other.asked[0], "repositories r.example/a");
  assert.equal(other.asked.filter((step) => step.startsWith("prune")).length, 0);
});

test("runDurableRule() tells prune what the images of that repository came to", async () => {
  const { steps, asked } = fakeSteps((step) =>
    step.type === "page" && step.repository === "r.example/a"
      ? { counts: step.tags.length === 2 ? { missing: 2 } : { failed: 1 }, failures: [] }
      : answerInStep(step)
  );
  await runDurableRule({ ...RUN, prunes: true }, steps, PAGES);
  assert.deepEqual(asked.filter((step) => step.startsWith("prune")), [
    'prune r.example/a {"missing":2,"failed":1}',
    'prune r.example/b {"unchanged":3}',
  ]);
});

test("runDurableRule() prunes nothing of a repository with a page that failed", async () => {
  const { steps, asked } = fakeSteps((step) => {
    if (step.type === "page" && step.tags.includes("3") && step.repository === "r.example/a") {
      throw new RequestError("internal", "it broke");
    }
    return answerInStep(step);
  });
  await runDurableRule({ ...RUN, prunes: true }, steps, PAGES);
  assert.deepEqual(asked.filter((step) => step.startsWith("prune")), [
    'prune r.example/b {"unchanged":3}',
  ]);
});

test("runDurableRule() lists part by part where the rule needs dates", async () => {
  const { steps, asked } = fakeSteps((step) => {
    if (step.type !== "tags") return answerInStep(step);
    const { length } = step.dates;
    if (length === 2) return { tags: ["1"] };
    return { dates: [[`${length + 1}`, length === 0 ? 5 : null]] };
  });
  await runDurableRule({ ...RUN, prunes: true }, steps, PAGES);
  assert.deepEqual(asked.filter((step) => step.includes("r.example/a")), [
    "tags r.example/a",
    "tags r.example/a 1,5",
    "tags r.example/a 1,5,2,",
    "page r.example/a 1",
    'prune r.example/a 1,5,2, {"unchanged":1}',
  ]);
});

test("runDurableRule() counts a repository that cannot be listed, and goes on after it", async () => {
  const { steps, asked } = fakeSteps((step) => {
    if (step.type === "tags" && step.repository === "r.example/a") {
      throw new RequestError("not_found", "r.example/a is not there");
    }
    return answerInStep(step);
  });
  const report = await runDurableRule(RUN, steps, PAGES);
  assert.deepEqual(report.counts, { failed: 1, unchanged: 3 });
  assert.deepEqual(report.failures, [{
    source: "r.example/a",
    error: { code: "not_found", message: "r.example/a is not there" },
  }]);
  assert.equal(asked.at(-1), "page r.example/b 3");
});

const HOUR_MS = 60 * 60 * 1000;

test("runDurableRule() waits where a rate limit puts off a page, and goes on with that", async () => {
  let pages = 0;
  const { steps, asked } = fakeSteps((step) => {
    if (step.type !== "page") return answerInStep(step);
    pages += 1;
    const isPutOff = pages === 2 || pages === 3;
    return isPutOff
      ? { counts: { "put-off": 1 }, failures: [], putOffUntil: steps.now() + HOUR_MS }
      : answerInStep(step);
  });
  const report = await runDurableRule(RUN, steps, PAGES);
  assert.deepEqual(report.counts, { unchanged: 6 });
  assert.equal(report.putOffUntil, undefined);
  assert.equal(steps.now(), 2 * HOUR_MS);
  assert.deepEqual(asked.slice(2, 7), [
    "page r.example/a 1,2",
    "page r.example/a 3",
    "page r.example/a 3",
    "page r.example/a 3",
    "tags r.example/b",
  ]);
  const count = asked.length;
  assert.deepEqual(await runDurableRule(RUN, steps, PAGES), report);
  assert.equal(asked.length, count);
});

for (const [putOffMs, asks] of [[HOUR_MS, 26], [30 * HOUR_MS, 2], [1, 201]] as const) {
  test(`runDurableRule() gives up a page that is put off by ${putOffMs} ms for ever, and prunes nothing then`, async () => {
    const { steps, asked } = fakeSteps((step) =>
      step.type === "page"
        ? { counts: { "put-off": 2 }, failures: [], putOffUntil: steps.now() + putOffMs }
        : answerInStep(step)
    );
    const report = await runDurableRule({ ...RUN, prunes: true }, steps, PAGES);
    assert.equal(report.putOffUntil, steps.now() + putOffMs);
    assert.deepEqual(report.counts, { "put-off": 2 });
    const pages = Array.from({ length: asks }, () => "page r.example/a 1,2");
    assert.deepEqual(asked, ["repositories", "tags r.example/a", ...pages]);
  });
}

test("runDurableRule() begins when it is to", async () => {
  const { steps } = fakeSteps(answerInStep);
  await runDurableRule({ ...RUN, after: HOUR_MS }, steps, PAGES);
  assert.equal(steps.now(), HOUR_MS);
});

test("runDurableRule() hands what it has started to each further page", async () => {
  const { steps, asked } = fakeSteps((step) =>
    step.type === "page"
      ? { counts: { started: 1 }, failures: [], started: (step.started ?? 0) + 3 }
      : answerInStep(step)
  );
  await runDurableRule(RUN, steps, PAGES);
  assert.deepEqual(asked.filter((step) => step.startsWith("page")), [
    "page r.example/a 1,2",
    "page r.example/a 3 3",
    "page r.example/b 1,2 6",
    "page r.example/b 3 9",
  ]);
});

test("runDurableRule() of an image is one step", async () => {
  const { steps, asked } = fakeSteps(answerInStep);
  const report = await runDurableRule({ ...RUN, type: "image" }, steps);
  assert.deepEqual([asked, report.counts], [["image"], { started: 1 }]);
});
