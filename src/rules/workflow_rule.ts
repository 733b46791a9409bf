/** Runs a rule as a Workflow: each step is a request of the Worker to itself, and the platform stores its result. */
import type { ServerConfig } from "../config/server_config.ts";
import type { Report } from "../copy/model.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import { runDurableCopy } from "../durable/durable_copy.ts";
import type { DurableCopyOptions } from "../durable/durable_copy.ts";
import { notifyDurably } from "../webhooks/outgoing/notify_durably.ts";
import type { NotifyDurablyOptions } from "../webhooks/outgoing/notify_durably.ts";
import * as z from "zod";
import { askSelf } from "../durable/ask_self.ts";
import { CopyFailure } from "../durable/copy_failure.ts";
import type { DurableSteps } from "../durable/steps.ts";
import { CrossdockError, ParseError } from "../errors.ts";
import { formatIssues, safeParse } from "../schema.ts";
import { withFields } from "../log.ts";
import type { Log } from "../log.ts";
import { quote } from "../oci/quote.ts";
import { parseReference } from "../oci/reference.ts";
import { RequestError } from "../problem.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { RuleReport, SyncFailure, TagReport } from "../sync/model.ts";
import { ruleStepSchema } from "../sync/rule_steps.ts";
import type { ResultOf, RuleStep, RuleSteps } from "../sync/rule_steps.ts";
import { runRule } from "../sync/run_rule.ts";
import { aboutCopy, toSyncRequest } from "../history/recorder.ts";
import { countResults } from "../history/run_record.ts";
import type { ResultCounts } from "../history/run_record.ts";
import { hasSeenReferrer, RETRY_WAITS_MS } from "./receive_hook.ts";
import { recordDurably } from "./record_durably.ts";
import type { DurableHistory } from "./record_durably.ts";
import type { RunScope } from "../sync/run_rule.ts";

/** The parameters of a run. Plain JSON. The rule itself is read from the configuration. */
export interface DurableRuleRun {
  /** The rule's name. */
  readonly rule: string;
  readonly only?: Omit<RunScope, "tag"> | undefined;
  /** Copies only tags that a target lacks. */
  readonly missing?: boolean | undefined;
  /** When to start, in milliseconds since the epoch. Default: now. */
  readonly after?: number | undefined;
  /** The name of the webhook that started the run. Default: another run restarted the Workflow, for whatever cause. */
  readonly hook?: string | undefined;
}

/** The result of a run, with a limited size. Plain JSON. */
export interface DurableRuleReport {
  readonly rule: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly counts: Readonly<ResultCounts<TagReport["result"]>>;
  /** The first failures. The log has all of them. */
  readonly failures: readonly {
    readonly source: string;
    readonly destination: string;
    readonly error?: Pick<SyncFailure, "code" | "message"> | undefined;
  }[];
  /** The number of tags that were deleted, that could not be deleted, and that `prune.maxShare` held back. */
  readonly pruned: {
    readonly deleted: number;
    readonly failed: number;
    readonly heldBack: number;
  };
  /** When to run again, in milliseconds since the epoch, if a rate limit postponed the rest. */
  readonly postponedUntil?: number;
}

/** The request for one step. */
const ruleStepBody = z.strictObject({ rule: z.string(), step: ruleStepSchema });

/** @throws ParseError naming each wrong field */
export function parseRuleStep(value: unknown): z.output<typeof ruleStepBody> {
  const { data, error } = safeParse(ruleStepBody, value);
  if (data) return data;
  throw new ParseError(`invalid step of a rule: ${formatIssues(error.issues)}`);
}

/** The answer to a step. */
export interface RuleStepAnswer<Step extends RuleStep = RuleStep> {
  readonly result: ResultOf<Step>;
  readonly requests: RuleReport["requests"];
}

export interface WorkflowRuleOptions {
  /** The rules of the configuration. */
  readonly rules: readonly SyncRule[];
  readonly log: Log;
  /** Default: the run is not recorded. */
  readonly history?: DurableHistory;
  /** Images that one request compares. Default 20: two HEAD requests for each stay below the 50 requests of the free plan. */
  readonly pageSize?: number;
}

const MAX_FAILURES = 100;

/** The most waits of a run for rate limits. */
const MAX_WAITS = 200;

/** Longest wait for rate limits, after the first one ended. The next run copies the rest. */
const MAX_WAITING_MS = 24 * 60 * 60 * 1000;

/**
 * Runs a rule. If it is interrupted, a second call with the same `durable` resumes it.
 *
 * @throws RequestError `not_found` if the configuration no longer has the rule
 */
