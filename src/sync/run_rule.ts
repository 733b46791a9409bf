/** Runs a rule: each of its images is compared by a HEAD on both sides, and copied where it differs. */
import type { CopyRequestInput } from "../copy/request.ts";
import type { LocalEngine } from "../engine.ts";
import { CrossdockError } from "../errors.ts";
import { expandRule } from "./expand.ts";
import type { WorkItem } from "./expand.ts";
import type { RuleReport, SyncFailure, TagReport } from "./rule_report.ts";
import type { SyncRule } from "./rule.ts";
import type { EmitSync } from "./sync_event.ts";

/** What a run needs of an engine. Both of its sides are asked with the credentials of the config. */
export type SyncEngine = Pick<LocalEngine, "tags" | "repositories" | "created" | "copy">;

export interface RunRuleOptions {
  readonly engine: SyncEngine;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  readonly emit?: EmitSync | undefined;
  /** Writes nothing and says what would be written. */
  readonly dryRun?: boolean | undefined;
  /** Copies only tags that a target lacks. */
  readonly missing?: boolean | undefined;
  /** What a webhook told of: nothing else is looked at. */
  readonly only?: { readonly repository: string; readonly tag?: string } | undefined;
  /** Has a copy go on by itself instead of making it here, and gives its id. */
  readonly startCopy?:
    | ((request: CopyRequestInput) => Promise<{ readonly id: string }>)
    | undefined;
}

/**
 * Runs a rule once. What fails of it is in the report, and does not keep the rest from being copied.
 *
 * @throws the signal's reason; CrossdockError where the repositories of a registry cannot be listed
 */
export async function runRule(rule: SyncRule, options: RunRuleOptions): Promise<RuleReport> {
  const { engine, now, only, signal, emit } = options;
  const startedAt = now();
  const tags: TagReport[] = [];
  emit?.({ type: "rule-started", rule: rule.name });
  const expanding = { now: startedAt, signal, ...(only ? { only } : {}) };
  for await (const work of expandRule(rule, engine, expanding)) {
    for (const item of work.items) tags.push(...await runItem(item, options));
  }
  const failed = tags.filter(({ result }) => result === "failed").length;
  const report: RuleReport = {
    rule: rule.name,
    result: failed === 0 ? "ok" : failed === tags.length ? "all-failed" : "some-failed",
    tags,
    pruned: [],
    requests: { source: 0, destination: 0 },
    durationMs: now() - startedAt,
    warnings: [],
  };
  emit?.({ type: "rule-ended", report });
  return report;
}

async function runItem(
  { requests }: WorkItem,
  { engine, signal }: RunRuleOptions,
): Promise<TagReport[]> {
  const tags: TagReport[] = [];
  for (const request of requests) {
    const { source, destination } = request;
    try {
      const report = await engine.copy(request, signal ? { signal } : {});
      const { result, digest } = report;
      tags.push({ source, destination, result, digest, report });
    } catch (error) {
      if (!(error instanceof CrossdockError) || signal?.aborted) throw error;
      tags.push({ source, destination, result: "failed", error: toFailure(error) });
    }
  }
  return tags;
}

function toFailure({ code, message, side, hint }: CrossdockError): SyncFailure {
  return { code, message, ...(side ? { side } : {}), ...(hint ? { hint } : {}) };
}
