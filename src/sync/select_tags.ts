/** Selects the tags of a repository for a rule: for runs, webhooks and status. */
import { mapConcurrent } from "../copy/concurrent.ts";
import { isTag } from "../oci/reference.ts";
import { compilePattern, literalOf } from "./pattern.ts";
import type { NameFilter, SyncRule, TagSet } from "./rule.ts";
import { compareVersions, parseVersion, parseVersionRange } from "./version.ts";

/** Finds when the image of a tag was created; `undefined` if the image has no date. */
type FindCreated = (tag: string) => Promise<Date | undefined>;

export interface SelectTagsOptions {
  /** Called for as few tags as possible: for none, unless the rule has `minAge`, or `latest` by date. */
  readonly created: FindCreated;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

export interface TagSelection {
  /** In the order of the list. */
  readonly tags: readonly string[];
  /** Tags that would be selected if they were older. They are neither copied nor pruned. */
  readonly tooFresh: readonly string[];
}

/** Dates to find at the same time. */
const CONCURRENCY = 8;

/** Creates a test for names. */
export function createNameFilter(
  { allow, deny }: NameFilter,
): (name: string) => boolean {
  const allowed = allow.map(compilePattern);
  const denied = deny.map(compilePattern);
  return (name) =>
    (allowed.length === 0 || allowed.some((matches) => matches(name))) &&
    !denied.some((matches) => matches(name));
}

/** Creates a test for the tags of a set, without `latest`: range, then `allow`, then `deny`. */
function createSetFilter(set: TagSet): (tag: string) => boolean {
  const ranges = set.semverRange.map(parseVersionRange);
  const isNamed = createNameFilter(set);
  const isInRange = (tag: string): boolean => {
    const version = parseVersion(tag);
    return version !== undefined && ranges.some((range) => range(version));
  };
  return (tag) => (ranges.length === 0 || isInRange(tag)) && isNamed(tag);
}

/** Creates a test for the tags that a rule may select, by the name of the tag only. */
export function createTagFilter(
  { tagSets }: Pick<SyncRule, "tagSets">,
): (tag: string) => boolean {
  const filters = tagSets.map(createSetFilter);
  return (tag) => filters.length === 0 || filters.some((matches) => matches(tag));
}

/**
 * The tags of a rule that names each of them (`allow: [latest, v1\.2]`), so the repository need not be listed. The source may lack
 * them.
 *
 * @returns `undefined` for other rules
 */
export function literalTags(
  { tagSets }: Pick<SyncRule, "tagSets">,
): string[] | undefined {
  const tags = new Set<string>();
  for (const set of tagSets) {
    const literals = set.allow.map(literalOf);
    if (set.latest || literals.length === 0) return undefined;
    const matches = createSetFilter(set);
    for (const tag of literals) {
      if (tag === undefined) return undefined;
      if (matches(tag)) tags.add(tag);
    }
  }
  return tagSets.length === 0 ? undefined : [...tags];
}

/** A pattern that is most likely meant as a name: `v1\.2`, and `v1.2` although its dot matches any character. */
const NAME = /^(?:[\w.-]|\\[\w.-])+$/;

/**
 * The tags that a rule names and the source lacks. A name with dots that are not escaped counts if it matches no tag as a pattern
 * either.
 *
 * @param tags all tags of the source
 */
export function findMissingTags(
  { tagSets }: Pick<SyncRule, "tagSets">,
  tags: readonly string[],
): string[] {
  const present = new Set(tags);
  const missing = new Set<string>();
  for (const set of tagSets) {
    const isSelected = createSetFilter(set);
    for (const pattern of set.allow) {
      const name = NAME.test(pattern) ? pattern.replaceAll("\\", "") : "";
      if (!isTag(name) || present.has(name) || !isSelected(name)) continue;
      if (
        literalOf(pattern) === undefined && tags.some(compilePattern(pattern))
      ) continue;
      missing.add(name);
    }
  }
  return [...missing];
}

/** Selects the tags that are in any set and old enough. */
export async function selectTags(
  rule: Pick<SyncRule, "tagSets" | "minAgeMs">,
  tags: readonly string[],
  options: SelectTagsOptions,
): Promise<TagSelection> {
  const ages = new Ages(rule.minAgeMs ?? 0, options);
  const selected = new Set<string>();
  const sets = rule.tagSets.length === 0 ? [EVERYTHING] : rule.tagSets;
  for (const set of sets) {
    const matching = tags.filter(createSetFilter(set));
    const chosen = set.latest
      ? await selectLatest(matching, set.latest, ages)
      : await ages.keepOld(matching);
    for (const tag of chosen) selected.add(tag);
  }
  return {
    tags: [...new Set(tags)].filter((tag) => selected.has(tag)),
    tooFresh: ages.tooFresh.filter((tag) => !selected.has(tag)),
  };
}

const EVERYTHING: TagSet = { allow: [], deny: [], semverRange: [] };

async function selectLatest(
  tags: readonly string[],
  { count, by }: NonNullable<TagSet["latest"]>,
  ages: Ages,
): Promise<string[]> {
  const sorted = by === "semver" ? sortByVersion(tags) : await ages.sort(tags);
  const latest: string[] = [];
  for (const tag of sorted) {
    if (latest.length === count) break;
    if (await ages.isOld(tag)) latest.push(tag);
  }
  return latest;
}

/** Newest version first. Leaves out tags that are not versions. */
function sortByVersion(tags: readonly string[]): string[] {
  return tags.flatMap((tag) => {
    const version = parseVersion(tag);
    return version ? [{ tag, version }] : [];
  }).sort((a, b) => compareVersions(b.version, a.version) || compareNames(a.tag, b.tag))
    .map(({ tag }) => tag);
}

/** Orders tags of the same date or version: greater name first, with digits compared as numbers. */
function compareNames(a: string, b: string): number {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(b, a);
}

/** Created on first use: the first collator of a process loads data for about 10 ms. */
let collator: Intl.Collator | undefined;

/** The ages of tags. Each date is found once. */
class Ages {
  readonly #minAgeMs: number;
  readonly #options: SelectTagsOptions;
  readonly #dates = new Map<string, Promise<Date | undefined>>();
  readonly #tooFresh = new Set<string>();

