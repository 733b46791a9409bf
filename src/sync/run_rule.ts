/** Runs a rule: each of its images is compared by a HEAD on either side, and copied where they differ. */
import type { Batch, Prospect } from "./batch.ts";
import { mapConcurrent } from "../copy/concurrent.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import { CrossdockError } from "../errors.ts";
import type { Emit } from "../copy/model.ts";
import { formatReference, parseReference, withDefaultTag } from "../oci/reference.ts";
import { backupReference } from "./backup.ts";
import { expandRule } from "./expand.ts";
import type { ExpandOptions, RepositoryWork, WorkItem } from "./expand.ts";
import { mayPrune } from "./prune.ts";
import { pruneTarget } from "./prune_target.ts";
import { checkFloor, createPullFloor } from "./pull_floor.ts";
import { DEFAULT_RETRY_MS } from "./rule.ts";
import type { SyncRule } from "./rule.ts";
import type { EmitSync, PruneReport, RuleReport, TagReport } from "./model.ts";
import { Slots } from "./slots.ts";
import type { SyncEngine } from "./sync_engine.ts";
import { toFailure } from "./to_failure.ts";

export interface RunRuleOptions {
  readonly engine: Pick<SyncEngine, "batch">;
  /** All rules of the configuration, those too that do not run: what they bring to a target is not pruned. */
  readonly rules: readonly SyncRule[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  readonly emit?: EmitSync | undefined;
  /** Writes nothing and says what would be written. */
  readonly dryRun?: boolean | undefined;
  /** Copies only what a target lacks, moves no tag and deletes none. */
  readonly missing?: boolean | undefined;
  /** What a webhook told of: nothing else is looked at, and nothing pruned. */
  readonly only?: ExpandOptions["only"] | undefined;
  /**
   * Has a copy go on by itself instead of making it here, and gives its id. The source is pinned to the digest that was found.
   */
  readonly startCopy?:
    | ((request: CopyRequestInput) => Promise<{ readonly id: string }>)
    | undefined;
  /** Pulls of the copies that were started before in the course of the same run; those that are started here are added. */
  readonly started?: { pulls: number } | undefined;
  /** Images at once, shared by the rules that run side by side. Default: four of its own. */
  readonly slots?: Slots | undefined;
  /** Variables for the template of `backup`. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The content of a file, for the template of `backup`. Absent where the host has none. */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
}

const DEFAULT_SLOTS = 4;

/**
 * Runs a rule once. What fails of it is in the report and keeps nothing else from being copied.
 *
 * @throws the signal's reason
 */
export async function runRule(rule: SyncRule, options: RunRuleOptions): Promise<RuleReport> {
  return await new RuleRun(rule, options).run();
}

class RuleRun {
  readonly #rule: SyncRule;
  readonly #options: RunRuleOptions;
  readonly #batch: Batch;
  readonly #slots: Slots;
  readonly #startedAt: number;
  readonly #warnings: string[] = [];
  readonly #pruned: PruneReport[] = [];
  #putOffUntil: number | undefined;
  /** Of copies: each is going to pull once at least, and one that was started may do so after this run. */
  readonly #underWay: { pulls: number };

  constructor(rule: SyncRule, options: RunRuleOptions) {
    this.#rule = rule;
    this.#options = options;
    const beforePull = createPullFloor(rule);
    this.#batch = options.engine.batch({ isReadOnly: options.dryRun ?? false, beforePull });
    this.#slots = options.slots ?? new Slots(DEFAULT_SLOTS);
    this.#startedAt = options.now();
    this.#underWay = options.started ?? { pulls: 0 };
  }

