/** Runs a plan in this process: the stages in order, the steps of a stage in parallel. */
import { CrossdockError } from "../errors.ts";
import type { Emit, Outcome, Plan } from "./model.ts";
import { mapConcurrent } from "./concurrent.ts";
import { CopyError } from "./copy_error.ts";
import { withoutContent } from "./step.ts";
import type { Step } from "./step.ts";

export interface RunPlanOptions {
  /** Maximum of parallel steps. */
  readonly concurrency: number;
  readonly emit?: Emit | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Performs the steps of a plan. After the first error no further step starts, so the tag is not moved.
 *
 * @returns the outcomes, in the order of the steps
 * @throws CopyError with the failed step; the signal's reason after an abort
 */
export async function runPlan(
  plan: Plan,
  perform: (step: Step, signal: AbortSignal) => Promise<Outcome>,
  { concurrency, emit, signal }: RunPlanOptions,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const stage of plan.stages) {
    const performed = await mapConcurrent(stage.steps, concurrency, async (step, stepSignal) => {
      const eventStep = withoutContent(step);
      emit?.({ type: "step-started", step: eventStep });
      try {
        const outcome = await perform(step, stepSignal);
        emit?.({ type: "step-finished", step: eventStep, outcome });
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
