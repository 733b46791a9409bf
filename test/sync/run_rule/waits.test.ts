/** How `runRule()` treats rate limits and failed steps, on steps that answer what each test says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleReport, SyncEvent, TagReport } from "../../../src/sync/model.ts";
import type {
  ResultOf,
  RuleStep,
  RuleStepResults,
  RuleSteps,
} from "../../../src/sync/rule_steps.ts";
import { runRule } from "../../../src/sync/run_rule.ts";
import type { RunRuleOptions } from "../../../src/sync/run_rule.ts";
import { CrossdockError } from "../../../src/errors.ts";
import { runRuleLocally } from "../../../src/sync/local_rules.ts";
import { startPair } from "../../support/pair.ts";
import { putImage } from "../../support/image.ts";
import { NOW, ruleOf } from "../setup.ts";

const RULE = "{type: repository, source: r.example/app, target: m.example/app, prune: {}}";
const LIMITED = { code: "rate_limited", message: "too many pulls" } as const;
const BROKEN = new CrossdockError("network", "connection refused");

type Answer = (step: RuleStep, name: string) => ResultOf<RuleStep> | Promise<ResultOf<RuleStep>>;
type ImagesStep = Extract<RuleStep, { type: "images" }>;

function imagesResult(
  { repository, tags }: ImagesStep,
  result: TagReport["result"] = "copied",
): RuleStepResults["images"] {
  const reports = tags.map((tag): TagReport => ({
    source: `${repository}:${tag}`,
    destination: `m.example/app:${tag}`,
    result,
  }));
  return { tags: reports, startedPulls: 0, warnings: [] };
}

function postponedImages(step: ImagesStep, until: number): RuleStepResults["images"] {
  const postponed = { until, error: LIMITED, tags: step.tags };
  return { ...imagesResult(step, "postponed"), postponed };
}

/** Answers each step as if tags 1 and 2 had been copied. */
function copyAll(step: RuleStep): ResultOf<RuleStep> {
  switch (step.type) {
    case "repositories":
      return { repositories: ["r.example/app"] };
    case "tags":
      return { tags: ["1", "2"], isListed: true };
    case "images":
      return imagesResult(step);
    case "remember":
      return { warnings: [] };
    case "names":
    case "search":
      throw new Error(`${step.type} is not expected`);
    case "prune":
      return { pruned: [], warnings: [] };
  }
}

async function run(answer: Answer, options: Partial<RunRuleOptions> = {}): Promise<RuleReport> {
  const steps: RuleSteps = {
    async run<Step extends RuleStep>(name: string, step: Step): Promise<ResultOf<Step>> {
      return await answer(step, name) as ResultOf<Step>;
    },
    requests: () => ({ source: 0, destination: 0 }),
    parallel: 2,
    pageSize: 1,
  };
  return await runRule(ruleOf(RULE), steps, { now: () => NOW, ...options });
}

function resultsOf({ tags }: RuleReport): string[] {
  return tags.map(({ destination, result }) =>
    `${destination.replace("m.example/", "")} ${result}`
  );
}

const waitAlways = (): Promise<boolean> => Promise.resolve(true);

test("runRule() reports an image as failed whose step fails after a rate limit postponed it", async () => {
  const events: SyncEvent[] = [];
  const report = await run((step, name) => {
    if (step.type !== "images" || step.tags[0] !== "1") return copyAll(step);
    if (name.endsWith("attempt 2")) throw BROKEN;
    return postponedImages(step, NOW + 1000);
  }, { waitUntil: waitAlways, emit: (event) => events.push(event) });
  assert.deepEqual(resultsOf(report), ["app:1 failed", "app:2 copied"]);
  assert.equal(report.result, "some-failed");
  const ended = events.filter((event) => event.type === "tag-ended");
  assert.deepEqual(ended.map(({ tag }) => tag.result), ["failed"]);
});

test("runRule() waits for a longer limit that was reported while it waited", async () => {
  const released = Promise.withResolvers<void>();
  const over: number[] = [];
  const copies: number[][] = [];
  const report = await run(async (step, name) => {
    if (step.type !== "images") return copyAll(step);
    if (name.includes("attempt")) {
      copies.push([...over]);
      return imagesResult(step);
    }
    if (step.tags[0] === "1") return postponedImages(step, NOW + 1000);
    // Answered only once the run waits for the first limit.
    await released.promise;
    return postponedImages(step, NOW + 5000);
  }, {
    async waitUntil(time): Promise<boolean> {
      released.resolve();
      // Lets the other step report its limit before this wait is over.
      for (let i = 0; i < 20; i++) await Promise.resolve();
      over.push(time);
      return true;
    },
  });
  assert.deepEqual(resultsOf(report), ["app:1 copied", "app:2 copied"]);
  const both = [NOW + 1000, NOW + 5000];
  assert.deepEqual(copies, [both, both]);
});

test("runRule() reports its images also if the step that prunes fails", async () => {
  const report = await run((step) => {
    if (step.type === "prune") throw BROKEN;
    return copyAll(step);
  });
  assert.deepEqual(resultsOf(report), ["app:1 copied", "app:2 copied", "app failed"]);
});

test("runRule() finds no date twice after a rate limit", async () => {
  const known: number[] = [];
  const report = await run((step) => {
    if (step.type !== "tags") return copyAll(step);
    known.push(step.dates.length);
    switch (known.length) {
      case 1:
        return { dates: [["1", 1]], postponed: { until: NOW + 1000, error: LIMITED } };
      case 2:
        return { dates: [["2", 2]] };
      default:
        return { tags: ["1"], isListed: true, dates: [] };
    }
  }, { waitUntil: waitAlways });
  assert.deepEqual(known, [0, 1, 2]);
  assert.deepEqual(resultsOf(report), ["app:1 copied"]);
});

test("runRule() emits the end of each image once if a rate limit postpones one of its targets", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", seed: 1 });
  const targets = [`${destination.host}/a`, `${destination.host}/b`];
  const rule = ruleOf(
    `{type: repository, source: "${source.host}/app", targets: ${JSON.stringify(targets)}}`,
  );
  const limited = { status: 429, headers: { "retry-after": "7200" } };
  destination.fail({ path: "/v2/b/manifests/1", method: "HEAD", times: 1, action: limited });
  const ended: string[] = [];
  let now = NOW;
  const report = await runRuleLocally(rule, {
    engine,
    rules: [rule],
    now: () => now,
    emit(event): void {
      if (event.type === "tag-ended") ended.push(`${event.tag.destination} ${event.tag.result}`);
    },
    waitUntil(time): Promise<boolean> {
      now = time;
      return Promise.resolve(true);
    },
  });
  const all = targets.map((target) => `${target}:1 copied`);
  assert.deepEqual(report.tags.map((tag) => `${tag.destination} ${tag.result}`), all);
  assert.deepEqual(ended, all);
});
