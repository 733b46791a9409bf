/** Runs a copy as durable steps: plans once, then sends one request per step. `DurableSteps` stores each result. */
import { requireAdmitted } from "../copy/admission.ts";
import type { Outcome, Performed, Plan, Report, Stage } from "../copy/model.ts";
import { makeReport } from "../copy/report.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import { runPlan } from "../copy/run.ts";
import type { PerformOfPlan } from "../copy/run.ts";
import { toResend } from "../copy/step.ts";
import type { Step } from "../copy/step.ts";
import { askSelf } from "./ask_self.ts";
import { countSteps, MAX_BATCH_SIZE, MAX_DURABLE_STEPS, toBatchSize, toRoom } from "./batches.ts";
import { CopyFailure } from "./copy_failure.ts";
import { CrossdockError, MissingContentError } from "../errors.ts";
import { RequestError, toProblem } from "../problem.ts";
import type { Problem } from "../problem.ts";
import type { DurableSteps } from "./steps.ts";

export interface DurableCopyOptions {
  /** Concurrent steps of a stage. */
  readonly parallelSteps: number;
  /** Largest number of durable steps that a plan may have. Default 900. */
  readonly maxDurableSteps?: number;
  /** Largest number of the plan's steps in one durable step. Default 10. */
  readonly maxBatchSize?: number;
  /** Number of requests that resolved the source before, for the report. Default 0. */
  readonly sourceRequests?: number | undefined;
}

/** Durable steps for content that the destination lost, and for the manifests that need it. */
const MAX_REPAIRS = 100;

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
  const { parallelSteps, sourceRequests = 0 } = options;
  const { maxDurableSteps = MAX_DURABLE_STEPS, maxBatchSize = MAX_BATCH_SIZE } = options;
  // Stored with the plan, so that a resumed copy has the time of the first attempt.
  const { startedAt, plan } = await steps.run("plan", async () => ({
    startedAt: steps.now(),
    plan: await askSelf<Plan>(steps, "/v1/plans?survey=false&manifests=true", request),
  }));
  const size = toBatchSize(plan, maxDurableSteps);
  if (size > maxBatchSize) throw tooManySteps(plan, maxDurableSteps, maxBatchSize);
  const run = new DurableRun(plan, steps, size);
  const outcomes = await run.perform(parallelSteps);
  const requests = {
    source: sourceRequests + sum([plan, ...run.performed], (one) => one.requests?.source ?? 0),
    destination: sum([plan, ...run.performed], (one) => one.requests?.destination ?? 0),
  };
  const durationMs = steps.now() - startedAt;
  return makeReport(plan, { outcomes, requests, durationMs });
}

/** The hint of a single step is for callers that perform the steps themselves. */
const MISSING_HINT = "if the registry lost content, copy again with --recheck";

/** The stored result of a step. A rejection for lack of content is no failure: that content is sent again. */
type StoredResult = Performed | { readonly type: "missing"; readonly problem: Problem };

/** Performs the steps of a plan. Each batch is one durable step; a step that is performed again is a durable step of its own. */
class DurableRun {
  readonly performed: Performed[] = [];
  readonly #plan: Plan;
  readonly #steps: DurableSteps;
  readonly #batchSize: number;
  readonly #places = new Map<Step, { readonly batch: Batch; readonly i: number }>();
  readonly #running = new Map<Batch, Promise<StoredResult[]>>();
  /** How often each step has started. */
  readonly #starts = new Map<Step, number>();
  #repairs = 0;

