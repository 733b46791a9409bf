/**
 * The state that all copies of an engine share: clients of both sides, limits and tracing. Used by the engine and by sync
 * rules.
 */
import { withBudget } from "./byte_budget.ts";
import type { CallOptions } from "./content.ts";
import { requireAdmitted } from "./copy/admission.ts";
import type { AdmissionCheck, AdmissionVerdict } from "./copy/admission.ts";
import type { Emit, Outcome, Plan, Report } from "./copy/model.ts";
import { performStep } from "./copy/perform.ts";
import type { PerformContext } from "./copy/perform_context.ts";
import type { Planned } from "./copy/plan.ts";
import { addPolicy } from "./copy/receipts.ts";
import type { Receipts } from "./copy/receipts.ts";
import { makeReport } from "./copy/report.ts";
import { countRequests, pickRepositories } from "./copy/repositories.ts";
import type { Repositories } from "./copy/repositories.ts";
import type { CopyRequest } from "./copy/request.ts";
import type { SharedContent } from "./copy/shared_content.ts";
import { runPlan } from "./copy/run.ts";
import { Slots } from "./copy/slots.ts";
import { toResend } from "./copy/step.ts";
import type { Step } from "./copy/step.ts";
import { CrossdockError } from "./errors.ts";
import type { Digest } from "./oci/digest.ts";
import { formatReference, parseReference, parseRepository } from "./oci/reference.ts";
import type { Guard, Pace } from "./registry/request.ts";
import type { Runtime } from "./runtime.ts";
import { openSides } from "./sides.ts";
import type { EngineMemory, Layouts, SideOptions, Sides } from "./sides.ts";
import { noTrace } from "./trace.ts";
import type { Trace } from "./trace.ts";

/** Options of an engine. */
export interface EngineOptions {
  /** The host: `createRuntime()` of `crossdock/runtime`. */
  readonly runtime: Runtime;
  /** Options for the registries that are read. */
  readonly source?: SideOptions;
  /** Options for the registries that are written to. */
  readonly destination?: SideOptions;
  /** Maximum of parallel blobs of a copy. Default: 16; from 1 to 256. */
  readonly concurrency?: number;
  /** Retries of a request or an upload. Default: 4; from 0 to 20. */
  readonly retries?: number;
  /** Idle timeout in milliseconds. Default: 60 000; at most 24 hours. */
  readonly timeoutMs?: number;
  /** Checks the URL before every request. Default: all are allowed. */
  readonly guard?: Guard;
  /** Limits the rate of requests to a registry. Default: no limit. */
  readonly pace?: Pace;
  /** Creates spans for tracing. Default: none. */
  readonly trace?: Trace;
  /**
   * Cache for tokens and properties of registries. Engines with the same credentials can share one, which saves requests.
   * Default: a new one.
   */
  readonly memory?: EngineMemory;
  /** Opens images in folders and files. Default: their names are rejected. */
  readonly layouts?: Layouts;
  /**
   * Checks the source of a copy before the first write. Default: every image is copied.
   *
   * @internal
   */
  readonly admission?: AdmissionCheck | undefined;
  /**
   * Signs a receipt for each manifest of a copy. Default: there are no receipts.
   *
   * @internal
   */
  readonly receipts?: Receipts | undefined;
}

/** A copy with open repositories. */
interface OpenedCopy extends CallOptions, Repositories {
  readonly request: CopyRequest;
  readonly emit?: Emit | undefined;
  readonly plan: () => Promise<Planned>;
  /** Whether the source is a copy of this program, which needs no admission: the image that a backup saves. Default: no. */
  readonly isBackup?: boolean;
  /** Called with the plan before the first step. An error that it throws aborts the copy. */
  readonly approve?: ((plan: Plan) => void) | undefined;
  /** What other copies of the run have brought to destinations. Default: none. */
  readonly memory?: SharedContent | undefined;
  /** Whether other copies of the image share the downloads of this one. Default: no. */
  readonly sharesDownloads?: () => boolean;
  /** Called as soon as it is certain that a blob is not requested from the source, or not any more. */
  readonly onBlobSettled?: ((digest: Digest) => void) | undefined;
}

export interface Copier
  extends Required<Pick<EngineOptions, "runtime" | "concurrency" | "retries" | "timeoutMs">> {
  readonly sides: Sides;
  /** Signs the receipts of copies. Absent without a key. */
  readonly receipts: Receipts | undefined;
  /** Checks an image: `registry/repository[:tag]@digest`. `undefined` without a policy. */
  checkAdmission(
    image: string,
    repositories: Pick<Repositories, "source" | "referrerSource">,
    options: CallOptions,
  ): Promise<AdmissionVerdict | undefined>;
  /** Adds the verdict about its source to a plan that writes something. */
  admitPlan(plan: Plan, repositories: Repositories, options: CallOptions): Promise<Plan>;
  /** Makes the plan, performs each step and returns the report. */
  run(copy: OpenedCopy): Promise<Report>;
  /** Performs one step in a span. */
  perform(step: Step, context: PerformContext): Promise<Outcome>;
}

const DEFAULT_CONCURRENCY = 16;
const DEFAULT_RETRIES = 4;
const DEFAULT_TIMEOUT_MS = 60_000;

