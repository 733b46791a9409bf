/** How many steps of a plan share one durable step. */
import type { Plan } from "../copy/model.ts";

/** With repairs and notices, these stay below the 1,024 steps of a Workflow on the free plan. */
export const MAX_DURABLE_STEPS = 900;

/** 900 of these stay below the 10,000 subrequests of an invocation on the paid plan. */
export const MAX_BATCH_SIZE = 10;

/** Computes the number of the plan's steps in one durable step: one if the limit permits it. */
export function toBatchSize({ stages }: Pick<Plan, "stages">, maxDurableSteps: number): number {
  const count = countSteps(stages);
  return count <= maxDurableSteps - 1
    ? 1
    : Math.ceil(count / Math.max(toRoom(stages, maxDurableSteps), 1));
}

/** Durable steps for a plan that needs batches: planning takes one, and the last batch of each stage can be smaller. */
export function toRoom({ length }: Plan["stages"], maxDurableSteps: number): number {
  return maxDurableSteps - 1 - length;
}

export function countSteps(stages: Plan["stages"]): number {
  return stages.reduce((sum, { steps }) => sum + steps.length, 0);
}
