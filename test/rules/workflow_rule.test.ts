import assert from "node:assert/strict";
import { test } from "node:test";
import type { DurableSteps } from "../../src/durable/steps.ts";
import { runCopyOfCaller, runWorkflowRule } from "../../src/rules/workflow_rule.ts";
import type {
  DurableRuleReport,
  DurableRuleRun,
  WorkflowRuleOptions,
} from "../../src/rules/workflow_rule.ts";
import type { RunEnd, StartedRun } from "../../src/history/run_record.ts";
import { CopyFailure } from "../../src/durable/copy_failure.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { RequestError } from "../../src/problem.ts";
import type { TagReport } from "../../src/sync/model.ts";
import type { ResultOf, RuleStep, RuleStepResults } from "../../src/sync/rule_steps.ts";
import { ruleOf } from "../sync/setup.ts";

type Answer = (step: RuleStep) => ResultOf<RuleStep>;

/** Everything of a step but its type, as short text. */
function show({ type, ...parts }: RuleStep): string {
  const texts = Object.entries(parts)
    .filter(([key]) => !["mayBeMissing", "tooFresh"].includes(key))
    .map(([, value]) => Array.isArray(value) ? value.join() : `${value}`)
    .filter((text) => text !== "" && text !== "0");
  return [type, ...texts].join(" ");
}

