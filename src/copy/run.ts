/** Runs a plan here and now: stage after stage, the steps of a stage side by side. */
import { CrossdockError } from "../errors.ts";
import type { Emit, Outcome, Plan } from "./model.ts";
import { mapConcurrent } from "./concurrent.ts";
import { CopyError } from "./copy_error.ts";
import { withoutContent } from "./step.ts";
import type { Step } from "./step.ts";

export interface RunPlanOptions {
  /** Steps at once. */
  readonly concurrency: number;
  readonly emit?: Emit | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Performs a plan's steps in order. After the first failure no further step begins, so the tag stays where it is.
 *
 * @returns the outcomes, stage by stage
 * @throws CopyError naming the step; the signal's reason when that was aborted
 */
export async function runPlan(
  plan: Plan,
  perform: (step: Step, signal: AbortSignal) => Promise<Outcome>,
  { concurrency, emit, signal }: RunPlanOptions,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const stage of plan.stages) {
    const performed = await mapConcurrent(stage.steps, concurrency, async (step, stepSignal) => {
      const told = withoutContent(step);
      emit?.({ type: "step-started", step: told });
      try {
        const outcome = await perform(step, stepSignal);
        emit?.({ type: "step-finished", step: told, outcome });
        return outcome;
      } catch (error) {
        throw error instanceof CrossdockError && error.code !== "aborted"
          ? new CopyError(step, error)
          : error;
      }
    }, signal);
    outcomes.push(...performed);
  }
  return outcomes;
}
