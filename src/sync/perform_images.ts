/** Performs the `images` step of a rule's run: compares images with their targets and copies those that differ. */
import { mapConcurrent } from "../copy/concurrent.ts";
import type { Emit } from "../copy/model.ts";
import { isComplete } from "../copy/referrer_state.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference, parseReference, withDefaultTag } from "../oci/reference.ts";
import { backupReference } from "./backup.ts";
import type { Comparison } from "./batch.ts";
import { toWorkItem } from "./expand.ts";
import type { WorkItem } from "./expand.ts";
import type { TagReport } from "./model.ts";
import { checkFloor } from "./pull_floor.ts";
import { addWarning, repositoryOf, toPostponement } from "./rule_context.ts";
import type { RuleContext } from "./rule_context.ts";
import { postponedReport } from "./rule_steps.ts";
import type { KnownImages, RuleStep, RuleStepResults } from "./rule_steps.ts";
import { toFailure } from "./to_failure.ts";

type ImagesStep = Extract<RuleStep, { type: "images" }>;

export async function performImages(
  step: ImagesStep,
  context: RuleContext,
): Promise<RuleStepResults["images"]> {
  const { slots, rule, signal, pulls, limit } = context;
  pulls.started = Math.max(pulls.started, step.startedPulls);
  const run = new ImageRun(step, context);
  const items = step.tags.map((tag) => toWorkItem(rule, step.repository, tag));
  const reports = await mapConcurrent(items, slots.count, async (item) => {
    const free = await slots.take(signal);
    return await run.run(item).finally(free);
  }, signal);
  const left = items.filter((_, i) => reports[i]?.some(({ result }) => result === "postponed"));
  return {
    tags: reports.flat(),
    ...(step.known ? { known: run.known } : {}),
    startedPulls: pulls.started,
    warnings: run.warnings,
    ...(left.length > 0 && limit.last
      ? { postponed: { ...limit.last, tags: left.map(({ tag }) => tag) } }
      : {}),
  };
}

class ImageRun {
  readonly warnings: string[] = [];
  /** Images that are complete at their target. */
  readonly known: KnownImages = [];
  readonly #step: ImagesStep;
  readonly #context: RuleContext;

  constructor(step: ImagesStep, context: RuleContext) {
    this.#step = step;
    this.#context = context;
  }

  async run({ source, requests: all }: WorkItem): Promise<TagReport[]> {
    const { batch, rule: { fastCheck }, signal } = this.#context;
    const { present = [], known = [], related = false } = this.#step;
    const requests = all.filter(({ destination }) => !present.includes(destination));
    const reports = all.filter((request) => !requests.includes(request))
      .map(({ source, destination }): TagReport => ({ source, destination, result: "unchanged" }));
    reports.forEach((report) => this.#emitEnd(report));
    if (this.#isPostponed()) {
      return [...reports, ...requests.map((request) => postponedReport(request))];
    }
    const image = batch.open(source, { isLikelyCopied: this.#isLikelyCopied(requests) });
    const compared = await Promise.allSettled(requests.map(async (request) => {
      const emit = this.#emitFor(request);
      const current = this.#takeCurrent(request);
      const options = { fastCheck: fastCheck && !related, signal, emit, current };
      const before = related ? undefined : known.find(([name]) => name === request.destination);
      const isSame = before && (await image.resolve(options)).digest === before[1];
      return isSame ? before : await image.compare(request, options);
    }));
    // At the same time, so that a blob that several targets lack is read once. Otherwise one after the other.
    const parallel = batch.sharesDownloads ? Math.max(1, requests.length) : 1;
    const copied = await mapConcurrent([...requests.entries()], parallel, async ([i, request]) => {
      const result = compared[i];
      const report = result?.status === "fulfilled"
        ? await this.#finish(request, result.value)
        : this.#toFailed(request, result?.reason, this.#step.mayBeMissing);
      this.#emitEnd(report);
      return report;
    });
    return [...reports, ...copied];
  }

  /** Whether some targets lack the tag, as far as the run knows, and the image is copied here whatever its media type. */
  #isLikelyCopied(requests: readonly CopyRequestInput[]): boolean {
    const { startCopy, probed, rule: { mediaTypes } } = this.#context;
    return !startCopy && !mediaTypes &&
      requests.some((request) =>
        this.#step.missing || probed.get(request.destination) === null ||
        this.#isInEmptyTarget(request)
      );
  }

  /** A destination that has ended may run again, because a rate limit has postponed another target. */
  #isInEmptyTarget({ destination }: CopyRequestInput): boolean {
    const { emptyTargets, ended } = this.#context;
    return emptyTargets.has(repositoryOf(destination)) && !ended.has(destination);
  }

  /** Takes what the run knows of a destination: its manifest, or `null` if it does not exist. */
  #takeCurrent(request: CopyRequestInput): Descriptor | null | undefined {
    const { probed } = this.#context;
    const current = probed.get(request.destination);
    probed.delete(request.destination);
    if (current !== undefined) return current;
    return this.#isInEmptyTarget(request) ? null : undefined;
  }