export async function runWorkflowRule(
  { rule: name, only, missing, after, hook }: DurableRuleRun,
  durable: DurableSteps,
  { rules, log: outer, pageSize = 20, history }: WorkflowRuleOptions,
): Promise<DurableRuleReport> {
  const rule = findRule(rules, name);
  const log = withFields(outer, { rule: name, by: "workflow" });
  // Logged in a step, because a resumed Workflow starts from the beginning.
  const startedAt = await durable.run("start", () => {
    log("info", "rule started", { ...only });
    return Promise.resolve(durable.now());
  });
  if (after !== undefined) await durable.sleepUntil("begin", after);
  const about = { rule: name, only: only?.repository, missing };
  const run = {
    by: hook === undefined ? "workflow" : "hook",
    hook,
    ...about,
    startedAt,
    request: toSyncRequest(about),
  } as const;
  const waitUntil = boundWaits(durable);
  const runOnce = (scope: RunScope | undefined, prefix: string): Promise<RuleReport> =>
    runRule(rule, workflowSteps(rule, durable, { pageSize, prefix }), {
      now: durable.now,
      only: scope,
      missing,
      waitUntil,
    }).catch(async (error) => {
      await recordDurably(run, { error }, durable, history);
      throw error;
    });
  let report = await runOnce(only, "");
  // A registry may list a new referrer some time after its push.
  for (const waitMs of only?.subject ? RETRY_WAITS_MS : []) {
    const [image] = report.tags;
    if (!only || !image || hasSeenReferrer(report)) break;
    const prefix = `after ${waitMs / 1000} s: `;
    const time = await durable.run(`${prefix}time`, () => Promise.resolve(durable.now() + waitMs));
    await durable.sleepUntil(`${prefix}wait`, time);
    report = await runOnce({ ...only, tag: parseReference(image.source).tag }, prefix);
  }
  await recordDurably(run, { report }, durable, history);
  const { result, tags, pruned, warnings, postponedUntil } = report;
  const countPruned = (wanted: string): number =>
    pruned.filter(({ result }) => result === wanted).length;
  const counts = countResults(tags);
  log(result === "ok" ? "info" : "warn", "rule ended", {
    result,
    tags: counts,
    ...(warnings.length > 0 ? { warnings } : {}),
    postponedUntil,
  });
  return {
    rule: name,
    startedAt,
    counts,
    failures: tags.filter(({ result }) => result === "failed").slice(0, MAX_FAILURES)
      .map(({ source, destination, error }) => ({ source, destination, error })),
    pruned: {
      deleted: countPruned("deleted"),
      failed: countPruned("failed"),
      heldBack: countPruned("held-back"),
    },
    ...(postponedUntil === undefined ? {} : { postponedUntil }),
  };
}

/** Finds a rule by its name. The configuration may have changed since the run started. */
export function findRule(rules: readonly SyncRule[], name: string): SyncRule {
  const rule = rules.find((one) => one.name === name);
  if (rule) return rule;
  throw new RequestError("not_found", `there is no rule ${quote(name)} in the configuration`);
}

/** The steps run one after the other, because a resumed Workflow needs the same names in the same order. */
function workflowSteps(
  { name: rule }: SyncRule,
  durable: DurableSteps,
  { pageSize, prefix }: {
    readonly pageSize: number;
    /** Begins the names of the steps, so that those of two runs differ. */
    readonly prefix: string;
  },
): RuleSteps {
  const requests = { source: 0, destination: 0 };
  return {
    async run<Step extends RuleStep>(name: string, step: Step): Promise<ResultOf<Step>> {
      try {
        const answer = await durable.run(
          `${prefix}${name}`,
          () => askSelf<RuleStepAnswer<Step>>(durable, "/internal/rule-steps", { rule, step }),
        );
        requests.source += answer.requests.source;
        requests.destination += answer.requests.destination;
        return answer.result;
      } catch (error) {
        throw error instanceof CopyFailure ? toError(error) : error;
      }
    },
    requests: () => ({ ...requests }),
    parallel: 1,
    pageSize,
  };
}

function toError(cause: CopyFailure): CrossdockError {
  const { code, detail, side, hint } = cause.problem;
  const known = code === "internal" ? "registry" : code;
  return new CrossdockError(known, detail, { cause, side, hint });
}

function boundWaits(durable: DurableSteps): (time: number) => Promise<boolean> {
  let waits = 0;
  let latest: number | undefined;
  return async (time) => {
    latest ??= time + MAX_WAITING_MS;
    if (time > latest || waits === MAX_WAITS) return false;
    waits += 1;
    await durable.sleepUntil(`wait ${waits}`, time);
    return true;
  };
}

/**
 * Runs a durable copy that a caller started, and records it in the history.
 *
 * @throws CopyFailure as `runDurableCopy` does
 */
export async function runCopyOfCaller(
  request: CopyRequestInput,
  steps: DurableSteps,
  { copying, history }: {
    readonly copying: DurableCopyOptions;
    readonly history: DurableHistory | undefined;
  },
): Promise<Report> {
  if (!history) return await runDurableCopy(request, steps, copying);
  const startedAt = await steps.run("start", () => Promise.resolve(steps.now()));
  const run = { by: "call", ...aboutCopy(request), startedAt } as const;
  try {
    const report = await runDurableCopy(request, steps, copying);
    await recordDurably(run, { report }, steps, history);
    return report;
  } catch (error) {
    await recordDurably(run, { error }, steps, history);
    throw error;
  }
}

/**
 * Runs a durable copy that a rule started, and sends the notices about its result.
 *
 * @throws CopyFailure as `runDurableCopy` does
 */
export async function runCopyOfRule(
  { request, rule }: { readonly request: CopyRequestInput; readonly rule: string },
  steps: DurableSteps,
  { config, log, deliverNotice: deliver }: {
    readonly config: ServerConfig;
    readonly log: Log;
    /** Makes one attempt to send a notice. */
    readonly deliverNotice: NotifyDurablyOptions["deliver"];
  },
): Promise<Report> {
  const { source, destination } = request;
  const about = { source, destination, rule };
  const notifying = { targets: config.sync.webhooks.outgoing, deliver, log };
  try {
    const report = await runDurableCopy(request, steps, config);
    const { digest, bytesStreamed, durationMs, referrerState, result } = report;
    if (result === "copied") {
      const copied = { digest, bytesStreamed, durationMs, referrerState };
      const notice = { ...about, type: "copied", ...copied } as const;
      await notifyDurably(notice, steps, notifying);
    }
    return report;
  } catch (error) {
    if (error instanceof CopyFailure) {
      const { code, detail, hint } = error.problem;
      const notice = { ...about, type: "failed", code, message: detail, hint } as const;
      await notifyDurably(notice, steps, notifying);
    }
    throw error;
  }
}
