/**
 * Runs a rule: lists its repositories, selects the tags of each, compares and copies images, and prunes. This is the only loop over
 * the steps. The port `RuleSteps` performs them.
 */
import { mapConcurrent } from "../copy/concurrent.ts";
import { targetsOf, toWorkItem } from "./expand.ts";
import type { SubjectImage } from "./find_image.ts";
import { mayPrune } from "./prune.ts";
import type { SyncRule } from "./rule.ts";
import { RunLimit } from "./run_limit.ts";
import type { EmitSync, PruneReport, RuleReport, SyncFailure, TagReport } from "./model.ts";
import { postponedReport } from "./rule_steps.ts";
import type {
  KnownImages,
  Postponement,
  ResultOf,
  RuleStep,
  RuleStepResults,
  RuleSteps,
  TagDates,
} from "./rule_steps.ts";
import { searchTags } from "./search_tags.ts";
import { toFailure } from "./to_failure.ts";

/** The part of a rule that an event names: a repository, or one of its images. Plain JSON. */
export interface RunScope {
  readonly repository: string;
  readonly tag?: string | undefined;
  /**
   * The manifest that got a new referrer. The run finds a tag that has it, unless `tag` names one, and checks the referrers and digest
   * tags of this tag's image, even with `fastCheck`.
   */
  readonly subject?: SubjectImage | undefined;
  /** Whether many manifests got new referrers: checks the referrers and digest tags of all images of the part, as for `subject`. */
  readonly related?: boolean | undefined;
}

export interface RunRuleOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  readonly emit?: EmitSync | undefined;
  /** Writes nothing, and reports what would be written. */
  readonly dryRun?: boolean | undefined;
  /** Copies only tags that a target lacks. Overwrites and deletes nothing. */
  readonly missing?: boolean | undefined;
  /** Restricts the run to the part that an event names. Nothing is pruned. */
  readonly only?: RunScope | undefined;
  /**
   * Waits for a rate limit until a time in milliseconds since the epoch. Returns `false` if the run must not wait that long. The
   * run then ends and reports the rest as postponed. Default: the run does not wait.
   */
  readonly waitUntil?: ((time: number) => Promise<boolean>) | undefined;
}

/**
 * Runs a rule once. The failure of an image or a repository is part of the report and does not stop the others.
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
  /** Tags that the rule names and the source lacks. */
  readonly notFound: readonly string[];
  /** Destinations that have their tag already. Known only in a run that copies missing tags. */
  readonly present: ReadonlySet<string>;
  /** Runs since the last comparison of all images. Absent if the run must not remember anything. */
  readonly runs: number | undefined;
}

/** Step names in a Workflow have at most 256 characters. This leaves room for the rest of the name. */
const MAX_NAME_CHARS = 200;

const NO_TAGS = "the rule selects no tags: its source has none that match";

class RuleRun {
  readonly #rule: SyncRule;
  readonly #steps: RuleSteps;
  readonly #options: RunRuleOptions;
  readonly #pruned: PruneReport[] = [];
  readonly #warnings = new Set<string>();
  readonly #limit: RunLimit;
  /** Images that earlier runs have mirrored, or that this run has found complete at their target. By destination. */
  readonly #known = new Map<string, KnownImages[number]>();
  /** Pulls of the durable copies that were started, which the registry may not have counted yet. */
  #startedPulls = 0;