  async run(): Promise<RuleReport> {
    const { emit, now } = this.#options;
    const { name } = this.#rule;
    emit?.({ type: "rule-started", rule: name });
    const tags = await this.#runAll();
    const report: RuleReport = {
      rule: name,
      result: this.#putOffUntil === undefined ? sumUp(tags, this.#pruned) : "put-off",
      tags,
      pruned: this.#pruned,
      requests: { ...this.#batch.requests },
      durationMs: now() - this.#startedAt,
      warnings: this.#warnings,
      ...(this.#putOffUntil === undefined ? {} : { putOffUntil: this.#putOffUntil }),
    };
    emit?.({ type: "rule-ended", report });
    return report;
  }

  /** Repository after repository as they are listed, some of them at once. */
  async #runAll(): Promise<TagReport[]> {
    const { only, signal } = this.#options;
    const reports: Promise<TagReport[]>[] = [];
    const places = new Slots(this.#slots.count);
    const expanding = { now: this.#startedAt, signal, ...(only ? { only } : {}) };
    let failure: { readonly error: unknown } | undefined;
    try {
      for await (const work of expandRule(this.#rule, this.#batch, expanding)) {
        const leave = await places.take(signal);
        const running = this.#runRepository(work).finally(leave);
        running.catch(() => {}); // It is awaited below; until then it must not count as unhandled.
        reports.push(running);
      }
    } catch (error) {
      failure = { error };
    }
    // The repositories that were listed before it failed are gone through all the same.
    const settled = await Promise.allSettled(reports);
    const tags = settled.flatMap((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
    const { source, targets } = this.#rule;
    return failure ? [...tags, ...this.#failAll(source, targets, failure.error)] : tags;
  }

  async #runRepository(work: RepositoryWork): Promise<TagReport[]> {
    const { source, targets, items, tooFresh, failure } = work;
    if (failure) return this.#failAll(source, targets, failure);
    const { signal } = this.#options;
    const run = (item: WorkItem): Promise<TagReport[]> => this.#runItem(item);
    const tags = (await mapConcurrent(items, this.#slots.count, run, signal)).flat();
    for (const tag of tooFresh) {
      for (const target of targets) {
        tags.push(this.#end({
          source: `${source}:${tag}`,
          destination: `${target}:${tag}`,
          result: "too-fresh",
        }));
      }
    }
    await this.#prune(work, tags);
    return tags;
  }

  async #runItem({ source, requests, mayBeMissing }: WorkItem): Promise<TagReport[]> {
    const { signal } = this.#options;
    const leave = await this.#slots.take(signal);
    try {
      if (this.#putOffUntil !== undefined) {
        return requests.map((request) => this.#end({ ...namesOf(request), result: "put-off" }));
      }
      const image = this.#batch.open(source);
      const { fastCheck } = this.#rule;
      const compared = await Promise.allSettled(
        requests.map((request) =>
          image.compare(request, { fastCheck, signal, emit: this.#emitFor(request) })
        ),
      );
      const reports: TagReport[] = [];
      // One after the other: what the first has read of the source, the others need not.
      for (const [i, request] of requests.entries()) {
        const result = compared[i];
        if (!result) continue;
        const report = result.status === "fulfilled"
          ? await this.#act(request, result.value)
          : this.#fail(request, result.reason, mayBeMissing);
        reports.push(this.#end(report));
      }
      return reports;
    } finally {
      leave();
    }
  }

  /** Does what the comparison calls for. */
  async #act(request: CopyRequestInput, prospect: Prospect): Promise<TagReport> {
    const { dryRun, missing, startCopy, signal } = this.#options;
    const { mediaTypes } = this.#rule;
    const { state, current, copy } = prospect;
    const digest = prospect.digest ?? current;
    const names = namesOf(request);
    const isOdd = mediaTypes !== undefined && !mediaTypes.includes(prospect.source.mediaType);
    const isKept = missing || request.ifExists === "skip";
    if (isOdd) return { ...names, result: "skipped" };
    if (!copy || state === "in-step" && (dryRun || startCopy)) {
      return { ...names, result: "unchanged", ...(digest ? { digest } : {}) };
    }
    if (isKept && state === "behind" && current && current !== prospect.digest) {
      return { ...names, result: "skipped", digest: current };
    }
    if (dryRun) {
      return {
        ...names,
        result: "would-copy",
        ...(prospect.digest ? { digest: prospect.digest } : {}),
      };
    }
    if (this.#putOffUntil !== undefined) return { ...names, result: "put-off" };
    let pulls = 1;
    try {
      this.#checkFloor(prospect, pulls);
    } catch (error) {
      return this.#fail(request, error);
    }
    this.#underWay.pulls += pulls;
    try {
      // What goes on by itself asks nobody.
      if (startCopy && this.#rule.rateLimit?.min && prospect.pulls) {
        const more = await prospect.countManifests({ signal }) - pulls;
        this.#checkFloor(prospect, more);
        this.#underWay.pulls += more;
        pulls += more;
      }
      await this.#backUp(request, prospect);
      if (startCopy) {
        const { id } = await startCopy({ ...request, source: pin(request.source, prospect) });
        this.#underWay.pulls += pulls;
        return { ...names, result: "started", ...(digest ? { digest } : {}), id };
      }
      const report = await copy({ signal, emit: this.#emitFor(request) });
      return { ...names, result: report.result, digest: report.digest, report };
    } catch (error) {
      return this.#fail(request, error);
    } finally {
      this.#underWay.pulls -= pulls;
    }
  }

  /** @throws CrossdockError `rate_limited` where that many more would take the source's registry below the floor */
  #checkFloor({ pulls }: Prospect, count: number): void {
    const { rateLimit, source } = this.#rule;
    if (!rateLimit || !pulls) return;
    const left = pulls.remaining - this.#underWay.pulls;
    checkFloor(rateLimit, left, source.split("/", 1).join(), count);
  }

  #putOff(delayMs: number, why: string): void {
    if (this.#putOffUntil === undefined) this.#warn(`${why}: the run is put off`);
    this.#putOffUntil = Math.max(this.#putOffUntil ?? 0, this.#options.now() + delayMs);
  }

  /**
   * What a target has is saved before it is overwritten. That it cannot be copied is no reason not to go on, as in regsync.
   *
   * @throws {ParseError} where `backup` gives no name
   */
  async #backUp(request: CopyRequestInput, { current, digest }: Prospect): Promise<void> {
    if (!current || current === digest || !this.#rule.backup) return;
    const { signal, env = {}, readFile, now } = this.#options;
    const { destination } = request;
    const backup = backupReference(this.#rule, destination, { env, readFile, now: now() });
    if (backup === undefined) return;
    try {
      const saved = formatReference({ ...parseReference(destination), digest: current });
      // What refers to it stays where it is, unless that is the image's own repository.
      const { referrerSource: _, referrerDestination, ...copy } = this.#rule.copy;
      const options = {
        ...copy,
        ...(referrerDestination === undefined ? {} : { referrers: false }),
        ifExists: "overwrite" as const,
        recheck: false,
      };
      const asked = { ...options, source: saved, destination: backup };
      const prospect = await this.#batch.open(saved).compare(asked, { fastCheck: true, signal });
      await prospect.copy?.({ signal });
    } catch (error) {
      this.#warn(`back up ${destination}: ${toFailure(error, signal).message}`);
    }
  }

  async #prune(work: RepositoryWork, tags: readonly TagReport[]): Promise<void> {
    const { rules, dryRun, only, missing, signal } = this.#options;
    const isSeen = mayPrune(tags.map(({ result }) => result));
    if (!this.#rule.prune || only || missing || !isSeen || this.#putOffUntil !== undefined) return;
    for (const target of work.targets) {
      const pruned = await pruneTarget(target, {
        rule: this.#rule,
        rules,
        work,
        batch: this.#batch,
        dryRun,
        signal,
        warn: (message) => this.#warn(message),
      });
      for (const one of pruned) {
        this.#options.emit?.({ type: "prune-ended", rule: this.#rule.name, pruned: one });
      }
      this.#pruned.push(...pruned);
    }
  }

  /** One failure for all that would have come of a repository, or of the rule. */
  #failAll(source: string, targets: readonly string[], error: unknown): TagReport[] {
    return targets.map((destination) => this.#end(this.#fail({ source, destination }, error)));
  }

  #fail(
    request: Pick<CopyRequestInput, "source" | "destination">,
    cause: unknown,
    mayBeMissing = false,
  ): TagReport {
    const error = toFailure(cause, this.#options.signal);
    const names = namesOf(request);
    if (mayBeMissing && error.code === "not_found" && error.side === "source") {
      return { ...names, result: "missing" };
    }
    if (error.code === "rate_limited" && cause instanceof CrossdockError) {
      const { retryMs = DEFAULT_RETRY_MS } = this.#rule.rateLimit ?? {};
      const delayMs = cause.retryAfterMs ?? (cause.side === "source" ? retryMs : undefined);
      if (delayMs !== undefined) {
        this.#putOff(delayMs, error.message);
        return { ...names, result: "put-off", error };
      }
    }
    return { ...names, result: "failed", error };
  }

  #end(tag: TagReport): TagReport {
    this.#options.emit?.({ type: "tag-ended", rule: this.#rule.name, tag });
    return tag;
  }

  #warn(message: string): void {
    if (this.#warnings.includes(message)) return;
    this.#warnings.push(message);
    this.#options.emit?.({ type: "warning", rule: this.#rule.name, message });
  }

  #emitFor({ source, destination }: CopyRequestInput): Emit | undefined {
    const { emit } = this.#options;
    const rule = this.#rule.name;
    return emit && ((event) => emit({ type: "copy", rule, source, destination, event }));
  }
}

function namesOf(
  { source, destination }: Pick<CopyRequestInput, "source" | "destination">,
): Pick<TagReport, "source" | "destination"> {
  return { source, destination };
}

function pin(source: string, { source: { digest } }: Prospect): string {
  return formatReference({ ...withDefaultTag(parseReference(source)), digest });
}

function sumUp(tags: readonly TagReport[], pruned: readonly PruneReport[]): RuleReport["result"] {
  const results = [...tags, ...pruned].map(({ result }) => result);
  const failed = results.filter((result) => result === "failed").length;
  if (failed === 0) return "ok";
  return failed === results.length ? "all-failed" : "some-failed";
}
