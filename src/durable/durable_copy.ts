/** What a durable copy does: plan, then stage after stage one request a step, on whatever keeps what each came to. */
import { mapConcurrent } from "../copy/concurrent.ts";
import type { Performed, Plan, Report, Stage } from "../copy/model.ts";
import { makeReport } from "../copy/report.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import type { Step } from "../copy/step.ts";
import { askSelf } from "./ask_self.ts";
import { CopyFailure } from "./copy_failure.ts";
import { RequestError } from "../problem.ts";
import type { DurableSteps } from "./steps.ts";

export interface DurableCopyOptions {
  /** Steps of a stage at once. */
  readonly parallelSteps: number;
  /**
   * How many steps the platform may be asked to keep. Default 900, somewhat less than the 1,024 of a Workflow on the free plan.
   */
  readonly maxKept?: number;
  /**
   * How many of the plan's steps one kept step may hold. Default 10: with 900 of them a copy stays within the 10,000 requests that
   * one invocation may make on the paid plan.
   */
  readonly maxPerKept?: number;
}

/** Some of the plan's steps, kept as one. */
interface Batch {
  readonly name: string;
  readonly steps: readonly Step[];
}

/**
 * Copies. Interrupted and run again with the same `steps`, it goes on where it was.
 *
 * @throws CopyFailure when a step failed for good; the tag was not moved then
 */
export async function runDurableCopy(
  request: CopyRequestInput,
  steps: DurableSteps,
  options: DurableCopyOptions,
): Promise<Report> {
  const { parallelSteps, maxKept = 900, maxPerKept = 10 } = options;
  // The time is part of what is kept: it is to be that of the first try.
  const { startedAt, plan } = await steps.run("plan", async () => ({
    startedAt: steps.now(),
    plan: await askSelf<Plan>(steps, "/v1/plans?survey=false&manifests=true", request),
  }));
  const performed: Performed[] = [];
  for (const batches of toBatches(plan, { maxKept, maxPerKept })) {
    const outcomes = await mapConcurrent(batches, parallelSteps, async (batch) => {
      return await steps.run(batch.name, () => performAll(batch.steps, steps));
    });
    performed.push(...outcomes.flat());
  }
  const requests = {
    source: sum([plan, ...performed], (one) => one.requests?.source ?? 0),
    destination: sum([plan, ...performed], (one) => one.requests?.destination ?? 0),
  };
  const durationMs = steps.now() - startedAt;
  return makeReport(plan, { outcomes: performed, requests, durationMs });
}

/** One request each. A batch that failed midway asks again for what was done, which then is there. */
async function performAll(batch: readonly Step[], steps: DurableSteps): Promise<Performed[]> {
  const performed: Performed[] = [];
  for (const step of batch) {
    performed.push(await askSelf<Performed>(steps, "/v1/steps", step, step));
  }
  return performed;
}

/**
 * Stage by stage what is kept as one step: each of the plan's alone if there is room for so many, else several together.
 *
 * @throws CopyFailure `limit` for more steps than there is room for
 */
function toBatches(
  plan: Plan,
  { maxKept, maxPerKept }: { maxKept: number; maxPerKept: number },
): Batch[][] {
  const count = sum(plan.stages, ({ steps }) => steps.length);
  // Planning is one, and each stage may have a batch that is not full.
  const room = maxKept - 1 - plan.stages.length;
  const size = count <= maxKept - 1 ? 1 : Math.ceil(count / Math.max(room, 1));
  if (size > maxPerKept) {
    throw new CopyFailure(
      new RequestError(
        "limit",
        `the copy has ${count} steps, a durable one at most ${room * maxPerKept}`,
        {
          hint:
            "copy its platforms one after the other, or copy inline: without Prefer: respond-async",
        },
      ).problem,
    );
  }
  return plan.stages.map((stage, i) => toStageBatches(stage, i, size));
}

/** Names say the place in the plan, so that no two are the same. */
function toStageBatches({ name, steps }: Stage, stage: number, size: number): Batch[] {
  return Array.from({ length: Math.ceil(steps.length / size) }, (_, i) => {
    const batch = steps.slice(i * size, (i + 1) * size);
    const [step] = batch;
    const what = batch.length === 1 && step ? describe(step) : `${batch.length} ${name}`;
    return { name: `${stage + 1}.${i * size + 1} ${what}`, steps: batch };
  });
}

function describe(step: Step): string {
  switch (step.type) {
    case "blob":
      return `blob ${step.descriptor.digest}`;
    case "manifest":
      return `manifest ${step.descriptor.digest}`;
    case "referrers":
      return `referrers of ${step.subject}`;
  }
}

function sum<Item>(items: readonly Item[], count: (item: Item) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
