/** From a rule to copies, as they are asked for: a repository at a time. */
import type { CopyRequestInput } from "../copy/request.ts";
import { CrossdockError } from "../errors.ts";
import { formatReference, parseReference, parseRegistry } from "../oci/reference.ts";
import type { Listing } from "./batch.ts";
import type { SyncRule } from "./rule.ts";
import { createNameFilter, createTagFilter, literalTags, selectTags } from "./select_tags.ts";
import type { SelectTagsOptions, TagSelection } from "./select_tags.ts";

/** One image of a rule, to all of its targets. Plain JSON. */
export interface WorkItem {
  /** The rule's name. */
  readonly rule: string;
  /** `registry/repository[:tag][@digest]`. It need be resolved only once for all requests. */
  readonly source: string;
  /** A request for each of the rule's targets, in their order. */
  readonly requests: readonly CopyRequestInput[];
  /** The rule names this tag and nobody listed it: that it is not there is no failure. */
  readonly mayBeMissing: boolean;
}

/** What a rule means to do with one repository. */
export interface RepositoryWork {
  /** `registry/repository` */
  readonly source: string;
  /** `registry/repository` for each of the rule's targets, in their order. */
  readonly targets: readonly string[];
  readonly items: readonly WorkItem[];
  /** Tags that are neither to be copied yet nor to be pruned. */
  readonly tooFresh: readonly string[];
  /** Why the repository could not be looked at. There are no items then, and nothing may be pruned. */
  readonly failure?: CrossdockError;
}

export interface ExpandOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /**
   * What a webhook told of: nothing else is looked at. Nothing comes of what the rule does not mean. `tags` are some of those
   * that were selected before: they are taken as they are.
   */
  readonly only?: {
    readonly repository: string;
    readonly tag?: string;
    readonly tags?: readonly string[];
  };
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists what a rule copies. A repository that cannot be looked at is given with its failure, and those after it follow.
 *
 * @throws CrossdockError where the repositories of a registry cannot be listed
 */
export async function* expandRule(
  rule: SyncRule,
  source: Listing,
  options: ExpandOptions,
): AsyncGenerator<RepositoryWork> {
  if (rule.type === "image") {
    const work = await expandImage(rule, source, options);
    if (work) yield work;
    return;
  }
  for await (const path of listRepositories(rule, source, options)) {
    const name = path === undefined ? rule.source : `${rule.source}/${path}`;
    const targets = rule.targets.map((target) => path === undefined ? target : `${target}/${path}`);
    yield await expandRepository(rule, name, targets, source, options);
  }
}

/**
 * Lists the repositories of a rule: `registry/repository`.
 *
 * @throws CrossdockError where those of a registry cannot be listed
 */
export async function* listRuleRepositories(
  rule: SyncRule,
  source: Listing,
  options: ExpandOptions,
): AsyncGenerator<string> {
  for await (const path of listRepositories(rule, source, options)) {
    yield path === undefined ? rule.source : `${rule.source}/${path}`;
  }
}

/** Paths of a registry's repositories; for a rule about one repository `undefined`, once. */
async function* listRepositories(
  { type, source: name, targets, repositories }: SyncRule,
  source: Listing,
  { only, signal }: ExpandOptions,
): AsyncGenerator<string | undefined> {
  if (type === "repository") {
    if (!only || only.repository === name) yield undefined;
    return;
  }
  const isNamed = createNameFilter(repositories);
  // What was copied into the source itself would be copied deeper at each run.
  const isOwnCopy = (path: string): boolean =>
    targets.some((target) => `${name}/${path}/`.startsWith(`${target}/`));
  if (only) {
    const path = only.repository.slice(name.length + 1);
    const isHere = only.repository.startsWith(`${name}/`);
    if (isHere && isNamed(path) && !isOwnCopy(path)) yield path;
    return;
  }
  for await (const page of source.repositories(parseRegistry(name), { ...given(signal) })) {
    for (const path of page) if (isNamed(path) && !isOwnCopy(path)) yield path;
  }
}

