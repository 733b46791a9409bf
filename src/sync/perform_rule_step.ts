/** Performs one step of a rule's run: the only place where a rule reads or writes registries. */
import { mapConcurrent } from "../copy/concurrent.ts";
import type { Emit } from "../copy/model.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import { CrossdockError } from "../errors.ts";
import { formatReference, parseReference, withDefaultTag } from "../oci/reference.ts";
import type { Surroundings } from "../template/functions.ts";
import { backupReference } from "./backup.ts";
import type { Batch, Listing, Prospect } from "./batch.ts";
import { findTags, listRepositories, targetsOf, toWorkItem } from "./expand.ts";
import type { WorkItem } from "./expand.ts";
import { pruneTarget } from "./prune_target.ts";
import { checkFloor, createPullFloor } from "./pull_floor.ts";
import { DEFAULT_RETRY_MS } from "./rule.ts";
import type { SyncRule } from "./rule.ts";
import type { EmitSync, PruneReport, SyncFailure, TagReport } from "./model.ts";
import type { Postponement, ResultOf, RuleStep, RuleStepResults, TagDates } from "./rule_steps.ts";
import { Slots } from "./slots.ts";
import type { SyncEngine } from "./sync_engine.ts";
import { toFailure } from "./to_failure.ts";

export interface RuleContextOptions {
  readonly engine: Pick<SyncEngine, "batch">;
  /** All rules of the configuration: `prune` leaves what any of them may bring to the same target. */
  readonly rules: readonly SyncRule[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  readonly emit?: EmitSync | undefined;
  /** Whether no step writes. */
  readonly isReadOnly?: boolean | undefined;
  /** Starts a durable copy instead of copying here. The source is pinned to the digest that was found. */
  readonly startCopy?:
    | ((request: CopyRequestInput) => Promise<{ readonly id: string }>)
    | undefined;
  /** Images at once, shared by all rules that run side by side. Default: four of its own. */
  readonly slots?: Slots | undefined;
  /** Dates that one step may find. Default: any number. */
  readonly maxDates?: number | undefined;
  /** Variables for the template of `backup`. Default: none. */
  readonly env?: Surroundings["env"] | undefined;
  /** Reads a file for the template of `backup`. Absent where the host has no files. */
  readonly readFile?: Surroundings["readFile"];
}

/** What the steps of a run share as long as they run in one process: findings, counts, limits. */
export interface RuleContext extends RuleContextOptions {
  readonly rule: SyncRule;
  readonly batch: Batch;
  readonly slots: Slots;
  /** Pulls that the registry may not have counted yet: of copies under way here, and of durable copies that were started. */
  readonly pulls: { underWay: number; started: number };
  /** The rate limit that postpones further copies. */
  readonly limit: { last?: Postponement };
  /** Warnings that were emitted. */
  readonly warned: Set<string>;
}

const DEFAULT_SLOTS = 4;

export function openRuleContext(rule: SyncRule, options: RuleContextOptions): RuleContext {
  const { engine, isReadOnly = false, slots = new Slots(DEFAULT_SLOTS) } = options;
  const batch = engine.batch({ isReadOnly, beforePull: createPullFloor(rule) });
  return {
    ...options,
    rule,
    batch,
    slots,
    pulls: { underWay: 0, started: 0 },
    limit: {},
    warned: new Set(),
  };
}

/**
 * Performs a step. Performing it again does no harm. A rate limit of the source is part of the result.
 *
 * @throws CrossdockError or ParseError where a repository or its tags cannot be listed; the signal's reason
 */
export async function performRuleStep<Step extends RuleStep>(
  step: Step,
  context: RuleContext,
): Promise<ResultOf<Step>>;
export async function performRuleStep(
  step: RuleStep,
  context: RuleContext,
): Promise<ResultOf<RuleStep>> {
  switch (step.type) {
    case "repositories":
      return await performRepositories(step, context);
    case "tags":
      return await performTags(step, context);
    case "images":
      return await performImages(step, context);
    case "prune":
      return await performPrune(step, context);
  }
}

type StepOf<Type extends RuleStep["type"]> = Extract<RuleStep, { type: Type }>;

async function performRepositories(
  { only }: StepOf<"repositories">,
  { rule, batch, signal, now }: RuleContext,
): Promise<RuleStepResults["repositories"]> {
  const repositories: string[] = [];
  try {
    const scope = only === undefined ? undefined : { repository: only };
    for await (const name of listRepositories(rule, batch, { only: scope, signal })) {
      repositories.push(name);
    }
    return { repositories };
  } catch (error) {
    const postponed = toPostponement(error, rule, { now, signal });
    if (postponed) return { repositories, postponed };
    if (repositories.length === 0) throw error;
    return { repositories, failure: toFailure(error, signal) };
  }
}

async function performTags(
  { repository, only: tag, dates: known }: StepOf<"tags">,
  { rule, batch, signal, now, maxDates = Infinity }: RuleContext,
): Promise<RuleStepResults["tags"]> {
  const { source, dates, isPart } = limitDates(batch, known, maxDates);
  const only = tag === undefined ? undefined : { repository, tag };
  try {
    const { tags, ...rest } = await findTags(rule, repository, source, {
      now: now(),
      only,
      signal,
    });
    return isPart() ? { dates } : { ...rest, tags, dates };
  } catch (error) {
    const postponed = toPostponement(error, rule, { now, signal });
    if (!postponed) throw error;
    return { dates, postponed };
  }
}

/** A listing that knows some dates, and finds a bounded number of others. */
function limitDates(
  batch: Listing,
  known: TagDates,
  maxDates: number,
): { source: Pick<Listing, "tags" | "created">; dates: TagDates; isPart: () => boolean } {
  const times = new Map(known);
  const dates: TagDates = [];
  let wanted = 0;
  return {
    dates,
    isPart: () => wanted > maxDates,
    source: {
      tags: batch.tags,
      async created(name, options): Promise<Date | undefined> {
        const tag = parseReference(name).tag ?? "";
        let time = times.get(tag);
        if (time === undefined && ++wanted <= maxDates) {
          time = await findTime(batch, name, options);
          dates.push([tag, time]);
        }
        return typeof time === "number" ? new Date(time) : undefined;
      },
    },
  };
}

/** @returns `null` where there is no date, or no longer an image */
async function findTime(
  source: Listing,
  ...[name, options]: Parameters<Listing["created"]>
): Promise<number | null> {
  try {
    return (await source.created(name, options))?.getTime() ?? null;
  } catch (error) {
    if (error instanceof CrossdockError && error.code === "not_found") return null;
    throw error;
  }
}

async function performImages(
  step: StepOf<"images">,
  context: RuleContext,
): Promise<RuleStepResults["images"]> {
  const { slots, rule, signal, pulls, limit } = context;
  pulls.started = Math.max(pulls.started, step.startedPulls);
  const run = new ImageRun(step, context);
  const items = step.tags.map((tag) => toWorkItem(rule, step.repository, tag));
  const reports = await mapConcurrent(items, slots.count, async (item) => {
    const leave = await slots.take(signal);
    return await run.run(item).finally(leave);
  }, signal);
  const left = items.filter((_, i) => reports[i]?.some(({ result }) => result === "postponed"));
  return {
    tags: reports.flat(),
    startedPulls: pulls.started,
    warnings: run.warnings,
    ...(left.length > 0 && limit.last
      ? { postponed: { ...limit.last, tags: left.map(({ tag }) => tag) } }
      : {}),
  };
}

/** Compares images with their targets and copies those that differ. */
class ImageRun {
  readonly warnings: string[] = [];
  readonly #step: StepOf<"images">;
  readonly #context: RuleContext;