/** @throws RangeError for an option out of range */
export function createCopier(options: EngineOptions): Copier {
  const concurrency = checkRange("concurrency", options.concurrency ?? DEFAULT_CONCURRENCY, 1, 256);
  const retries = checkRange("retries", options.retries ?? DEFAULT_RETRIES, 0, 20);
  const timeoutMs = checkRange(
    "timeoutMs",
    options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    1,
    24 * 60 * 60 * 1000,
  );
  const { runtime, trace = noTrace, admission, receipts } = options;
  const sides = openSides({ ...options, retries, timeoutMs });

  function performTraced(step: Step, context: PerformContext): Promise<Outcome> {
    const attributes = {
      "crossdock.step": step.type,
      "crossdock.destination": step.destination,
      "crossdock.digest": step.type === "referrers" ? step.subject : step.descriptor.digest,
    };
    return trace("step", attributes, async (span) => {
      const outcome = await performStep(step, { ...context, receipts });
      span.set("crossdock.state", outcome.state);
      if (outcome.type === "blob") span.set("crossdock.bytes", outcome.bytes);
      return outcome;
    });
  }

  async function checkAdmission(
    image: string,
    { source, referrerSource }: Pick<Repositories, "source" | "referrerSource">,
    { signal }: CallOptions,
  ): Promise<AdmissionVerdict | undefined> {
    if (!admission) return undefined;
    const verdict: AdmissionVerdict | null = await admission.check(image, {
      source,
      ...(referrerSource === source
        ? { moreReferrers: sides.openMoreReferrers(parseReference(image), {})?.source }
        : { referrerSource }),
      open: (repository) => sides.open("source", parseRepository(repository)),
      signal,
    });
    // Another Worker may answer with anything. Without a verdict a plan would need none.
    if (verdict && image.endsWith(`@${verdict.digest}`)) return verdict;
    throw notChecked(image);
  }

  async function admitPlan(
    plan: Plan,
    repositories: Repositories,
    callOptions: CallOptions,
  ): Promise<Plan> {
    if (plan.stages.length === 0) return plan;
    const verdict = await checkAdmission(plan.source, repositories, callOptions);
    if (!verdict) return plan;
    return {
      ...(verdict.result === "admitted" ? addPolicy(plan, verdict, runtime.now()) : plan),
      admission: verdict,
      warnings: plan.warnings.concat(verdict.warnings),
    };
  }

  async function run(copy: OpenedCopy): Promise<Report> {
    const { request, signal, emit, approve, memory, onBlobSettled, isBackup } = copy;
    const attributes = {
      "crossdock.source": formatReference(request.source),
      "crossdock.destination": formatReference(request.destination),
    };
    return await trace("copy", attributes, async (span) => {
      const startedAt = runtime.now();
      const { plan: draft, manifests } = await copy.plan();
      const plan = isBackup ? draft : await admitPlan(draft, copy, { signal });
      approve?.(plan);
      emit?.({ type: "plan", plan });
      // After the event, which has the reason for each signature.
      requireAdmitted(plan);
      // Copies that share downloads wait for each other, so they must begin their steps in the same order.
      const ahead = runtime.passesUntouched || copy.sharesDownloads?.() ? 0 : concurrency;
      const transfers = ahead > 0 ? new Slots(concurrency) : undefined;
      const context = { runtime, retries, timeoutMs, manifests, transfers, emit };
      const perform = async (
        step: Step,
        { signal, isMissing }: { signal: AbortSignal; isMissing: boolean },
      ): Promise<Outcome> => {
        const stepContext = { ...context, ...pickRepositories(step, copy), signal };
        if (isMissing) return await performTraced(toResend(step), stepContext);
        const perform = (step: Step): Promise<Outcome> => performTraced(step, stepContext);
        if (memory && step.type === "receipt") {
          return await memory.shareReceipt(step, perform, { signal });
        }
        if (!memory || step.type !== "blob") return await perform(step);
        const onWait = (): void => onBlobSettled?.(step.descriptor.digest);
        return await memory.shareBlob(step, perform, { signal, onWait }).finally(onWait);
      };
      const what = `copy ${attributes["crossdock.source"]}`;
      const outcomes = await withBudget(what, { side: "source" }, async (budget) => {
        budget.take(manifests.bytes);
        return await runPlan(plan, perform, { concurrency, ahead, emit, signal });
      });
      for (const target of new Set([copy.target, copy.referrerTarget])) await target.finish?.();
      const durationMs = runtime.now() - startedAt;
      const report = makeReport(plan, { outcomes, requests: countRequests(copy), durationMs });
      emit?.({ type: "report", report });
      span.set("crossdock.result", report.result);
      span.set("crossdock.digest", report.digest);
      return report;
    });
  }

  return {
    runtime,
    concurrency,
    retries,
    timeoutMs,
    sides,
    receipts,
    checkAdmission,
    admitPlan,
    run,
    perform: performTraced,
  };
}

function notChecked(image: string): CrossdockError {
  return new CrossdockError(
    "rejected",
    `the admission policy rejects ${image}: the check returned no verdict about it`,
    { side: "source" },
  );
}

function checkRange(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} is ${value}, expected a whole number from ${least} to ${most}`);
}
