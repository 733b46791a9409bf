import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan, Stage } from "../../src/copy/model.ts";
import type { Step } from "../../src/copy/step.ts";
import { CopyFailure } from "../../src/durable/copy_failure.ts";
import { runDurableCopy } from "../../src/durable/durable_copy.ts";
import type { DurableSteps } from "../../src/durable/steps.ts";
import { RequestError } from "../../src/problem.ts";

const REQUEST = { source: "r.example/app:1", destination: "m.example/app:1" };
const ROOT = describe(999);

function describe(i: number): { mediaType: string; digest: `sha256:${string}`; size: number } {
  return { mediaType: "application/octet-stream", digest: `sha256:${hex(i)}`, size: 100 };
}

function hex(i: number): string {
  return i.toString(16).padStart(64, "0");
}

function blob(i: number): Step {
  return {
    type: "blob",
    source: "r.example/app",
    destination: "m.example/app",
    descriptor: describe(i),
    mountFrom: [],
    eager: false,
    verify: "auto",
  };
}

const TAG: Step = {
  type: "manifest",
  source: "r.example/app",
  destination: "m.example/app",
  descriptor: ROOT,
  tag: "1",
};

function planOf(...stages: Stage[]): Plan {
  return {
    source: `r.example/app:1@${ROOT.digest}`,
    destination: `m.example/app:1@${ROOT.digest}`,
    root: ROOT,
    result: "copied",
    stages,
    foreign: [],
    warnings: [],
  };
}

function planOfBlobs(count: number): Plan {
  const steps = Array.from({ length: count }, (_, i) => blob(i));
  return planOf({ name: "blobs", steps }, { name: "tag", steps: [TAG] });
}

interface FakeSteps extends DurableSteps {
  /** Names of the work that was done, in the order in which it began. */
  readonly begun: string[];
  /** What was asked of the server. */
  readonly asked: { path: string; body: unknown }[];
  /** The most that went on at once. */
  readonly most: number;
}

/** Keeps what work gave in `kept`, as JSON, and answers requests with the plan or an outcome, or by `answer`. */
function fakeSteps(
  plan: Plan,
  options: {
    kept?: Map<string, string>;
    answer?: (step: Step, signal?: AbortSignal) => Response | Promise<Response> | undefined;
  } = {},
): FakeSteps {
  const { kept = new Map<string, string>(), answer } = options;
  const begun: string[] = [];
  const asked: FakeSteps["asked"] = [];
  let now = 1000;
  let running = 0;
  let most = 0;
  return {
    begun,
    asked,
    get most(): number {
      return most;
    },
    async run<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
      const known = kept.get(name);
      if (known !== undefined) return JSON.parse(known);
      begun.push(name);
      most = Math.max(most, ++running);
      try {
        const text = JSON.stringify(await work());
        kept.set(name, text);
        return JSON.parse(text);
      } finally {
        running--;
      }
    },
    async post(path, body, signal): Promise<Response> {
      asked.push({ path, body });
      await Promise.resolve();
      if (path.startsWith("/v1/plans")) return Response.json(plan);
      const step = body as Step;
      const requests = { source: 1, destination: 2 };
      return await answer?.(step, signal) ?? Response.json(
        step.type === "blob"
          ? { type: "blob", state: "streamed", bytes: step.descriptor.size, requests }
          : { type: "manifest", state: "put", requests },
      );
    },
    sleepUntil: () => Promise.resolve(),
    now: () => now++,
  };
}

function refuse(code: "denied" | "rate_limited"): Response {
  const { problem } = new RequestError(code, "no", { hint: "ask" });
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { "content-type": "application/problem+json" },
  });
}

/** Answers the first tries of a manifest step as a destination does that lacks blobs. */
function lacking(digests: readonly string[], tries = 1): (step: Step) => Response | undefined {
  let left = tries;
  return (step) => {
    if (step.type !== "manifest" || left-- <= 0) return undefined;
    const { problem } = new RequestError("registry", "lacks a blob");
    return new Response(JSON.stringify({ ...problem, side: "destination", missing: digests }), {
      status: problem.status,
      headers: { "content-type": "application/problem+json" },
    });
  };
}

test("runDurableCopy() sends the blobs again that a manifest lacks, and stores it", async () => {
  const kept = new Map<string, string>();
  const steps = fakeSteps(planOfBlobs(3), { kept, answer: lacking([describe(1).digest]) });
  const report = await runDurableCopy(REQUEST, steps, { parallelSteps: 2 });
  assert.deepEqual(steps.asked.slice(4).map(({ body }) => body), [
    TAG,
    { ...blob(1), resend: true },
    TAG,
  ]);
  assert.equal(new Set(steps.begun).size, steps.begun.length);
  assert.deepEqual(report.requests, { source: 5, destination: 10 });
  assert.equal(report.blobs.streamed, 3);
  const resumed = fakeSteps(planOfBlobs(3), { kept });
  const again = await runDurableCopy(REQUEST, resumed, { parallelSteps: 2 });
  assert.deepEqual(resumed.asked, []);
  assert.deepEqual(again.requests, report.requests);
});