  constructor(step: StepOf<"images">, context: RuleContext) {
    this.#step = step;
    this.#context = context;
  }

  async run({ source, requests }: WorkItem): Promise<TagReport[]> {
    const { batch, rule: { fastCheck }, signal } = this.#context;
    if (this.#isPostponed()) return requests.map((request) => postponedReport(request));
    const image = batch.open(source);
    const compared = await Promise.allSettled(
      requests.map((request) =>
        image.compare(request, { fastCheck, signal, emit: this.#emitFor(request) })
      ),
    );
    const reports: TagReport[] = [];
    // One after the other: what the first copy has read of the source, the others need not read.
    for (const [i, request] of requests.entries()) {
      const result = compared[i];
      if (!result) continue;
      const report = result.status === "fulfilled"
        ? await this.#act(request, result.value)
        : this.#fail(request, result.reason, this.#step.mayBeMissing);
      // A postponed image has not ended: the run may wait and try it again.
      if (report.result !== "postponed") emitTag(report, this.#context);
      reports.push(report);
    }
    return reports;
  }

  /** Does what the comparison calls for. */
  async #act(request: CopyRequestInput, prospect: Prospect): Promise<TagReport> {
    const { startCopy, rule: { mediaTypes } } = this.#context;
    const { dryRun = false, missing = false } = this.#step;
    const { state, current, copy } = prospect;
    const { source, destination } = request;
    const names = { source, destination };
    const digest = prospect.digest ?? current;
    if (mediaTypes && !mediaTypes.includes(prospect.source.mediaType)) {
      return { ...names, result: "skipped" };
    }
    if (!copy || state === "in-step" && (dryRun || startCopy)) {
      return { ...names, result: "unchanged", ...(digest ? { digest } : {}) };
    }
    const mustStay = missing || request.ifExists === "skip";
    if (mustStay && state === "behind" && current && current !== prospect.digest) {
      return { ...names, result: "skipped", digest: current };
    }
    if (dryRun) {
      return {
        ...names,
        result: "would-copy",
        ...(prospect.digest ? { digest: prospect.digest } : {}),
      };
    }
    if (this.#isPostponed()) return postponedReport(request);
    try {
      return await this.#withPulls(prospect, async (keepPulls) => {
        await this.#backUp(request, prospect);
        if (startCopy) {
          const { id } = await startCopy({ ...request, source: pin(source, prospect) });
          keepPulls();
          return { ...names, result: "started", ...(digest ? { digest } : {}), id };
        }
        const report = await copy({ signal: this.#context.signal, emit: this.#emitFor(request) });
        return { ...names, result: report.result, digest: report.digest, report };
      });
    } catch (error) {
      return this.#fail(request, error);
    }
  }

  /**
   * Counts the pulls of a copy while it runs: one at least. A durable copy asks for nothing itself: its manifests are counted
   * beforehand, and stay counted.
   *
   * @throws CrossdockError `rate_limited` where the copy would go below the rule's floor
   */
  async #withPulls(
    prospect: Prospect,
    work: (keepPulls: () => void) => Promise<TagReport>,
  ): Promise<TagReport> {
    const { rule: { rateLimit, source }, startCopy, pulls, signal } = this.#context;
    const registry = source.split("/", 1).join();
    let own = 0;
    let areKept = false;
    const take = (count: number): void => {
      const { remaining } = prospect.pulls ?? {};
      if (rateLimit && remaining !== undefined) {
        checkFloor(rateLimit, remaining - pulls.underWay - pulls.started, registry, count);
      }
      pulls.underWay += count;
      own += count;
    };
    try {
      take(1);
      if (startCopy && rateLimit?.min && prospect.pulls) {
        take(await prospect.countManifests({ signal }) - 1);
      }
      return await work(() => areKept = true);
    } finally {
      pulls.underWay -= own;
      if (areKept) pulls.started += own;
    }
  }

  /**
   * Saves the image that the copy is about to overwrite. A backup that fails is a warning, as in regsync.
   *
   * @throws {ParseError} where `backup` gives no name
   */
  async #backUp(request: CopyRequestInput, { current, digest }: Prospect): Promise<void> {
    const { rule, env = {}, readFile, now, signal, batch } = this.#context;
    if (!current || current === digest || !rule.backup) return;
    const { destination } = request;
    const backup = backupReference(rule, destination, { env, readFile, now: now() });
    if (backup === undefined) return;
    try {
      const saved = formatReference({ ...parseReference(destination), digest: current });
      // Referrers stay where they are, unless that is the image's own repository.
      const { referrerSource: _, referrerDestination, ...copy } = rule.copy;
      const prospect = await batch.open(saved).compare({
        ...copy,
        ...(referrerDestination === undefined ? {} : { referrers: false }),
        ifExists: "overwrite",
        recheck: false,
        source: saved,
        destination: backup,
      }, { fastCheck: true, signal });
      await prospect.copy?.({ signal });
    } catch (error) {
      this.#warn(`back up ${destination}: ${toFailure(error, signal).message}`);
    }
  }

  #fail(request: CopyRequestInput, cause: unknown, mayBeMissing = false): TagReport {
    const { rule, now, signal, limit } = this.#context;
    const { source, destination } = request;
    const postponed = toPostponement(cause, rule, { now, signal });
    if (postponed) {
      if (postponed.until > (limit.last?.until ?? 0)) limit.last = postponed;
      return postponedReport(request, postponed.error);
    }
    const error = toFailure(cause, signal);
    if (mayBeMissing && error.code === "not_found" && error.side === "source") {
      return { source, destination, result: "missing" };
    }
    return { source, destination, result: "failed", error };
  }

  #isPostponed(): boolean {
    const { limit, now } = this.#context;
    return limit.last !== undefined && limit.last.until > now();
  }

