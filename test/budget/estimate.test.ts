import assert from "node:assert/strict";
import { test } from "node:test";
import { estimateBudget } from "../../src/budget/estimate.ts";
import type { Budget, BudgetWay } from "../../src/budget/model.ts";
import { PLATFORMS } from "../../src/budget/platforms.ts";
import type { PlatformName } from "../../src/budget/platforms.ts";
import type { Plan } from "../../src/copy/model.ts";
import type { BlobStep, Step } from "../../src/copy/step.ts";
import { blobStep, manifestStep, plan as sample, tagStep } from "../cli/samples.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** A plan that took four requests before its survey. */
function planOf(blobs: readonly BlobStep[], children: readonly Step[] = []): Plan {
  const stream = blobs.filter(({ mountFrom }) => mountFrom.length === 0).length;
  return {
    ...sample,
    stages: [
      { name: "blobs", steps: blobs },
      { name: "manifests", steps: children },
      { name: "tag", steps: [tagStep] },
    ],
    totals: {
      blobs: { stream, mount: blobs.length - stream, present: 0 },
      bytes: { stream: 0, mount: 0, present: 0 },
      manifests: 1 + children.length,
      requests: {
        source: 2 + stream,
        destination: 2 + stream + blobs.length + children.length + 1,
      },
    },
  };
}

function layers(count: number, size: number, more: Partial<BlobStep> = {}): BlobStep[] {
  return Array.from({ length: count }, () => blobStep("a", size, { found: "absent", ...more }));
}

function waysOf({ ways: [inline, durable] }: Budget): {
  readonly inline: BudgetWay;
  readonly durable: BudgetWay;
} {
  assert.ok(inline && durable);
  return { inline, durable };
}

test("estimateBudget() counts requests, steps and invocations of both ways", () => {
  const { inline, durable } = waysOf(estimateBudget(planOf(layers(3, KIB)), "workers-free"));
  // Four for planning without two, three for each blob, one for the tag.
  assert.equal(inline.needs.subrequests.atLeast, 2 + 9 + 1);
  assert.deepEqual(inline.needs.invocations, { atLeast: 1, atMost: 1, limit: 100_000 });
  assert.deepEqual(inline.needs.steps, { atLeast: 0, atMost: 0, limit: 1024 });
  assert.equal(durable.needs.subrequests.atLeast, 1 + 9 + 1);
  assert.deepEqual(durable.needs.invocations, { atLeast: 7, atMost: 7, limit: 100_000 });
  assert.deepEqual(durable.needs.steps, { atLeast: 5, atMost: 5, limit: 1024 });
  assert.deepEqual(durable.needs.workflowCalls, { atLeast: 5, atMost: 5, limit: 50 });
  assert.equal(durable.needs.subrequestsPerInvocation.atLeast, 3);
});

test("estimateBudget() finds too many requests for one request of the free plan", () => {
  const budget = estimateBudget(planOf(layers(30, KIB)), "workers-free");
  const { inline, durable } = waysOf(budget);
  assert.equal(inline.fits, "no");
  assert.ok(inline.exceeds.includes("subrequestsPerInvocation"));
  assert.equal(durable.fits, "yes");
  assert.equal(budget.fits, "yes");
  assert.equal(budget.advice[0], "durable");
});

test("estimateBudget() expects a Workflow of more than 49 steps to wait on the free plan", () => {
  const budget = estimateBudget(planOf(layers(60, KIB)), "workers-free");
  const { durable } = waysOf(budget);
  assert.deepEqual(durable.exceeds, ["workflowCalls"]);
  assert.equal(durable.fits, "perhaps");
  assert.ok(budget.advice.includes("paid-plan"));
});

test("estimateBudget() finds that a large blob needs more CPU than the free plan has", () => {
  const plan = planOf(layers(1, GIB, { verify: "stream" }));
  const budget = estimateBudget(plan, "workers-free");
  assert.equal(budget.fits, "no");
  assert.deepEqual(waysOf(budget).durable.exceeds, ["cpuMsPerInvocation"]);
  assert.deepEqual(budget.advice, ["paid-plan", "verify-destination"]);
});

const CPU: readonly [BlobStep["verify"], atLeast: number, atMost: number][] = [
  ["stream", 601, 2008],
  ["destination", 1, 1008],
  // Whether the destination is known to check digests shows up during the copy.
  ["auto", 1, 2008],
];

for (const [verify, atLeast, atMost] of CPU) {
  test(`estimateBudget() estimates the CPU of a GiB with verify: ${verify}`, () => {
    const { durable } = waysOf(estimateBudget(planOf(layers(1, GIB, { verify })), "workers-paid"));
    const { cpuMsPerInvocation } = durable.needs;
    assert.equal(Math.round(cpuMsPerInvocation.atLeast), atLeast);
    assert.equal(Math.round(cpuMsPerInvocation.atMost), atMost);
  });
}