  /** Reports a known image, or copies one that differs. Remembers it if it is complete at its target. */
  async #finish(
    request: CopyRequestInput,
    found: KnownImages[number] | Comparison,
  ): Promise<TagReport> {
    const { source, destination } = request;
    if (Array.isArray(found)) {
      this.known.push(found);
      const digest = found[2] ?? found[1];
      return { source, destination, result: "unchanged", digest, remembered: true };
    }
    const ended = await this.#copyIfNeeded(request, found);
    const { result, report } = ended;
    const { digest } = found.source;
    // A copy of referrers with a warning may have left some out.
    const isWhole = !found.copy ||
      report && (!this.#context.rule.fastCheck || report.warnings.length === 0);
    if (isWhole && (result === "unchanged" || result === "copied")) {
      const differs = ended.digest !== digest;
      this.known.push([destination, digest, differs ? ended.digest as Digest : undefined]);
    }
    return ended;
  }

  async #copyIfNeeded(request: CopyRequestInput, comparison: Comparison): Promise<TagReport> {
    const { startCopy, rule: { mediaTypes } } = this.#context;
    const { dryRun = false, missing = false } = this.#step;
    const { state, current, copy, lacksReceipts } = comparison;
    const { source, destination } = request;
    const names = { source, destination };
    const digest = comparison.digest ?? current;
    if (mediaTypes && !mediaTypes.includes(comparison.source.mediaType)) {
      return { ...names, result: "skipped" };
    }
    if (!copy || state === "in-step" && (dryRun || startCopy && !lacksReceipts)) {
      const { referrerState } = comparison;
      return {
        ...names,
        result: "unchanged",
        ...(digest ? { digest } : {}),
        ...(referrerState && !isComplete(referrerState) ? { referrerState } : {}),
      };
    }
    const mustKeep = missing || request.ifExists === "skip";
    if (mustKeep && state === "behind" && current && current !== comparison.digest) {
      return { ...names, result: "skipped", digest: current };
    }
    if (dryRun) {
      try {
        await comparison.admit({ signal: this.#context.signal });
      } catch (error) {
        return this.#toFailed(request, error);
      }
      return {
        ...names,
        result: "would-copy",
        ...(comparison.digest ? { digest: comparison.digest } : {}),
      };
    }
    if (this.#isPostponed()) return postponedReport(request);
    try {
      return await this.#withPulls(comparison, async (keepPulls) => {
        await this.#backUp(request, comparison);
        if (startCopy) {
          const { id } = await startCopy({ ...request, source: pin(source, comparison) });
          keepPulls();
          return { ...names, result: "started", ...(digest ? { digest } : {}), id };
        }
        const report = await copy({ signal: this.#context.signal, emit: this.#emitFor(request) });
        return { ...names, result: report.result, digest: report.digest, report };
      });
    } catch (error) {
      return this.#toFailed(request, error);
    }
  }

  /**
   * Counts the pulls of a copy while it runs. A copy here checks the floor before each manifest, so it counts as one. A durable
   * copy has no such check: all its manifests are counted before it starts, and stay counted.
   *
   * @throws CrossdockError `rate_limited` if the copy would go below the rule's floor
   */
  async #withPulls(
    comparison: Comparison,
    work: (keepPulls: () => void) => Promise<TagReport>,
  ): Promise<TagReport> {
    const { rule: { rateLimit, source }, startCopy, pulls, signal } = this.#context;
    const registry = source.split("/", 1).join();
    let taken = 0;
    let isKept = false;
    const take = (count: number): void => {
      const { remaining } = comparison.pulls ?? {};
      if (rateLimit && remaining !== undefined) {
        checkFloor(rateLimit, remaining - pulls.underWay - pulls.started, registry, count);
      }
      pulls.underWay += count;
      taken += count;
    };
    try {
      take(1);
      if (startCopy && rateLimit?.min && comparison.pulls) {
        take(await comparison.countManifests({ signal }) - 1);
      }
      return await work(() => isKept = true);
    } finally {
      pulls.underWay -= taken;
      if (isKept) pulls.started += taken;
    }
  }

  /**
   * Saves the image that a copy is about to overwrite. A failed backup is only a warning, as in regsync.
   *
   * @throws {ParseError} if the template of `backup` gives no name; CrossdockError `rejected` if the new image may not be copied
   */
  async #backUp(request: CopyRequestInput, comparison: Comparison): Promise<void> {
    const { current, digest, admit } = comparison;
    const { rule, env = {}, readFile, now, signal, batch } = this.#context;
    if (!current || current === digest || !rule.backup) return;
    // The backup is the first write.
    await admit({ signal });
    const { destination } = request;
    const backup = backupReference(rule, destination, { env, readFile, now: now() });
    if (backup === undefined) return;
    try {
      const saved = formatReference({ ...parseReference(destination), digest: current });
      // Referrers are backed up only if they are in the image's repository.
      const { referrerSource: _, referrerDestination, ...copy } = rule.copy;
      const comparison = await batch.open(saved).compare({
        ...copy,
        ...(referrerDestination === undefined ? {} : { referrers: false }),
        ifExists: "overwrite",
        recheck: false,
        source: saved,
        destination: backup,
      }, { fastCheck: true, isBackup: true, signal });
      await comparison.copy?.({ signal });
    } catch (error) {
      const message = `back up ${destination}: ${toFailure(error, signal).message}`;
      addWarning(message, this.warnings, this.#context);
    }
  }

  /** @returns the report of a failed image, or of a postponed or missing one, depending on the error */
  #toFailed(request: CopyRequestInput, cause: unknown, mayBeMissing = false): TagReport {
    const { signal, limit } = this.#context;
    const { source, destination } = request;
    const postponed = toPostponement(cause, this.#context);
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

  #emitFor({ source, destination }: CopyRequestInput): Emit | undefined {
    const { emit, rule: { name: rule } } = this.#context;
    return emit && ((event) => emit({ type: "copy", rule, source, destination, event }));
  }

  /**
   * Emits a result once. A postponed image has not ended, because the run may wait and try it again; its other targets then run
   * again as well.
   */
  #emitEnd(tag: TagReport): void {
    const { emit, rule, ended } = this.#context;
    if (tag.result === "postponed" || ended.has(tag.destination)) return;
    ended.add(tag.destination);
    emit?.({ type: "tag-ended", rule: rule.name, tag });
  }
}

function pin(source: string, { source: { digest } }: Comparison): string {
  return formatReference({ ...withDefaultTag(parseReference(source)), digest });
}