test("runDurableCopy() sends no more lost content again than a Workflow has steps for", async () => {
  const all = Array.from({ length: 200 }, (_, i) => describe(i).digest);
  const steps = fakeSteps(planOfBlobs(200), { answer: lacking(all) });
  await assert.rejects(
    runDurableCopy(REQUEST, steps, { parallelSteps: 1 }),
    (error: CopyFailure) => {
      assert.equal(error.problem.code, "limit");
      assert.match(error.problem.hint ?? "", /recheck/);
      return true;
    },
  );
  assert.equal(steps.begun.filter((name) => name.includes(" again ")).length, 100);
});

test("runDurableCopy() sends single blobs of a batch again", async () => {
  const steps = fakeSteps(planOfBlobs(25), {
    answer: lacking([describe(7).digest, describe(8).digest]),
  });
  const limits = { maxDurableSteps: 10, maxBatchSize: 5 };
  await runDurableCopy(REQUEST, steps, { parallelSteps: 1, ...limits });
  assert.deepEqual(steps.asked.slice(1 + 26).map(({ body }) => body), [
    { ...blob(7), resend: true },
    { ...blob(8), resend: true },
    TAG,
  ]);
  assert.equal(new Set(steps.begun).size, steps.begun.length);
});

test("runDurableCopy() fails if a manifest lacks the same blob again, and names it", async () => {
  const missing = [describe(1).digest];
  const steps = fakeSteps(planOfBlobs(2), { answer: lacking(missing, 99) });
  const error = await runDurableCopy(REQUEST, steps, { parallelSteps: 1 }).catch((error) => error);
  assert.ok(error instanceof CopyFailure);
  const { code, hint, side, step } = error.problem;
  assert.deepEqual({ code, hint, side, step, missing: error.problem.missing }, {
    code: "registry",
    hint: 'if the registry lost content, copy again with "recheck": true',
    side: "destination",
    step: TAG,
    missing,
  });
  assert.deepEqual(steps.asked.slice(3).map(({ body }) => body), [
    TAG,
    { ...blob(1), resend: true },
    TAG,
  ]);
});

test("runDurableCopy() fails if a manifest lacks content that the plan does not have", async () => {
  const steps = fakeSteps(planOfBlobs(1), { answer: lacking([describe(77).digest]) });
  await assert.rejects(runDurableCopy(REQUEST, steps, { parallelSteps: 1 }), CopyFailure);
  assert.deepEqual(steps.asked.at(-1)?.body, TAG);
  assert.equal(steps.asked.length, 3);
});

test("runDurableCopy() aborts the steps beside one that failed", async () => {
  let isAborted = false;
  const steps = fakeSteps(planOfBlobs(2), {
    answer: (step, signal) => {
      if (step.type !== "blob") return undefined;
      if (step.descriptor.digest === describe(0).digest) return refuse("denied");
      return new Promise((_, reject) =>
        signal?.addEventListener("abort", () => {
          isAborted = true;
          reject(signal.reason);
        })
      );
    },
  });
  const error = await runDurableCopy(REQUEST, steps, { parallelSteps: 2 }).catch((error) => error);
  assert.ok(error instanceof CopyFailure);
  assert.deepEqual(error.problem.step, blob(0));
  assert.ok(isAborted);
});

test("runDurableCopy() plans once, performs each step by its own request, and reports", async () => {
  const steps = fakeSteps(planOfBlobs(3));
  const report = await runDurableCopy(REQUEST, steps, { parallelSteps: 2 });
  assert.deepEqual(steps.asked.map(({ path }) => path), [
    "/v1/plans?survey=false&manifests=true",
    ...Array(4).fill("/v1/steps"),
  ]);
  assert.deepEqual(steps.asked[0]?.body, REQUEST);
  assert.deepEqual(steps.asked.at(-1)?.body, TAG);
  assert.deepEqual(report.requests, { source: 4, destination: 8 });
  assert.equal(report.blobs.streamed, 3);
  assert.equal(report.bytesStreamed, 300);
  assert.equal(report.manifests, 1);
  assert.ok(report.durationMs > 0);
});

test("runDurableCopy() goes no wider than it may", async () => {
  const steps = fakeSteps(planOfBlobs(9));
  await runDurableCopy(REQUEST, steps, { parallelSteps: 3 });
  assert.equal(steps.most, 3);
});