  constructor(plan: Plan, steps: DurableSteps, batchSize: number) {
    this.#plan = plan;
    this.#steps = steps;
    this.#batchSize = batchSize;
    for (const batch of plan.stages.flatMap((stage, i) => toBatches(stage, i, batchSize))) {
      batch.steps.forEach((step, i) => this.#places.set(step, { batch, i }));
    }
  }

  /** @throws CopyFailure with the failed step */
  async perform(parallelSteps: number): Promise<Outcome[]> {
    // The steps of a stage start in order, so that this many of them are `parallelSteps` batches.
    const concurrency = parallelSteps * this.#batchSize;
    try {
      requireAdmitted(this.#plan);
      return await runPlan(this.#plan, (step, options) => this.#performStep(step, options), {
        concurrency,
      });
    } catch (error) {
      throw error instanceof CrossdockError && error.code !== "aborted"
        ? new CopyFailure(toProblem(error))
        : error;
    }
  }

  async #performStep(
    step: Step,
    { signal, isMissing }: Parameters<PerformOfPlan>[1],
  ): Promise<Outcome> {
    const result = await this.#runStep(isMissing ? toResend(step) : step, step, signal);
    if (result?.type === "missing") {
      const { detail, missing = [], side } = result.problem;
      throw new MissingContentError(detail, missing, { side, hint: MISSING_HINT });
    }
    if (!result) throw new TypeError("a durable step has stored no result");
    this.performed.push(result);
    return result;
  }

  /** @param planned the step as it is in the plan */
  async #runStep(
    step: Step,
    planned: Step,
    signal: AbortSignal,
  ): Promise<StoredResult | undefined> {
    const place = this.#places.get(planned);
    if (!place) throw new TypeError("the plan does not have this step");
    const { batch, i } = place;
    const starts = this.#starts.get(planned) ?? 0;
    this.#starts.set(planned, starts + 1);
    if (starts === 0) return (await this.#runBatch(batch, signal))[i];
    if (++this.#repairs > MAX_REPAIRS) throw tooManyRepairs();
    const name = `${batch.name}, step ${i + 1} again (${starts})`;
    const [result] = await this.#run(name, [step], signal);
    return result;
  }

  /** The steps of a batch share one durable step. */
  #runBatch(batch: Batch, signal: AbortSignal): Promise<StoredResult[]> {
    const running = this.#running.get(batch) ?? this.#run(batch.name, batch.steps, signal);
    this.#running.set(batch, running);
    return running;
  }

  #run(name: string, steps: readonly Step[], signal: AbortSignal): Promise<StoredResult[]> {
    return this.#steps.run(name, () => performAll(steps, this.#steps, signal), signal);
  }
}

function tooManyRepairs(): CopyFailure {
  const detail =
    `the destination lost content that needs more than ${MAX_REPAIRS} steps to send again`;
  return new CopyFailure(
    new RequestError("limit", detail, {
      hint: "copy again, with recheck, within the request: omit Prefer: respond-async",
    }).problem,
  );
}

/** Sends one request per step. A retried batch repeats all its steps; those that were done find their content present. */
async function performAll(
  batch: readonly Step[],
  steps: DurableSteps,
  signal: AbortSignal,
): Promise<StoredResult[]> {
  const results: StoredResult[] = [];
  for (const step of batch) {
    try {
      results.push(await askSelf<Performed>(steps, "/v1/steps", step, { step, signal }));
    } catch (error) {
      if (!(error instanceof CopyFailure) || !error.problem.missing) throw error;
      results.push({ type: "missing", problem: error.problem });
    }
  }
  return results;
}

function tooManySteps(
  { stages }: Plan,
  maxDurableSteps: number,
  maxBatchSize: number,
): CopyFailure {
  const max = toRoom(stages, maxDurableSteps) * maxBatchSize;
  return new CopyFailure(
    new RequestError(
      "limit",
      `the copy has ${countSteps(stages)} steps, a durable copy can have at most ${max}`,
      {
        hint: "copy one platform at a time, or copy within the request: omit Prefer: respond-async",
      },
    ).problem,
  );
}

/** Names contain the position in the plan, so that they are unique. */
function toBatches({ name, steps }: Stage, stage: number, size: number): Batch[] {
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
    case "receipt":
      return `receipt of ${step.descriptor.digest}`;
  }
}

function sum<Item>(items: readonly Item[], count: (item: Item) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
