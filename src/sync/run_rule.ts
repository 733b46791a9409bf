/**
 * Runs a rule: the only loop over its steps. It lists the repositories, selects the tags of each, compares and copies images, and
 * prunes. It runs on a port, `RuleSteps`, here by function calls and in a Workflow by requests.
 */
import { mapConcurrent } from "../copy/concurrent.ts";
import { targetsOf, toWorkItem } from "./expand.ts";
import { postponedReport } from "./perform_rule_step.ts";
import { mayPrune } from "./prune.ts";
import type { SyncRule } from "./rule.ts";
import type { EmitSync, PruneReport, RuleReport, SyncFailure, TagReport } from "./model.ts";
import type {
  Postponement,
  ResultOf,
  RuleStep,
  RuleStepResults,
  RuleSteps,
  TagDates,
} from "./rule_steps.ts";
import { toFailure } from "./to_failure.ts";

export interface RunRuleOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  readonly emit?: EmitSync | undefined;
  /** Writes nothing and reports what would be written. */
  readonly dryRun?: boolean | undefined;
  /** Copies only tags that a target lacks, moves no tag and deletes none. */
  readonly missing?: boolean | undefined;
  /** What an event is about. The rest of the rule is left out, and nothing is pruned. */
  readonly only?: { readonly repository: string; readonly tag?: string | undefined } | undefined;
  /**
   * Waits for a rate limit until a time in milliseconds since the epoch. Resolves to `false` where the run must not wait that
   * long: it then ends, and reports the rest as postponed. Default: no run waits.
   */
  readonly waitUntil?: ((time: number) => Promise<boolean>) | undefined;
}

/**
 * Runs a rule once. A failure of one image or repository is part of the report, and the others go on.
 *
 * @throws the signal's reason
 */
export async function runRule(
  rule: SyncRule,
  steps: RuleSteps,
  options: RunRuleOptions,
): Promise<RuleReport> {
  return await new RuleRun(rule, steps, options).run();
}

/** The tags of one repository. */
interface Selection {
  readonly tags: readonly string[];
  readonly tooFresh: readonly string[];
  readonly isListed: boolean;
}

/** A step's name in a Workflow has at most 256 characters. */
const MAX_NAME_CHARS = 200;

class RuleRun {
  readonly #rule: SyncRule;
  readonly #steps: RuleSteps;
  readonly #options: RunRuleOptions;
  readonly #pruned: PruneReport[] = [];
  readonly #warnings = new Set<string>();
  readonly #limit: RateLimit;
  /** Pulls of the durable copies that were started and that the registry may not have counted. */
  #startedPulls = 0;