  #warn(message: string): void {
    warn(message, this.warnings, this.#context);
  }

  #emitFor({ source, destination }: CopyRequestInput): Emit | undefined {
    const { emit, rule: { name: rule } } = this.#context;
    return emit && ((event) => emit({ type: "copy", rule, source, destination, event }));
  }
}

async function performPrune(
  { repository, tags, tooFresh, dryRun }: StepOf<"prune">,
  context: RuleContext,
): Promise<RuleStepResults["prune"]> {
  const { rule, rules, batch, signal, emit } = context;
  const warnings: string[] = [];
  const pruned: PruneReport[] = [];
  for (const target of targetsOf(rule, repository)) {
    const reports = await pruneTarget(target, {
      rule,
      rules,
      source: repository,
      selected: tags,
      tooFresh,
      batch,
      dryRun,
      signal,
      warn: (message) => warn(message, warnings, context),
    });
    for (const report of reports) emit?.({ type: "prune-ended", rule: rule.name, pruned: report });
    pruned.push(...reports);
  }
  return { pruned, warnings };
}

/** Adds a warning to those of the step. It is emitted once in a run. */
function warn(message: string, warnings: string[], { warned, emit, rule }: RuleContext): void {
  if (!warnings.includes(message)) warnings.push(message);
  if (warned.has(message)) return;
  warned.add(message);
  emit?.({ type: "warning", rule: rule.name, message });
}

function emitTag(tag: TagReport, { emit, rule }: RuleContext): void {
  emit?.({ type: "tag-ended", rule: rule.name, tag });
}

/** The report of an image whose turn a rate limit postpones. */
export function postponedReport(
  { source, destination }: Pick<CopyRequestInput, "source" | "destination">,
  error?: SyncFailure,
): TagReport {
  return { source, destination, result: "postponed", ...(error ? { error } : {}) };
}

/** When to try again after a rate limit of the source; `undefined` for other errors and where no time is known. */
function toPostponement(
  cause: unknown,
  { rateLimit }: SyncRule,
  { now, signal }: Pick<RuleContext, "now" | "signal">,
): Postponement | undefined {
  if (!(cause instanceof CrossdockError) || cause.code !== "rate_limited") return undefined;
  const { retryMs = DEFAULT_RETRY_MS } = rateLimit ?? {};
  const delayMs = cause.retryAfterMs ?? (cause.side === "source" ? retryMs : undefined);
  if (delayMs === undefined) return undefined;
  return { until: now() + delayMs, error: toFailure(cause, signal) };
}

function pin(source: string, { source: { digest } }: Prospect): string {
  return formatReference({ ...withDefaultTag(parseReference(source)), digest });
}
