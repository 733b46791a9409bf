/** Which of a repository's tags a rule means. The same functions serve every way in: a run, a webhook, a question. */
import { mapConcurrent } from "../copy/concurrent.ts";
import { compilePattern, literalOf } from "./pattern.ts";
import type { NameFilter, SyncRule, TagSet } from "./rule.ts";
import { compareVersions, parseVersion, parseVersionRange } from "./version.ts";

/** When a tag's image was made; `undefined` where nobody says. */
export type FindCreated = (tag: string) => Promise<Date | undefined>;

export interface SelectTagsOptions {
  /** Asked about as few tags as will do: none unless the rule has `minAge`, or `latest` by date. */
  readonly created: FindCreated;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

export interface TagSelection {
  /** In the order in which they were listed. */
  readonly tags: readonly string[];
  /** Tags that would be selected if they were older: neither to be copied nor to be pruned. */
  readonly tooFresh: readonly string[];
}

/** Dates that are asked for at once. */
const CONCURRENCY = 8;

/** Whether a name is one that a filter lets through. */
export function createNameFilter({ allow, deny }: NameFilter): (name: string) => boolean {
  const allowed = allow.map(compilePattern);
  const denied = deny.map(compilePattern);
  return (name) =>
    (allowed.length === 0 || allowed.some((matches) => matches(name))) &&
    !denied.some((matches) => matches(name));
}

/** Whether a tag is in a set, but for `latest`: range, then `allow`, then `deny`. */
function createSetFilter(set: TagSet): (tag: string) => boolean {
  const ranges = set.semverRange.map(parseVersionRange);
  const isNamed = createNameFilter(set);
  const isInRange = (tag: string): boolean => {
    const version = parseVersion(tag);
    return version !== undefined && ranges.some((range) => range(version));
  };
  return (tag) => (ranges.length === 0 || isInRange(tag)) && isNamed(tag);
}

/** Whether a rule may mean a tag, as far as can be told from the tag alone. */
export function createTagFilter({ tagSets }: Pick<SyncRule, "tagSets">): (tag: string) => boolean {
  const filters = tagSets.map(createSetFilter);
  return (tag) => filters.length === 0 || filters.some((matches) => matches(tag));
}

/**
 * The tags of a rule that names each of them (`allow: [latest, v1\.2]`), so that nobody has to list a repository; `undefined`
 * where it does not. There may be none of that name.
 */
export function literalTags({ tagSets }: Pick<SyncRule, "tagSets">): string[] | undefined {
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

/** Selects among the tags that a repository has: what any set selects, old enough. */
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

/** From the newest on, without those that are no versions. */
function sortByVersion(tags: readonly string[]): string[] {
  return tags.flatMap((tag) => {
    const version = parseVersion(tag);
    return version ? [{ tag, version }] : [];
  }).sort((a, b) => compareVersions(b.version, a.version) || compareNames(a.tag, b.tag))
    .map(({ tag }) => tag);
}

/** For tags that are as new as each other: the greater name first, numbers in it counted as such. */
function compareNames(a: string, b: string): number {
  return collator.compare(b, a);
}

const collator = new Intl.Collator("en", { numeric: true });

/** Dates of tags, each asked for once. */
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

  /** Whether a tag is old enough. One without a date is. */
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

  /** From the newest on; those without a date come last. */
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