test("estimateBudget() advises to raise cpu_ms on the paid plan", () => {
  const plan = planOf(layers(1, 60 * GIB, { verify: "stream" }));
  const budget = estimateBudget(plan, "workers-paid");
  assert.equal(budget.fits, "no");
  assert.deepEqual(budget.advice, ["cpu-ms", "verify-destination"]);
});

test("estimateBudget() puts several steps of a long plan into one of the Workflow", () => {
  const { durable } = waysOf(estimateBudget(planOf(layers(2000, KIB)), "workers-paid"));
  // Three to a step, the tag and the plan.
  assert.equal(durable.needs.steps.atMost, 667 + 1 + 1);
  assert.equal(durable.needs.workflowCalls.atMost, 2002);
  assert.equal(durable.fits, "yes");
});

test("estimateBudget() finds that a plan is too long, and advises fewer platforms", () => {
  const children = [manifestStep("d"), manifestStep("e")];
  const budget = estimateBudget(planOf(layers(20_000, KIB), children), "workers-paid");
  const { inline, durable } = waysOf(budget);
  assert.equal(inline.fits, "no");
  assert.equal(durable.fits, "no");
  assert.ok(durable.exceeds.includes("steps"));
  assert.ok(budget.advice.includes("fewer-platforms"));
  assert.ok(!budget.advice.includes("durable"));
});

test("estimateBudget() prices steps, requests and CPU of the paid plan", () => {
  const { durable } = waysOf(estimateBudget(planOf(layers(98, KIB)), "workers-paid"));
  const { invocations, steps, cpuMs } = durable.needs;
  assert.equal(steps.atMost, 100);
  const usd = steps.atMost * 0.8 / 100_000 + invocations.atMost * 0.3 / 1e6 +
    cpuMs.atMost * 0.02 / 1e6;
  assert.ok(Math.abs(durable.usd.atMost - usd) < 1e-8, `${durable.usd.atMost} ${usd}`);
  assert.deepEqual(durable.included, { copies: { atLeast: 5000, atMost: 5000 }, per: "month" });
});

test("estimateBudget() counts the copies that the free plan includes, and has no price", () => {
  const { durable } = waysOf(estimateBudget(planOf(layers(28, KIB)), "workers-free"));
  assert.equal(durable.needs.steps.atMost, 30);
  assert.deepEqual(durable.included, { copies: { atLeast: 100, atMost: 100 }, per: "day" });
  assert.deepEqual(durable.usd, { atLeast: 0, atMost: 0 });
});

test("estimateBudget() compares the bytes sent with the egress of Deno Deploy, which has no Workflow", () => {
  const few = estimateBudget(planOf(layers(1, GIB)), "deno-deploy");
  assert.equal(few.ways.length, 1);
  assert.equal(few.fits, "yes");
  assert.equal(few.ways[0]?.included.copies.atMost, 19);
  const many = estimateBudget(planOf(layers(21, GIB)), "deno-deploy");
  assert.equal(many.fits, "no");
  assert.deepEqual(many.ways[0]?.exceeds, ["egressBytes"]);
  assert.deepEqual(many.advice, ["pro-plan"]);
});

test("estimateBudget() sends a blob at most, and not at least, where a mount is tried", () => {
  const plan = planOf(layers(1, MIB, { mountFrom: ["library/base"] }));
  const { egressBytes } = waysOf(estimateBudget(plan, "workers-paid")).inline.needs;
  assert.equal(egressBytes.atMost - egressBytes.atLeast, MIB);
});

test("estimateBudget() has wide bounds for a plan whose blobs were not checked", () => {
  const { totals: _, ...plan } = sample;
  const unchecked = {
    ...plan,
    stages: [{ name: "blobs" as const, steps: [blobStep("a", MIB)] }],
    requests: { source: 2, destination: 2 },
  };
  const { egressBytes, subrequests } = waysOf(estimateBudget(unchecked, "workers-paid")).inline
    .needs;
  assert.equal(egressBytes.atLeast, 0);
  assert.equal(egressBytes.atMost, MIB);
  assert.equal(subrequests.atLeast, 3);
});

for (const name of Object.keys(PLATFORMS) as PlatformName[]) {
  test(`estimateBudget() needs little on ${name} for an image that is there`, () => {
    const { totals: _, ...plan } = sample;
    const unchanged = { ...plan, stages: [], requests: { source: 1, destination: 1 } };
    const budget = estimateBudget(unchanged, name);
    assert.equal(budget.fits, "yes");
    for (const { needs } of budget.ways) {
      assert.equal(needs.egressBytes.atMost, 0);
      assert.equal(needs.subrequests.atLeast, 0);
      assert.ok(needs.subrequests.atMost <= 13, `${needs.subrequests.atMost}`);
    }
  });
}
