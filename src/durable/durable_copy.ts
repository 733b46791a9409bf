/** Runs a copy as durable steps: plans once, then sends one request per step. `DurableSteps` stores each result. */
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
  /** Concurrent steps of a stage. */
  readonly parallelSteps: number;
  /**
   * Largest number of durable steps. Default 900, below the 1,024 steps of a Workflow on the free plan.
   */
  readonly maxDurableSteps?: number;
  /**
   * Largest number of the plan's steps in one durable step. Default 10: 900 of these stay below the 10,000 subrequests of an
   * invocation on the paid plan.
   */
  readonly maxBatchSize?: number;
}

/** Steps of the plan that form one durable step. */
interface Batch {
  readonly name: string;
  readonly steps: readonly Step[];
}

/**
 * Copies. If it is interrupted and called again with the same `steps`, it resumes after the last stored step.
 *
 * @throws CopyFailure if a step failed permanently. The tag has not moved then.
 */
export async function runDurableCopy(
  request: CopyRequestInput,
  steps: DurableSteps,
  options: DurableCopyOptions,
): Promise<Report> {
  const { parallelSteps, maxDurableSteps = 900, maxBatchSize = 10 } = options;
  // Stored with the plan, so that a resumed copy has the time of the first attempt.
  const { startedAt, plan } = await steps.run("plan", async () => ({
    startedAt: steps.now(),
    plan: await askSelf<Plan>(steps, "/v1/plans?survey=false&manifests=true", request),
  }));
  const performed: Performed[] = [];
  for (const batches of toBatches(plan, { maxDurableSteps, maxBatchSize })) {
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

/** Sends one request per step. A retried batch repeats all its steps; those that were done find their content present. */
async function performAll(batch: readonly Step[], steps: DurableSteps): Promise<Performed[]> {
  const performed: Performed[] = [];
  for (const step of batch) {
    performed.push(await askSelf<Performed>(steps, "/v1/steps", step, step));
  }
  return performed;
}

/**
 * Divides each stage into durable steps: one per step of the plan if the limit permits it, otherwise batches of steps.
 *
 * @throws CopyFailure `limit` for too many steps
 */
function toBatches(
  plan: Plan,
  { maxDurableSteps, maxBatchSize }: { maxDurableSteps: number; maxBatchSize: number },
): Batch[][] {
  const count = sum(plan.stages, ({ steps }) => steps.length);
  // Planning takes one durable step, and the last batch of each stage can be smaller than the others.
  const room = maxDurableSteps - 1 - plan.stages.length;
  const size = count <= maxDurableSteps - 1 ? 1 : Math.ceil(count / Math.max(room, 1));
  if (size > maxBatchSize) {
    throw new CopyFailure(
      new RequestError(
        "limit",
        `the copy has ${count} steps, a durable copy can have at most ${room * maxBatchSize}`,
        {
          hint:
            "copy one platform at a time, or copy within the request: omit Prefer: respond-async",
        },
      ).problem,
    );
  }
  return plan.stages.map((stage, i) => toStageBatches(stage, i, size));
}

/** Names contain the position in the plan, so that they are unique. */
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
