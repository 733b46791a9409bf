/** Estimates what a copy needs on a platform, from its plan. */
import { SMALL_BYTES, TRUST_ABOVE_BYTES } from "../copy/copy_blob.ts";
import { MAX_CARRIED_BYTES } from "../copy/manifest_cache.ts";
import type { Plan } from "../copy/model.ts";
import type { Step } from "../copy/step.ts";
import { MAX_BATCH_SIZE, MAX_DURABLE_STEPS, toBatchSize } from "../durable/batches.ts";
import { advise } from "./advise.ts";
import type { Bounds, Budget, BudgetWay, Fit, Need } from "./model.ts";
import { AS_OF, CPU_MS, GIB, PLATFORMS } from "./platforms.ts";
import type { NeedName, PlatformName, PlatformTerms } from "./platforms.ts";

/** Requests for a token: the one that is rejected without it, and the one to the token server. */
const TOKEN_REQUESTS = 2;

/** A test whether the destination checks digests: POST, PUT and DELETE. */
const PROOF_REQUESTS = 3;

/** A GET that is redirected once. */
const DOWNLOAD_REQUESTS = 2;

/** Invocations of a Workflow that are not steps: its start, the Workflow, and the plan. */
const OTHER_INVOCATIONS = 3;

/**
 * Estimates what a copy needs.
 *
 * @param plan with the check of each blob, or the bounds are wide
 */
export function estimateBudget(plan: Plan, name: PlatformName): Budget {
  const platform = PLATFORMS[name];
  const ways = [toWay(plan, platform, false)];
  if (platform.limits.workflowCalls) ways.push(toWay(plan, platform, true));
  // In alphabetical order: no, perhaps, yes.
  const [fits = "no"] = ways.map((way) => way.fits).sort().reverse();
  return {
    platform: name,
    asOf: AS_OF,
    fits,
    ways,
    advice: advise(plan, name, ways),
  };
}

/** Compares what a copy needs with the platform's limits, and prices it. */
function toWay(plan: Plan, platform: PlatformTerms, isDurable: boolean): BudgetWay {
  const { limits, included: { per, ...included }, prices } = platform;
  const least = estimateAmounts(plan, platform, { isDurable, isMost: false });
  const most = estimateAmounts(plan, platform, { isDurable, isMost: true });
  const needs: Partial<Record<NeedName, Need>> = {};
  const exceeds: NeedName[] = [];
  let fits: Fit = "yes";
  const names = Object.keys(least) as NeedName[];
  for (const name of names) {
    const need = toBounds(least[name], most[name]);
    const limit = limits[name];
    needs[name] = limit ? { ...need, limit } : need;
    if (!limit || need.atMost <= limit) continue;
    exceeds.push(name);
    // A Workflow that has no calls left waits and continues in a new invocation: src/durable/delay.ts.
    if (need.atLeast > limit && name !== "workflowCalls") fits = "no";
    else if (fits === "yes") fits = "perhaps";
  }
  const price = (amounts: Amounts): number =>
    sum(names, (name) => amounts[name] * (prices[name] ?? 0));
  const countCopies = (amounts: Amounts): number =>
    Math.min(...names.map((name) => Math.floor((included[name] ?? Infinity) / amounts[name])));
  return {
    way: isDurable ? "durable" : "inline",
    fits,
    exceeds,
    needs: needs as Record<NeedName, Need>,
    usd: toBounds(price(least), price(most)),
    included: { copies: toBounds(countCopies(most), countCopies(least)), per },
  };
}

type Amounts = Readonly<Record<NeedName, number>>;

/** Which amounts are estimated: the way of the copy, and the lower or the upper bound. */
interface Bound {
  readonly isDurable: boolean;
  readonly isMost: boolean;
}

function estimateAmounts(plan: Plan, platform: PlatformTerms, bound: Bound): Amounts {
  const { isDurable, isMost } = bound;
  const steps = plan.stages.flatMap((stage) => stage.steps);
  const manifestBytes = sum(steps, (step) => step.type === "manifest" ? step.descriptor.size : 0);
  // The steps of a Workflow carry the manifests, up to a limit.
  const isReread = isDurable && isMost && manifestBytes > MAX_CARRIED_BYTES;
  const work = steps.map((step) => {
    const one = toWork(step, platform, bound);
    if (isReread && step.type === "manifest") one.requests += DOWNLOAD_REQUESTS + TOKEN_REQUESTS;
    return one;
  });
  work.push(toPlanning(plan, steps, bound));
  // Within one request, what is found out once is known. A Workflow's step may be in an isolate that knows nothing.
  const once = isMost && !isDurable
    ? TOKEN_REQUESTS * Math.max(new Set(steps.flatMap(listScopes)).size, 2) +
      (steps.some(mayProve) ? PROOF_REQUESTS : 0)
    : 0;
  const subrequests = sum(work, ({ requests }) => requests) + once;
  const cpuMs = sum(work, (one) => one.cpuMs);
  const size = toBatchSize(plan, MAX_DURABLE_STEPS);
  const calls = isDurable ? 1 + steps.length : 0;
  return {
    invocations: isDurable ? OTHER_INVOCATIONS + steps.length : 1,
    subrequests,
    subrequestsPerInvocation: isDurable
      ? Math.max(...work.map(({ requests }) => requests))
      : subrequests,
    workflowCalls: calls,
    // A plan that is too large for batches would need a step for each of its own.
    steps: isDurable && size <= MAX_BATCH_SIZE
      ? 1 + sum(plan.stages, (stage) => Math.ceil(stage.steps.length / size))
      : calls,
    cpuMs,
    cpuMsPerInvocation: isDurable ? Math.max(...work.map((one) => one.cpuMs)) : cpuMs,
    egressBytes: sum(work, ({ bytes }) => bytes),
  };
}