/** Steps whose results are stored by name, on a server that answers as `answer` does; an error that it throws is a problem. */
function fakeSteps(answer: Answer): { steps: DurableSteps; asked: string[] } {
  const stored = new Map<string, string>();
  const asked: string[] = [];
  const slept = new Set<string>();
  let now = 0;
  const steps: DurableSteps = {
    async run<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
      assert.ok(name.length <= 256, name);
      if (!stored.has(name)) stored.set(name, JSON.stringify(await work()));
      return JSON.parse(stored.get(name) ?? "");
    },
    post(path, body): Promise<Response> {
      assert.equal(path, "/internal/rule-steps");
      const { rule, step } = body as { rule: string; step: RuleStep };
      assert.equal(rule, "all");
      asked.push(show(step));
      try {
        const requests = { source: 1, destination: 1 };
        return Promise.resolve(Response.json({ result: answer(step), requests }));
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

const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);
const REGISTRY = "{name: all, type: registry, source: r.example, target: m.example}";
const PRUNING = "{name: all, type: registry, source: r.example, target: m.example, prune: {}}";

async function run(
  steps: DurableSteps,
  { entry = REGISTRY, history, ...params }:
    & Partial<DurableRuleRun>
    & Pick<WorkflowRuleOptions, "history">
    & { entry?: string } = {},
): Promise<DurableRuleReport> {
  return await runWorkflowRule({ rule: "all", ...params }, steps, {
    rules: [ruleOf(entry)],
    log: () => {},
    pageSize: 2,
    ...(history ? { history } : {}),
  });
}

type ImagesStep = Extract<RuleStep, { type: "images" }>;

/** The result of a page whose images all ended so. */
function imagesResult(
  { repository, tags, startedPulls }: ImagesStep,
  result: TagReport["result"] = "unchanged",
): RuleStepResults["images"] {
  const target = repository.replace("r.example", "m.example");
  const reports = tags.map((tag): TagReport => ({
    source: `${repository}:${tag}`,
    destination: `${target}:${tag}`,
    result,
  }));
  return { tags: reports, startedPulls, warnings: [] };
}

/** Two repositories of three tags, all in step. */
function answerInStep(step: RuleStep): ResultOf<RuleStep> {
  switch (step.type) {
    case "repositories":
      return { repositories: ["r.example/a", "r.example/b"] };
    case "tags":
      return { tags: ["1", "2", "3"], isListed: true };
    case "images":
      return imagesResult(step);
    case "remember":
      return { warnings: [] };
    case "names":
      return { tags: ["1", "2", "3"] };
    case "search":
      return { found: [], indexes: [] };
    case "prune":
      return {
        pruned: [{ destination: `${step.repository}:old`, result: "deleted" }],
        warnings: [],
      };
  }
}

const POSTPONED_ERROR = { code: "rate_limited", message: "too many pulls" } as const;

function postponedResult(step: ImagesStep, until: number): RuleStepResults["images"] {
  const { tags } = step;
  return {
    ...imagesResult(step, "postponed"),
    postponed: { until, error: POSTPONED_ERROR, tags },
  };
}

test("runWorkflowRule() lists, and compares page by page", async () => {
  const { steps, asked } = fakeSteps(answerInStep);
  const report = await run(steps);
  assert.deepEqual(asked, [
    "repositories",
    "tags r.example/a",
    "images r.example/a 1,2",
    "images r.example/a 3",
    "tags r.example/b",
    "images r.example/b 1,2",
    "images r.example/b 3",
  ]);
  assert.deepEqual(report.counts, { unchanged: 6 });
});

test("runWorkflowRule() repeats no step whose result is stored", async () => {
  const { steps, asked } = fakeSteps(answerInStep);
  const first = await run(steps, { entry: PRUNING });
  const count = asked.length;
  assert.deepEqual(await run(steps, { entry: PRUNING }), first);
  assert.equal(asked.length, count);
});

test("runWorkflowRule() counts the tags that maxShare held back", async () => {
  const { steps } = fakeSteps((step) => {
    if (step.type !== "prune") return answerInStep(step);
    const destination = `${step.repository}:old`;
    return { pruned: [{ destination, result: "held-back" as const }], warnings: [] };
  });
  const { pruned } = await run(steps, { entry: PRUNING });
  assert.deepEqual(pruned, { deleted: 0, failed: 0, heldBack: 2 });
});

test("runWorkflowRule() prunes if the rule has prune, and not for an event", async () => {
  const { steps, asked } = fakeSteps(answerInStep);
  const { pruned } = await run(steps, { entry: PRUNING });
  assert.deepEqual(pruned, { deleted: 2, failed: 0, heldBack: 0 });
  assert.deepEqual(asked.filter((step) => step.startsWith("prune")), [
    "prune r.example/a 1,2,3",
    "prune r.example/b 1,2,3",
  ]);
  const other = fakeSteps(answerInStep);
  await run(other.steps, { entry: PRUNING, only: { repository: "r.example/a" } });
  assert.equal(other.asked[0], "repositories r.example/a");
  assert.equal(other.asked.filter((step) => step.startsWith("prune")).length, 0);
});

for (
  const [what, result] of [["is missing", "missing"], ["failed", "failed"]] as const
) {
  test(`runWorkflowRule() prunes nothing of a repository of which each image ${what}`, async () => {
    const { steps, asked } = fakeSteps((step) =>
      step.type === "images" && step.repository === "r.example/a"
        ? imagesResult(step, result)
        : answerInStep(step)
    );
    await run(steps, { entry: PRUNING });
    assert.deepEqual(asked.filter((step) => step.startsWith("prune")), ["prune r.example/b 1,2,3"]);
  });
}

test("runWorkflowRule() reports a page whose request failed, and continues", async () => {
  const { steps, asked } = fakeSteps((step) => {
    if (step.type === "images" && step.tags.includes("1") && step.repository === "r.example/a") {
      throw new RequestError("internal", "it broke");
    }
    return answerInStep(step);
  });
  const report = await run(steps);
  assert.deepEqual(report.counts, { failed: 2, unchanged: 4 });
  assert.deepEqual(report.failures[0], {
    source: "r.example/a:1",
    destination: "m.example/a:1",
    error: { code: "registry", message: "it broke" },
  });
  assert.equal(asked.at(-1), "images r.example/b 3");
});

test("runWorkflowRule() lists part by part where the rule needs dates", async () => {
  const { steps, asked } = fakeSteps((step) => {
    if (step.type !== "tags") return answerInStep(step);
    const { length } = step.dates;
    if (length === 2) return { tags: ["1"] };
    return { dates: [[`${length + 1}`, length === 0 ? 5 : null]] };
  });
  await run(steps);
  assert.deepEqual(asked.filter((step) => step.includes("r.example/a")), [
    "tags r.example/a",
    "tags r.example/a 1,5",
    "tags r.example/a 1,5,2,",
    "images r.example/a 1",
  ]);
});

test("runWorkflowRule() reports a repository that cannot be listed, and continues", async () => {
  const { steps, asked } = fakeSteps((step) => {
    if (step.type === "tags" && step.repository === "r.example/a") {
      throw new RequestError("not_found", "r.example/a is not there");
    }
    return answerInStep(step);
  });
  const report = await run(steps);
  assert.deepEqual(report.counts, { failed: 1, unchanged: 3 });
  assert.deepEqual(report.failures, [{
    source: "r.example/a",
    destination: "m.example/a",
    error: { code: "not_found", message: "r.example/a is not there" },
  }]);
  assert.equal(asked.at(-1), "images r.example/b 3");
});

const HOUR_MS = 60 * 60 * 1000;

test("runWorkflowRule() waits for a rate limit, and then tries the images that it postponed", async () => {
  let pages = 0;
  const { steps, asked } = fakeSteps((step) => {
    if (step.type !== "images") return answerInStep(step);
    pages += 1;
    const isPostponed = pages === 2 || pages === 3;
    return isPostponed ? postponedResult(step, steps.now() + HOUR_MS) : answerInStep(step);
  });
  const report = await run(steps);
  assert.deepEqual(report.counts, { unchanged: 6 });
  assert.equal(report.postponedUntil, undefined);
  assert.equal(steps.now(), 2 * HOUR_MS);
  assert.deepEqual(asked.slice(2, 7), [
    "images r.example/a 1,2",
    "images r.example/a 3",
    "images r.example/a 3",
    "images r.example/a 3",
    "tags r.example/b",
  ]);
  const count = asked.length;
  assert.deepEqual(await run(steps), report);
  assert.equal(asked.length, count);
});

test("runWorkflowRule() tries only the images of a page that a rate limit postponed", async () => {
  let isFirst = true;
  const { steps, asked } = fakeSteps((step) => {
    if (step.type !== "images" || !isFirst) return answerInStep(step);
    isFirst = false;
    const done = imagesResult({ ...step, tags: ["1"] }, "started").tags;
    const left = { ...step, tags: ["2"] };
    const { tags, ...rest } = postponedResult(left, steps.now() + HOUR_MS);
    return { ...rest, tags: [...done, ...tags] };
  });
  const report = await run(steps);
  assert.deepEqual(report.counts, { started: 1, unchanged: 5 });
  assert.deepEqual(asked.slice(2, 4), ["images r.example/a 1,2", "images r.example/a 2"]);
});

test("runWorkflowRule() waits for a rate limit of a list, too", async () => {
  let isFirst = true;
  const { steps, asked } = fakeSteps((step) => {
    if (step.type !== "tags" || !isFirst) return answerInStep(step);
    isFirst = false;
    return { dates: [["1", 5]], postponed: { until: HOUR_MS, error: POSTPONED_ERROR } };
  });
  const report = await run(steps);
  assert.deepEqual(report.counts, { unchanged: 6 });
  assert.deepEqual(asked.slice(1, 3), ["tags r.example/a", "tags r.example/a 1,5"]);
});

for (const [postponedMs, asks] of [[HOUR_MS, 26], [30 * HOUR_MS, 2], [1, 201]] as const) {
  test(`runWorkflowRule() ends if each try is postponed by ${postponedMs} ms, and prunes nothing`, async () => {
    const { steps, asked } = fakeSteps((step) =>
      step.type === "images" ? postponedResult(step, steps.now() + postponedMs) : answerInStep(step)
    );
    const report = await run(steps, { entry: PRUNING });
    assert.equal(report.postponedUntil, steps.now() + postponedMs);
    // The second repository was not looked at.
    assert.deepEqual(report.counts, { "postponed": 4 });
    const pages = Array.from({ length: asks }, () => "images r.example/a 1,2");
    assert.deepEqual(asked, ["repositories", "tags r.example/a", ...pages]);
  });
}

test("runWorkflowRule() reports a repository as postponed if its list of tags stays rate limited", async () => {
  const { steps } = fakeSteps((step) =>
    step.type === "tags"
      ? { dates: [], postponed: { until: steps.now() + HOUR_MS, error: POSTPONED_ERROR } }
      : answerInStep(step)
  );
  const report = await run(steps);
  assert.deepEqual(report.counts, { postponed: 2 });
  assert.deepEqual(report.failures, []);
  assert.equal(report.postponedUntil, steps.now() + HOUR_MS);
});

test("runWorkflowRule() begins at the time that it is given", async () => {
  const { steps } = fakeSteps(answerInStep);
  await run(steps, { after: HOUR_MS });
  assert.equal(steps.now(), HOUR_MS);
});

test("runWorkflowRule() hands the pulls of started copies to each further page", async () => {
  const { steps, asked } = fakeSteps((step) =>
    step.type === "images"
      ? { ...imagesResult(step, "started"), startedPulls: step.startedPulls + 3 }
      : answerInStep(step)
  );
  await run(steps);
  assert.deepEqual(asked.filter((step) => step.startsWith("images")), [
    "images r.example/a 1,2",
    "images r.example/a 3 3",
    "images r.example/b 1,2 6",
    "images r.example/b 3 9",
  ]);
});

test("runWorkflowRule() of a new referrer runs again until the registry lists it", async () => {
  for (const seen of [1, 2, 3, Infinity]) {
    let images = 0;
    const { steps, asked } = fakeSteps((step) => {
      if (step.type === "repositories") return { repositories: ["r.example/a"] };
      if (step.type === "names") return { tags: ["1", "2"] };
      if (step.type === "search") return { found: ["2"], indexes: [] };
      if (step.type === "tags") return { tags: ["2"], isListed: false };
      assert.equal(step.type, "images");
      return imagesResult(step, ++images < seen ? "unchanged" : "started");
    });
    const subject = { digest: DIGEST, isIndex: false };
    const scope = { only: { repository: "r.example/a", subject } };
    for (const attempt of ["first", "resumed"]) {
      await run(steps, scope);
      assert.equal(images, Math.min(seen, 3), attempt);
    }
    assert.equal(steps.now(), [0, 0, 2000, 12_000][images]);
    assert.equal(asked.filter((step) => step.startsWith("search")).length, 1);
  }
});

test("runWorkflowRule() rejects a rule that is no longer configured", async () => {
  const { steps } = fakeSteps(answerInStep);
  await assert.rejects(run(steps, { rule: "gone" }), { name: "RequestError" });
});

const INSTANCE_ID = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/** A history of Workflows, with the runs that it has. */
function fakeHistory(): NonNullable<WorkflowRuleOptions["history"]> & {
  readonly saved: [StartedRun, RunEnd][];
} {
  const saved: [StartedRun, RunEnd][] = [];
  return {
    saved,
    instanceId: INSTANCE_ID,
    save(run, end): Promise<void> {
      saved.push([run, end]);
      return Promise.resolve();
    },
  };
}

test("runWorkflowRule() records the run once, although it is resumed", async () => {
  const { steps } = fakeSteps(answerInStep);
  const history = fakeHistory();
  await run(steps, { history });
  await run(steps, { history });
  assert.equal(history.saved.length, 1);
  const [[started, end] = []] = history.saved;
  assert.equal(started?.id.slice(-8), INSTANCE_ID.slice(0, 8));
  assert.deepEqual([started?.by, started?.rule], ["workflow", "all"]);
  assert.deepEqual(started?.request, { rules: ["all"], only: undefined, missing: undefined });
  assert.ok(end && "report" in end && "tags" in end.report && end.report.tags.length === 6);
});

test("runWorkflowRule() records the webhook that started a run of one repository", async () => {
  const { steps } = fakeSteps(answerInStep);
  const history = fakeHistory();
  await run(steps, { history, hook: "quay", only: { repository: "r.example/a" } });
  const [[started] = []] = history.saved;
  assert.deepEqual([started?.by, started?.hook, started?.only], ["hook", "quay", "r.example/a"]);
});

test("runCopyOfCaller() records a copy that failed, and throws its failure", async () => {
  const { steps } = fakeSteps(answerInStep);
  const problem = new RequestError("denied", "not allowed").problem;
  const failing: DurableSteps = {
    ...steps,
    post: () => Promise.reject(new CopyFailure(problem)),
  };
  const history = fakeHistory();
  const request = { source: "r.example/a:1", destination: "m.example/a:1" };
  const copying = { parallelSteps: 1 };
  await assert.rejects(runCopyOfCaller(request, failing, { copying, history }));
  const [[started, end] = []] = history.saved;
  assert.deepEqual([started?.by, started?.source], ["call", "r.example/a:1"]);
  assert.ok(end && "error" in end);
});
