/** Runs a plan in this process: the stages in order, the steps of a stage in parallel. */
import { CrossdockError, MissingContentError } from "../errors.ts";
import type { Emit, Outcome, Plan } from "./model.ts";
import { mapConcurrent } from "./concurrent.ts";
import { CopyError } from "./copy_error.ts";
import { withoutContent } from "./step.ts";
import type { Step } from "./step.ts";

export interface RunPlanOptions {
  /** Maximum of parallel steps. */
  readonly concurrency: number;
  /** Further steps of blobs that are started: they open their uploads, and then wait until others have sent theirs. Default: 0. */
  readonly ahead?: number;
  readonly emit?: Emit | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type PerformOfPlan = (
  step: Step,
  options: {
    readonly signal: AbortSignal;
    /** Whether the destination reported the content of the step as missing. */
    readonly isMissing: boolean;
  },
) => Promise<Outcome>;

/**
 * Performs the steps of a plan. After the first error no further step starts, so the tag is not moved. If the destination rejects
 * a manifest because it lacks content of the plan, that content is sent again once.
 *
 * @returns the outcomes, in the order of the steps
 * @throws CopyError with the failed step; the signal's reason after an abort
 */
export async function runPlan(
  plan: Plan,
  perform: PerformOfPlan,
  options: RunPlanOptions,
): Promise<Outcome[]> {
  return await new PlanRun(plan, perform, options).run();
}

class PlanRun {
  readonly #plan: Plan;
  readonly #perform: PerformOfPlan;
  readonly #options: RunPlanOptions;
  readonly #outcomes = new Map<Step, Outcome>();
  /** Steps that are performed again, because the destination lacks their content. */
  readonly #resent = new Map<Step, Promise<void>>();

  constructor(plan: Plan, perform: PerformOfPlan, options: RunPlanOptions) {
    this.#plan = plan;
    this.#perform = perform;
    this.#options = options;
  }

  async run(): Promise<Outcome[]> {
    const { concurrency, ahead = 0, emit, signal } = this.#options;
    const outcomes: Outcome[] = [];
    for (const { name, steps } of this.#plan.stages) {
      const limit = name === "blobs" ? concurrency + ahead : concurrency;
      await mapConcurrent(steps, limit, async (step, stepSignal) => {
        const eventStep = withoutContent(step);
        emit?.({ type: "step-started", step: eventStep });
        const outcome = await this.#performStep(step, stepSignal);
        emit?.({ type: "step-finished", step: eventStep, outcome });
      }, signal);
    }
    for (const step of this.#plan.stages.flatMap(({ steps }) => steps)) {
      const outcome = this.#outcomes.get(step);
      if (outcome) outcomes.push(outcome);
    }
    return outcomes;
  }

  async #performStep(step: Step, signal: AbortSignal, isMissing = false): Promise<Outcome> {
    try {
      const outcome = await this.#perform(step, { signal, isMissing })
        .catch(async (error) => {
          if (!await this.#resendMissing(step, error, signal)) throw error;
          return await this.#perform(step, { signal, isMissing });
        });
      this.#outcomes.set(step, outcome);
      return outcome;
    } catch (error) {
      throw error instanceof CrossdockError && error.code !== "aborted" &&
          !(error instanceof CopyError)
        ? new CopyError(step, error)
        : error;
    }
  }

  /** Sends the content again that a manifest lacks at the destination. Returns false if the plan does not have it. */
  async #resendMissing(step: Step, error: unknown, signal: AbortSignal): Promise<boolean> {
    if (!(error instanceof MissingContentError)) return false;
    const missing = [...this.#outcomes.keys()].filter((other) =>
      other !== step && (other.type === "blob" || other.type === "manifest") &&
      other.destination === step.destination &&
      error.digests.has(other.descriptor.digest)
    );
    if (missing.length === 0) return false;
    const { concurrency, emit } = this.#options;
    await mapConcurrent(missing, concurrency, async (other, otherSignal) => {
      let sending = this.#resent.get(other);
      if (!sending) {
        emit?.({
          type: "retry",
          side: "destination",
          what: `send ${describe(other)} to ${other.destination} again`,
          attempt: 1,
          delayMs: 0,
          reason: error.message,
        });
        sending = this.#performStep(other, otherSignal, true).then(() => {});
        this.#resent.set(other, sending);
      }
      await sending;
    }, signal);
    return true;
  }
}

function describe(step: Step): string {
  return step.type === "referrers"
    ? `the referrers of ${step.subject}`
    : `${step.type} ${step.descriptor.digest}`;
}