test("runDurableCopy() begins a stage when the one before has ended", async () => {
  const steps = fakeSteps(planOf(
    { name: "blobs", steps: [blob(1), blob(2)] },
    { name: "manifests", steps: [{ ...TAG, tag: "a" }] },
    { name: "manifests", steps: [{ ...TAG, tag: "b" }] },
    { name: "tag", steps: [TAG] },
  ));
  await runDurableCopy(REQUEST, steps, { parallelSteps: 8 });
  assert.deepEqual(steps.begun.map((name) => name.split(" ")[0]), [
    "plan",
    "1.1",
    "1.2",
    "2.1",
    "3.1",
    "4.1",
  ]);
});

test("runDurableCopy() gives no two steps the same name, also where their digests are", async () => {
  const steps = fakeSteps(planOf(
    { name: "manifests", steps: [TAG] },
    { name: "referrers", steps: [{ ...TAG, tag: "x" }, { ...TAG, tag: "y" }] },
    { name: "tag", steps: [TAG] },
  ));
  await runDurableCopy(REQUEST, steps, { parallelSteps: 1 });
  assert.equal(new Set(steps.begun).size, 5);
});

test("runDurableCopy() does nothing again that is kept", async () => {
  const kept = new Map<string, string>();
  const cut = fakeSteps(planOfBlobs(4), {
    kept,
    answer: (step) =>
      step.type === "blob" && step.descriptor.digest.endsWith("3") ? refuse("denied") : undefined,
  });
  await assert.rejects(runDurableCopy(REQUEST, cut, { parallelSteps: 1 }), CopyFailure);
  const again = fakeSteps(planOfBlobs(4), { kept });
  const report = await runDurableCopy(REQUEST, again, { parallelSteps: 1 });
  assert.deepEqual(again.asked.map(({ body }) => body), [blob(3), TAG]);
  assert.equal(report.blobs.streamed, 4);
});

test("runDurableCopy() fails with the server's problem and the step, and begins no further stage", async () => {
  const steps = fakeSteps(planOfBlobs(2), {
    answer: (step) => step.type === "blob" ? refuse("rate_limited") : undefined,
  });
  const error = await runDurableCopy(REQUEST, steps, { parallelSteps: 1 }).catch((error) => error);
  assert.ok(error instanceof CopyFailure);
  const { code, hint, step } = error.problem;
  assert.deepEqual({ code, hint, step }, { code: "rate_limited", hint: "ask", step: blob(0) });
  assert.equal(steps.begun.length, 2);
});

test("runDurableCopy() names the step also where something else than the server answers", async () => {
  const steps = fakeSteps(planOfBlobs(1), {
    answer: () => new Response("error code: 1102", { status: 503 }),
  });
  const error = await runDurableCopy(REQUEST, steps, { parallelSteps: 1 }).catch((error) => error);
  assert.ok(error instanceof CopyFailure);
  assert.equal(error.problem.code, "aborted");
  assert.match(error.problem.detail, /503 error code: 1102/);
  assert.deepEqual(error.problem.step, blob(0));
});

test("runDurableCopy() names the step also where nothing answers", async () => {
  const steps = fakeSteps(planOfBlobs(1), {
    answer: () => {
      throw new Error("Too many subrequests.");
    },
  });
  const error = await runDurableCopy(REQUEST, steps, { parallelSteps: 1 }).catch((error) => error);
  assert.ok(error instanceof CopyFailure);
  assert.match(error.message, /Too many subrequests/);
  assert.deepEqual(error.problem.step, blob(0));
});

test("runDurableCopy() keeps steps together that are more than there is room for", async () => {
  const steps = fakeSteps(planOfBlobs(25));
  const limits = { maxDurableSteps: 10, maxBatchSize: 5 };
  const report = await runDurableCopy(REQUEST, steps, { parallelSteps: 2, ...limits });
  assert.ok(steps.begun.length <= 10, `${steps.begun.length}`);
  assert.equal(steps.asked.length, 1 + 25 + 1);
  assert.equal(report.blobs.streamed, 25);
  assert.deepEqual(report.requests, { source: 26, destination: 52 });
});

test("runDurableCopy() keeps each step alone as long as there is room", async () => {
  const steps = fakeSteps(planOfBlobs(8));
  await runDurableCopy(REQUEST, steps, { parallelSteps: 1, maxDurableSteps: 10 });
  assert.equal(steps.begun.length, 10);
});

test("runDurableCopy() rejects a plan that is too large, before it writes anything", async () => {
  const steps = fakeSteps(planOfBlobs(60));
  const limits = { maxDurableSteps: 10, maxBatchSize: 5 };
  const copy = runDurableCopy(REQUEST, steps, { parallelSteps: 1, ...limits });
  const error = await copy.catch((error) => error);
  assert.ok(error instanceof CopyFailure);
  assert.equal(error.problem.code, "limit");
  assert.match(error.message, /61 steps/);
  assert.equal(steps.asked.length, 1);
});