/** What planning or a step needs. */
interface Work {
  requests: number;
  readonly cpuMs: number;
  readonly bytes: number;
}

/** Planning has sent its requests already: they are what the plan counts beyond its steps. */
function toPlanning(
  plan: Plan,
  steps: readonly Step[],
  { isDurable, isMost }: Bound,
): Work {
  const { totals } = plan;
  const { source = 0, destination = 0 } = totals?.requests ?? plan.requests ?? {};
  // The totals count one request for each step, and two more for a blob that is sent.
  const counted = totals ? steps.length + 2 * totals.blobs.stream : 0;
  const manifests = steps.filter(({ type }) => type === "manifest").length || 1;
  const sent = source + destination - counted;
  return {
    // At least: each side has rejected a request without a token, and later ones have it. A Workflow's source is resolved before,
    // perhaps in another isolate; its plan may then not ask the source for it.
    requests: isMost
      ? sent + (isDurable ? 1 + 3 * TOKEN_REQUESTS : 0)
      : Math.max(sent - (isDurable ? 3 : 2), 0),
    cpuMs: toCpuMs(CPU_MS.manifestRead * manifests, isMost),
    bytes: 0,
  };
}

function toWork(
  step: Step,
  platform: PlatformTerms,
  { isDurable, isMost }: Bound,
): Work {
  const work = { requests: 1, cpuMs: toCpuMs(CPU_MS.other, isMost), bytes: 0 };
  if (step.type === "manifest") work.bytes = step.descriptor.size;
  // A registry with the referrers API may need no request. Another gets two reads and a PUT.
  else if (step.type === "referrers") work.requests = isMost ? 3 : 0;
  // The list of referrers; then perhaps two uploads, a manifest, the same as above, and two requests to AWS KMS.
  else if (step.type === "receipt") work.requests = isMost ? 14 : 1;
  else {
    const { found, mountFrom, eager, descriptor: { size }, verify } = step;
    const isSent = isMost ? found !== "present" : found === "absent" && mountFrom.length === 0;
    // At most: mounts that are rejected, a check with an upload that is discarded, and a HEAD with a POST.
    if (isMost) work.requests = mountFrom.length + 3;
    if (isSent || isMost && eager) work.requests += isMost ? DOWNLOAD_REQUESTS : 1;
    if (isSent) {
      work.requests++;
      work.bytes = size;
      const isLarge = size > SMALL_BYTES;
      const isHashed = verify === "stream" ||
        verify === "auto" && (isMost || size <= TRUST_ABOVE_BYTES);
      const [low, high] = isHashed ? platform.hashedGibMs : platform.untouchedGibMs;
      work.cpuMs = isLarge
        ? toCpuMs(CPU_MS.largeBlob, isMost) + size / GIB * (isMost ? high : low)
        : toCpuMs(CPU_MS.smallBlob, isMost);
    }
  }
  if (isDurable && isMost) {
    work.requests += TOKEN_REQUESTS * listScopes(step).length +
      (mayProve(step) ? PROOF_REQUESTS : 0);
  }
  return work;
}

function toCpuMs(measured: number, isMost: boolean): number {
  return measured * (isMost ? CPU_MS.most : CPU_MS.least);
}

/** Whether a step may have to find out whether its destination checks digests. */
function mayProve(step: Step): boolean {
  return step.type === "blob" && step.found !== "present" && step.verify === "auto" &&
    step.descriptor.size > TRUST_ABOVE_BYTES;
}

/** What a step needs tokens for, at most. */
function listScopes(step: Step): string[] {
  return step.type === "blob"
    ? [step.destination, step.source, ...step.mountFrom]
    : [step.destination];
}

function sum<Item>(items: readonly Item[], amountOf: (item: Item) => number): number {
  return items.reduce((amount, item) => amount + amountOf(item), 0);
}

function toBounds(atLeast: number, atMost: number): Bounds {
  return { atLeast: round(atLeast), atMost: round(atMost) };
}

/** Dollars have the smallest fractions: a step costs 0.000008. */
function round(amount: number): number {
  return Number(amount.toFixed(9));
}
