/** The context that the steps of a run share in one process: the batch of copies, slots, counts and limits. */
import type { CopyRequestInput } from "../copy/request.ts";
import type { SharedContent } from "../copy/shared_content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { TemplateInputs } from "../template/functions.ts";
import type { Batch } from "./batch.ts";
import type { EmitSync } from "./model.ts";
import { createPullFloor } from "./pull_floor.ts";
import { DEFAULT_RETRY_MS } from "./rule.ts";
import type { SyncRule } from "./rule.ts";
import type { Postponement } from "./rule_steps.ts";
import { Slots } from "../copy/slots.ts";
import type { SyncEngine } from "./sync_engine.ts";
import type { StateStore } from "../state_store.ts";
import { toFailure } from "./to_failure.ts";

export interface RuleContextOptions {
  readonly engine: Pick<SyncEngine, "batch">;
  /** All rules of the configuration: `prune` keeps the tags that any of them may copy to the same target. */
  readonly rules: readonly SyncRule[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  readonly emit?: EmitSync | undefined;
  /** Whether no step writes. */
  readonly isReadOnly?: boolean | undefined;
  /** Starts a durable copy instead of copying here. The source is pinned to the digest that was compared. */
  readonly startCopy?:
    | ((request: CopyRequestInput) => Promise<{ readonly id: string }>)
    | undefined;
  /** What all rules of the run have brought to destinations. Default: only what this rule brings there. */
  readonly memory?: SharedContent | undefined;
  /** Limits the images at once, over all rules that share the slots. Default: four slots for this run. */
  readonly slots?: Slots | undefined;
  /** The number of dates that one step may find. Default: no limit. */
  readonly maxDates?: number | undefined;
  /** Variables for the template of `backup`. Default: none. */
  readonly env?: TemplateInputs["env"] | undefined;
  /** Reads a file for the template of `backup`. Absent on hosts without files. */
  readonly readFile?: TemplateInputs["readFile"];
  /** Stores the remembered state of rules. Default: nothing is remembered. */
  readonly state?: StateStore | undefined;
}

export interface RuleContext extends RuleContextOptions {
  readonly rule: SyncRule;
  readonly batch: Batch;
  readonly slots: Slots;
  /** Pulls that the registry may not have counted yet: of copies that run here, and of durable copies that were started. */
  readonly pulls: { underWay: number; started: number };
  /** The rate limit that postpones further copies. */
  readonly limit: { last?: Postponement };
  /** Warnings that were emitted. */
  readonly warned: Set<string>;
  /** Destinations whose result was emitted. */
  readonly ended: Set<string>;
  /** Targets that had no tags when the run began with them: `registry/repository`. */
  readonly emptyTargets: Set<string>;
  /** Destinations that were resolved before their comparison, one for each target. `null` if the tag does not exist. */
  readonly probed: Map<string, Descriptor | null>;
}

const DEFAULT_SLOTS = 4;

export function openRuleContext(rule: SyncRule, options: RuleContextOptions): RuleContext {
  const { engine, isReadOnly = false, memory, slots = new Slots(DEFAULT_SLOTS) } = options;
  const batch = engine.batch({ isReadOnly, beforePull: createPullFloor(rule), memory });
  return {
    ...options,
    rule,
    batch,
    slots,
    pulls: { underWay: 0, started: 0 },
    limit: {},
    warned: new Set(),
    ended: new Set(),
    emptyTargets: new Set(),
    probed: new Map(),
  };
}

/** @param destination `registry/repository:tag` */
export function repositoryOf(destination: string): string {
  return destination.slice(0, destination.lastIndexOf(":"));
}

/** Adds a warning to those of a step. It is emitted once per run. */
export function addWarning(
  message: string,
  warnings: string[],
  { warned, emit, rule }: RuleContext,
): void {
  if (!warnings.includes(message)) warnings.push(message);
  if (warned.has(message)) return;
  warned.add(message);
  emit?.({ type: "warning", rule: rule.name, message });
}

/** Finds when to try again after a rate limit. Returns `undefined` for other errors, and if no time is known. */
export function toPostponement(
  cause: unknown,
  { rule: { rateLimit }, now, signal }: RuleContext,
): Postponement | undefined {
  if (!(cause instanceof CrossdockError) || cause.code !== "rate_limited") return undefined;
  const { retryMs = DEFAULT_RETRY_MS } = rateLimit ?? {};
  const delayMs = cause.retryAfterMs ?? (cause.side === "source" ? retryMs : undefined);
  if (delayMs === undefined) return undefined;
  return { until: now() + delayMs, error: toFailure(cause, signal) };
}