async function expandRepository(
  rule: SyncRule,
  name: string,
  targets: readonly string[],
  source: Listing,
  options: ExpandOptions,
): Promise<RepositoryWork> {
  const work = { source: name, targets, items: [], tooFresh: [] };
  try {
    const { tags, isListed } = await findTags(rule, name, source, options);
    const selection = options.only?.tags
      ? { tags, tooFresh: [] }
      : await select(rule, name, tags, source, options);
    const items = selection.tags.map((tag): WorkItem => ({
      rule: rule.name,
      source: `${name}:${tag}`,
      requests: targets.map((target) => ({
        ...rule.copy,
        source: `${name}:${tag}`,
        destination: `${target}:${tag}`,
      })),
      mayBeMissing: !isListed,
    }));
    return { ...work, items, tooFresh: selection.tooFresh };
  } catch (error) {
    if (!(error instanceof CrossdockError) || options.signal?.aborted) throw error;
    // A catalog has repositories whose last tag is gone.
    if (rule.type === "registry" && error.code === "not_found") return work;
    return { ...work, failure: error };
  }
}

/** The tags to select among: from the rule or the event where these name them, else as the source lists them. */
async function findTags(
  rule: SyncRule,
  name: string,
  source: Listing,
  { only, signal }: ExpandOptions,
): Promise<{ tags: readonly string[]; isListed: boolean }> {
  // One of them may be gone since.
  if (only?.tags) return { tags: only.tags, isListed: false };
  const isMeant = only?.tag === undefined ? undefined : createTagFilter(rule)(only.tag);
  if (isMeant === false) return { tags: [], isListed: false };
  const isCounted = rule.tagSets.some(({ latest }) => latest);
  if (only?.tag !== undefined && !isCounted) return { tags: [only.tag], isListed: false };
  const literals = literalTags(rule);
  if (literals) return { tags: literals, isListed: false };
  const tags: string[] = [];
  for await (const page of source.tags(name, { ...given(signal) })) tags.push(...page);
  return { tags, isListed: true };
}

async function select(
  rule: SyncRule,
  name: string,
  tags: readonly string[],
  source: Listing,
  { now, only, signal }: ExpandOptions,
): Promise<TagSelection> {
  const created: SelectTagsOptions["created"] = async (tag) => {
    try {
      return await source.created(`${name}:${tag}`, { ...given(signal) });
    } catch (error) {
      // It was deleted meanwhile, or a rule names it and it never was.
      if (error instanceof CrossdockError && error.code === "not_found") return undefined;
      throw error;
    }
  };
  const selection = await selectTags(rule, tags, { created, now, signal });
  if (only?.tag === undefined) return selection;
  const isIt = (tag: string): boolean => tag === only.tag;
  return {
    tags: selection.tags.filter(isIt),
    tooFresh: selection.tooFresh.filter(isIt),
  };
}

async function expandImage(
  rule: SyncRule,
  source: Listing,
  { now, only, signal }: ExpandOptions,
): Promise<RepositoryWork | undefined> {
  const { tag = "", ...reference } = parseReference(rule.source);
  const name = toRepository(rule.source);
  if (only && (only.repository !== name || only.tag !== undefined && only.tag !== tag)) {
    return undefined;
  }
  const work = { source: name, targets: rule.targets.map(toRepository), items: [], tooFresh: [] };
  const item: WorkItem = {
    rule: rule.name,
    source: rule.source,
    requests: rule.targets.map((destination) => ({
      ...rule.copy,
      source: rule.source,
      destination,
    })),
    mayBeMissing: false,
  };
  // What a digest names does not change, so that it need not be waited for.
  if (!rule.minAgeMs || reference.digest) return { ...work, items: [item] };
  try {
    const created = await source.created(rule.source, { ...given(signal) });
    const isOld = !created || now - created.getTime() >= rule.minAgeMs;
    return isOld ? { ...work, items: [item] } : { ...work, tooFresh: [tag] };
  } catch (error) {
    if (!(error instanceof CrossdockError) || signal?.aborted) throw error;
    return { ...work, failure: error };
  }
}

function toRepository(name: string): string {
  const { registry, repository } = parseReference(name);
  return formatReference({ registry, repository });
}

function given(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