  constructor(rule: SyncRule, steps: RuleSteps, options: RunRuleOptions) {
    this.#rule = rule;
    this.#steps = steps;
    this.#options = options;
    this.#limit = new RateLimit(options.waitUntil, () => {
      // By now the registry has counted them.
      this.#startedPulls = 0;
    });
  }

  async run(): Promise<RuleReport> {
    const { emit, now } = this.#options;
    const { name } = this.#rule;
    const startedAt = now();
    emit?.({ type: "rule-started", rule: name });
    const tags = await this.#runRepositories();
    const postponedUntil = this.#limit.postponed?.until;
    const report: RuleReport = {
      rule: name,
      result: postponedUntil === undefined ? sumUp(tags, this.#pruned) : "postponed",
      tags,
      pruned: this.#pruned,
      requests: this.#steps.requests(),
      durationMs: now() - startedAt,
      warnings: [...this.#warnings],
      ...(postponedUntil === undefined ? {} : { postponedUntil }),
    };
    emit?.({ type: "rule-ended", report });
    return report;
  }

  async #runRepositories(): Promise<TagReport[]> {
    const { only, signal } = this.#options;
    const { source, targets } = this.#rule;
    const step: RuleStep = {
      type: "repositories",
      ...(only ? { only: only.repository } : {}),
    };
    let listed: RuleStepResults["repositories"] | undefined;
    try {
      listed = await this.#try("repositories", step);
    } catch (error) {
      return this.#failAll(source, targets, toFailure(error, signal));
    }
    if (!listed) return this.#postponeAll(source, targets);
    // Those that were listed before a failure run all the same.
    const places = [...listed.repositories.entries()];
    const tags = await mapConcurrent(
      places,
      this.#steps.parallel,
      ([i, repository]) => this.#runRepository(repository, i + 1),
      signal,
    );
    const { failure } = listed;
    return [...tags.flat(), ...(failure ? this.#failAll(source, targets, failure) : [])];
  }

  /** @param number of the repository in the run: part of the names of its steps, so that no two are equal */
  async #runRepository(repository: string, number: number): Promise<TagReport[]> {
    const targets = targetsOf(this.#rule, repository);
    const place = `${number} ${repository}`.slice(0, MAX_NAME_CHARS);
    try {
      const selection = await this.#selectTags(repository, place);
      if (!selection) return this.#postponeAll(repository, targets);
      const reports = await this.#runImages(repository, selection, place);
      for (const tag of selection.tooFresh) {
        for (const target of targets) {
          reports.push(this.#end({
            source: `${repository}:${tag}`,
            destination: `${target}:${tag}`,
            result: "too-fresh",
          }));
        }
      }
      await this.#prune(repository, { selection, reports, place });
      return reports;
    } catch (error) {
      return this.#failAll(repository, targets, toFailure(error, this.#options.signal));
    }
  }

  /** @returns `undefined` where a rate limit postpones it beyond this run */
  async #selectTags(repository: string, place: string): Promise<Selection | undefined> {
    const { only } = this.#options;
    const dates: TagDates = [];
    for (let part = 1;; part++) {
      const name = part === 1 ? `${place}: tags` : `${place}: tags, part ${part}`;
      const result = await this.#try(name, {
        type: "tags",
        repository,
        ...(only?.tag === undefined ? {} : { only: only.tag }),
        dates: [...dates],
      });
      if (!result) return undefined;
      dates.push(...result.dates ?? []);
      const { tags, tooFresh = [], isListed = false } = result;
      if (tags) return { tags, tooFresh, isListed };
    }
  }

  /** Page after page, some of them at once. */
  async #runImages(
    repository: string,
    { tags, isListed }: Selection,
    place: string,
  ): Promise<TagReport[]> {
    const { parallel, pageSize } = this.#steps;
    const pages = Array.from(
      { length: Math.ceil(tags.length / pageSize) },
      (_, i) => tags.slice(i * pageSize, (i + 1) * pageSize),
    );
    const reports = await mapConcurrent([...pages.entries()], parallel, async ([i, page]) => {
      const first = i * pageSize + 1;
      const name = `${place}: ${first} to ${first + page.length - 1}`;
      return await this.#runPage(name, { repository, tags: page, mayBeMissing: !isListed });
    }, this.#options.signal);
    return reports.flat();
  }

  async #runPage(
    name: string,
    page: { repository: string; tags: readonly string[]; mayBeMissing: boolean },
  ): Promise<TagReport[]> {
    const { dryRun, missing, signal } = this.#options;
    const { repository, mayBeMissing } = page;
    const ended = new Map<string, TagReport>();
    let left = page.tags;
    for (let attempt = 1; left.length > 0; attempt++) {
      if (!await this.#limit.allows()) break;
      try {
        const result = await this.#steps.run(attempt === 1 ? name : `${name}, attempt ${attempt}`, {
          type: "images",
          repository,
          tags: [...left],
          mayBeMissing,
          startedPulls: this.#startedPulls,
          ...(dryRun ? { dryRun } : {}),
          ...(missing ? { missing } : {}),
        });
        this.#startedPulls = result.startedPulls;
        result.warnings.forEach((warning) => this.#warnings.add(warning));
        for (const report of result.tags) {
          const before = ended.get(report.destination);
          if (!before || before.result === "postponed") ended.set(report.destination, report);
        }
        left = result.postponed?.tags ?? [];
        if (result.postponed) this.#postpone(result.postponed);
      } catch (error) {
        const failure = toFailure(error, signal);
        for (const { source, destination } of this.#requestsOf(repository, left)) {
          if (ended.has(destination)) continue;
          ended.set(
            destination,
            this.#end({ source, destination, result: "failed", error: failure }),
          );
        }
        left = [];
      }
    }
    for (const request of this.#requestsOf(repository, left)) {
      const report = ended.get(request.destination) ?? postponedReport(request);
      ended.set(request.destination, report);
      if (report.result === "postponed") this.#end(report);
    }
    return [...ended.values()];
  }

  #requestsOf(
    repository: string,
    tags: readonly string[],
  ): { readonly source: string; readonly destination: string }[] {
    return tags.flatMap((tag) => toWorkItem(this.#rule, repository, tag).requests);
  }

  async #prune(
    repository: string,
    { selection: { tags, tooFresh }, reports, place }: {
      readonly selection: Selection;
      readonly reports: readonly TagReport[];
      readonly place: string;
    },
  ): Promise<void> {
    const { only, missing, dryRun } = this.#options;
    if (!this.#rule.prune || only || missing || tags.length === 0) return;
    if (!mayPrune(reports.map(({ result }) => result)) || this.#limit.postponed) return;
    const { pruned, warnings } = await this.#steps.run(`${place}: prune`, {
      type: "prune",
      repository,
      tags: [...tags],
      tooFresh: [...tooFresh],
      ...(dryRun ? { dryRun } : {}),
    });
    this.#pruned.push(...pruned);
    warnings.forEach((warning) => this.#warnings.add(warning));
  }

  /**
   * Performs a step once the rate limit allows it, and again after a wait where it postpones the step.
   *
   * @returns `undefined` where the run must not wait that long
   */
  async #try<Step extends RuleStep & { type: "repositories" | "tags" }>(
    name: string,
    step: Step,
  ): Promise<ResultOf<Step> | undefined> {
    for (let attempt = 1; await this.#limit.allows(); attempt++) {
      const result = await this.#steps.run(
        attempt === 1 ? name : `${name}, attempt ${attempt}`,
        step,
      );
      if (!result.postponed) return result;
      this.#postpone(result.postponed);
      // The dates that were found are not asked for again.
      if (step.type === "tags" && "dates" in result) step.dates.push(...result.dates ?? []);
    }
    return undefined;
  }

  #postpone(postponement: Postponement): void {
    if (!this.#limit.postponed) this.#warn(`${postponement.error.message}: the run is put off`);
    this.#limit.postpone(postponement);
  }

  /** One report for all images of a repository, or of the rule, at each target. */
  #failAll(source: string, targets: readonly string[], error: SyncFailure): TagReport[] {
    return targets.map((destination) =>
      this.#end({ source, destination, result: "failed", error })
    );
  }

  #postponeAll(source: string, targets: readonly string[]): TagReport[] {
    const error = this.#limit.postponed?.error;
    return targets.map((destination) => this.#end(postponedReport({ source, destination }, error)));
  }

  #end(tag: TagReport): TagReport {
    this.#options.emit?.({ type: "tag-ended", rule: this.#rule.name, tag });
    return tag;
  }

  #warn(message: string): void {
    if (this.#warnings.has(message)) return;
    this.#warnings.add(message);
    this.#options.emit?.({ type: "warning", rule: this.#rule.name, message });
  }
}