  constructor(minAgeMs: number, options: SelectTagsOptions) {
    this.#minAgeMs = minAgeMs;
    this.#options = options;
  }

  get tooFresh(): readonly string[] {
    return [...this.#tooFresh];
  }

  /** Whether a tag is old enough. A tag without a date counts as old. */
  async isOld(tag: string): Promise<boolean> {
    if (this.#minAgeMs === 0) return true;
    const date = await this.#find(tag);
    const isOld = !date || this.#options.now - date.getTime() >= this.#minAgeMs;
    if (!isOld) this.#tooFresh.add(tag);
    return isOld;
  }

  async keepOld(tags: readonly string[]): Promise<readonly string[]> {
    if (this.#minAgeMs === 0) return tags;
    const isOld = await mapConcurrent(
      tags,
      CONCURRENCY,
      (tag) => this.isOld(tag),
      this.#options.signal,
    );
    return tags.filter((_, i) => isOld[i]);
  }

  /** Newest first. Tags without a date come last. */
  async sort(tags: readonly string[]): Promise<string[]> {
    const dated = await mapConcurrent(tags, CONCURRENCY, async (tag) => {
      const date = await this.#find(tag);
      return { tag, time: date?.getTime() ?? Number.NEGATIVE_INFINITY };
    }, this.#options.signal);
    return dated.sort((a, b) => a.time === b.time ? compareNames(a.tag, b.tag) : b.time - a.time)
      .map(({ tag }) => tag);
  }

  #find(tag: string): Promise<Date | undefined> {
    const date = this.#dates.get(tag) ?? this.#options.created(tag);
    this.#dates.set(tag, date);
    return date;
  }
}