  constructor(rule: SyncRule, steps: RuleSteps, options: RunRuleOptions) {
    this.#rule = rule;
    this.#steps = steps;
    this.#options = options;
    this.#limit = new RunLimit(options.waitUntil, () => {
      // The registry has counted them by now.
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
    if (tags.length === 0 && !this.#options.only) this.#warn(NO_TAGS);
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
    // Repositories that were listed before a failure still run.
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
    const reports: TagReport[] = [];
    const { only } = this.#options;
    try {
      if (only?.subject && only.tag === undefined) {
        return await this.#runSubject(repository, only.subject, place) ??
          this.#postponeAll(repository, targets);
      }
      const selection = await this.#selectTags(repository, place, only?.tag);
      if (!selection) return this.#postponeAll(repository, targets);
      this.#announce(repository, selection);
      reports.push(...await this.#runImages(repository, selection, place));
      await this.#remember(repository, selection, place);
      for (const request of this.#requestsOf(repository, selection.tooFresh)) {
        reports.push(this.#end({ ...namesOf(request), result: "too-fresh" }));
      }
      for (const request of this.#requestsOf(repository, selection.notFound)) {
        reports.push(this.#end({ ...namesOf(request), result: "missing" }));
      }
      await this.#prune(repository, { selection, reports, place });
    } catch (error) {
      reports.push(...this.#failAll(repository, targets, toFailure(error, this.#options.signal)));
    }
    return reports;
  }

  /**
   * Runs a tag whose image has the subject of a new referrer. One is enough: the others have the same content. The next one runs if
   * the rule does not select it, because of its age for example.
   *
   * @returns `undefined` if a rate limit postpones it beyond this run
   */
  async #runSubject(
    repository: string,
    subject: SubjectImage,
    place: string,
  ): Promise<TagReport[] | undefined> {
    const found = await searchTags({ repository, subject, place }, {
      run: (name, step) => this.#try(name, step),
      warn: (message) => this.#warn(message),
    });
    for (const [i, tag] of found?.entries() ?? []) {
      const part = `${place}: tag ${i + 1}`;
      const selection = await this.#selectTags(repository, part, tag);
      if (!selection) return undefined;
      if (selection.tags.length > 0) return await this.#runImages(repository, selection, part);
    }
    return found && [];
  }

  /**
   * @param tag restricts it to one tag
   * @returns `undefined` if a rate limit postpones it beyond this run
   */
  async #selectTags(
    repository: string,
    place: string,
    tag: string | undefined,
  ): Promise<Selection | undefined> {
    const { missing } = this.#options;
    const dates: TagDates = [];
    for (let part = 1;; part++) {
      const name = part === 1 ? `${place}: tags` : `${place}: tags, part ${part}`;
      const result = await this.#try(name, {
        type: "tags",
        repository,
        ...(tag === undefined ? {} : { only: tag }),
        dates,
        ...(missing ? { missing } : {}),
      });
      if (!result) return undefined;
      const { tags, tooFresh = [], isListed = false, notFound = [], present = [], state } = result;
      result.warnings?.forEach((warning) => this.#warnings.add(warning));
      for (const image of state?.known ?? []) this.#known.set(image[0], image);
      const more = { present: new Set(present), runs: state?.runs };
      if (tags) return { tags, tooFresh, isListed, notFound, ...more };
    }
  }

  async #runImages(
    repository: string,
    { tags, isListed, present, runs }: Selection,
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
      const names = this.#requestsOf(repository, page).map(({ destination }) => destination);
      return await this.#runPage(name, {
        repository,
        tags: page,
        mayBeMissing: !isListed,
        present: names.filter((name) => present.has(name)),
        known: runs === undefined ? undefined : this.#takeKnown(names),
      });
    }, this.#options.signal);
    return reports.flat();
  }

  async #runPage(
    name: string,
    page: {
      readonly repository: string;
      readonly tags: readonly string[];
      readonly mayBeMissing: boolean;
      readonly present: string[];
      readonly known: KnownImages | undefined;
    },
  ): Promise<TagReport[]> {
    const { dryRun, missing, only, signal } = this.#options;
    const { repository, mayBeMissing, present, known } = page;
    const ended = new Map<string, TagReport>();
    let left = page.tags;
    let failure: SyncFailure | undefined;
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
          ...(present.length > 0 ? { present } : {}),
          ...(known ? { known } : {}),
          ...(only?.subject || only?.related ? { related: true } : {}),
        });
        for (const image of result.known ?? []) this.#known.set(image[0], image);
        this.#startedPulls = result.startedPulls;
        result.warnings.forEach((warning) => this.#warnings.add(warning));
        for (const report of result.tags) {
          const before = ended.get(report.destination);
          if (!before || before.result === "postponed") ended.set(report.destination, report);
        }
        left = result.postponed?.tags ?? [];
        if (result.postponed) this.#postpone(result.postponed);
      } catch (error) {
        failure = toFailure(error, signal);
        break;
      }
    }
    for (const { source, destination } of this.#requestsOf(repository, left)) {
      const report = ended.get(destination);
      if (report && report.result !== "postponed") continue;
      ended.set(
        destination,
        this.#end(
          failure
            ? { source, destination, result: "failed", error: failure }
            : report ?? postponedReport({ source, destination }),
        ),
      );
    }
    return [...ended.values()];
  }

  #announce(repository: string, { tags, tooFresh, notFound }: Selection): void {
    const { length } = this.#requestsOf(repository, [...tags, ...tooFresh, ...notFound]);
    const { name: rule } = this.#rule;
    this.#options.emit?.({ type: "tags-selected", rule, repository, count: length });
  }

  /** Images are known again once this run has found them complete. */
  #takeKnown(destinations: readonly string[]): KnownImages {
    return destinations.flatMap((name) => {
      const image = this.#known.get(name);
      this.#known.delete(name);
      return image ? [image] : [];
    });
  }

  async #remember(
    repository: string,
    { tags, runs }: Selection,
    place: string,
  ): Promise<void> {
    if (runs === undefined) return;
    const names = this.#requestsOf(repository, tags).map(({ destination }) => destination);
    const step: Extract<RuleStep, { type: "remember" }> = {
      type: "remember",
      repository,
      runs,
      known: this.#takeKnown(names),
    };
    const { warnings } = await this.#steps.run(`${place}: remember`, step)
      .catch((error) => ({ warnings: [toFailure(error, this.#options.signal).message] }));
    warnings.forEach((warning) => this.#warnings.add(warning));
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
    if (!mayPrune(reports.map(({ result }) => result)) || !await this.#limit.allows()) return;
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
   * Performs a step as soon as the rate limit allows it, and repeats it after a wait if a rate limit postpones it. Adds the dates
   * that were found to the step, so that they are not found again.
   *
   * @returns `undefined` if the run must not wait that long
   */
  async #try<Step extends Exclude<RuleStep, { type: "images" | "remember" | "prune" }>>(
    name: string,
    step: Step,
  ): Promise<ResultOf<Step> | undefined> {
    for (let attempt = 1; await this.#limit.allows(); attempt++) {
      const result = await this.#steps.run(
        attempt === 1 ? name : `${name}, attempt ${attempt}`,
        step,
      );
      if (step.type === "tags" && "dates" in result) step.dates.push(...result.dates ?? []);
      if (!result.postponed) return result;
      this.#postpone(result.postponed);
    }
    return undefined;
  }

  #postpone(postponement: Postponement): void {
    if (!this.#limit.postponed) this.#warn(`${postponement.error.message}: the run is postponed`);
    this.#limit.postpone(postponement);
  }

  /** Reports a failed repository or rule: one report for each target, in place of one for each image. */
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

function namesOf(
  { source, destination }: Pick<TagReport, "source" | "destination">,
): Pick<TagReport, "source" | "destination"> {
  return { source, destination };
}

function sumUp(tags: readonly TagReport[], pruned: readonly PruneReport[]): RuleReport["result"] {
  const results = [...tags, ...pruned].map(({ result }) => result);
  const failed = results.filter((result) => result === "failed").length;
  if (failed === 0) return "ok";
  return failed === results.length ? "all-failed" : "some-failed";
}