/** Holds a run back while a rate limit of the source lasts: the only place that waits for one. */
class RateLimit {
  /** The limit that ended the run's waiting, or lasts. */
  postponed: Postponement | undefined;
  readonly #waitUntil: (time: number) => Promise<boolean>;
  readonly #onOver: () => void;
  #waiting: Promise<boolean> | undefined;
  #isGivenUp = false;

  /** @param onOver called after a wait */
  constructor(
    waitUntil: RunRuleOptions["waitUntil"] = () => Promise.resolve(false),
    onOver: () => void,
  ) {
    this.#waitUntil = waitUntil;
    this.#onOver = onOver;
  }

  /** Of several, the longest counts. */
  postpone(postponement: Postponement): void {
    if (postponement.until > (this.postponed?.until ?? 0)) this.postponed = postponement;
  }

  /** Waits while the limit lasts. `false`: the run must not wait that long, and nothing more may be pulled. */
  async allows(): Promise<boolean> {
    while (this.postponed && !this.#isGivenUp) {
      const { until } = this.postponed;
      this.#waiting ??= this.#waitUntil(until).finally(() => this.#waiting = undefined);
      const isOver = await this.#waiting;
      if (!isOver) this.#isGivenUp = true;
      else if (this.postponed?.until === until) {
        this.postponed = undefined;
        this.#onOver();
      }
    }
    return !this.#isGivenUp;
  }
}

function sumUp(tags: readonly TagReport[], pruned: readonly PruneReport[]): RuleReport["result"] {
  const results = [...tags, ...pruned].map(({ result }) => result);
  const failed = results.filter((result) => result === "failed").length;
  if (failed === 0) return "ok";
  return failed === results.length ? "all-failed" : "some-failed";
}
