/** Expands a rule into the images it copies: repositories, then the tags of each, then a copy request for each target. */
import type { CallOptions } from "../content.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import { CrossdockError } from "../errors.ts";
import { formatReference, isLocal, parseReference, parseRegistry } from "../oci/reference.ts";
import { isDigest } from "../oci/digest.ts";
import type { Listing } from "./listing.ts";
import type { SyncRule } from "./rule.ts";
import {
  createNameFilter,
  createTagFilter,
  findMissingTags,
  literalTags,
  selectTags,
} from "./select_tags.ts";
import { rejectSameTarget, renderTargetTag } from "./target_tag.ts";
import type { TagSelection } from "./select_tags.ts";

/** One image of a rule, to all of its targets. */
export interface WorkItem {
  /** `registry/repository[:tag][@digest]`. */
  readonly source: string;
  /** The tag; for a rule of one image without a tag, its digest. */
  readonly tag: string;
  /** One request for each target of the rule, in their order. */
  readonly requests: readonly CopyRequestInput[];
}

export interface ExpandOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Restricts the rule to the repository, and the tag, of an event. */
  readonly only?: { readonly repository: string; readonly tag?: string | undefined } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The tags of a repository that a rule selects. */
export interface SelectedTags extends TagSelection {
  /** Whether the source listed them; otherwise the rule or an event names them, and one may be missing. */
  readonly isListed: boolean;
  /** Tags that the rule names and the list lacks. */
  readonly notFound?: readonly string[];
}

/**
 * Lists the repositories of a rule: `registry/repository`.
 *
 * @throws CrossdockError if the registry does not list its repositories
 */
export async function* listRepositories(
  rule: SyncRule,
  source: Pick<Listing, "repositories">,
  { only, signal }: Pick<ExpandOptions, "only" | "signal">,
): AsyncGenerator<string> {
  const { type, source: name } = rule;
  if (type !== "registry") {
    const repository = toRepository(name);
    if (!only || only.repository === repository) yield repository;
    return;
  }
  const isSelected = createRepositoryFilter(rule);
  if (only) {
    const isInRegistry = only.repository.startsWith(`${name}/`);
    if (isInRegistry && isSelected(only.repository.slice(name.length + 1))) yield only.repository;
    return;
  }
  const registry = isLocal({ registry: name }) ? name : parseRegistry(name);
  for await (const page of source.repositories(registry, { signal })) {
    for (const path of page) if (isSelected(path)) yield `${name}/${path}`;
  }
}

/** Creates a test for the repositories of a source registry, by their path. */
export function createRepositoryFilter(
  { source, targets, repositories }: SyncRule,
): (path: string) => boolean {
  const isNamed = createNameFilter(repositories);
  // A rule into its own source registry would copy its copies again at each run.
  const isOwnCopy = (path: string): boolean =>
    targets.some((target) => `${source}/${path}/`.startsWith(`${target}/`));
  return (path) => isNamed(path) && !isOwnCopy(path);
}

/**
 * Finds the tags of one repository that a rule selects.
 *
 * @param repository a result of `listRepositories()`
 * @throws CrossdockError if the tags cannot be listed, or a date cannot be read
 */
export async function findTags(
  rule: SyncRule,
  repository: string,
  source: Pick<Listing, "tags" | "created">,
  options: ExpandOptions,
): Promise<SelectedTags> {
  if (rule.type === "image") return await findImage(rule, source, options);
  const { tag } = options.only ?? {};
  const digests = rule.digests?.filter((digest) => tag === undefined || digest === tag) ?? [];
  if (hasOnlyDigests(rule) || digests.includes(tag ?? "")) {
    return { tags: digests, tooFresh: [], isListed: true };
  }
  try {
    const { tags, isListed } = await listTags(rule, repository, source, options);
    const selected = await select(rule, repository, tags, source, options);
    if (rule.targetTag !== undefined) {
      rejectSameTarget(selected.tags, (tag) => targetTagOf(rule, repository, tag));
    }
    const selection = { ...selected, tags: [...digests, ...selected.tags] };
    const notFound = isListed && options.only?.tag === undefined ? findMissingTags(rule, tags) : [];
    return { ...selection, isListed, ...(notFound.length > 0 ? { notFound } : {}) };
  } catch (error) {
    // A catalog lists repositories whose last tag was deleted.
    const isEmpty = rule.type === "registry" && error instanceof CrossdockError &&
      error.code === "not_found" && !options.signal?.aborted;
    if (isEmpty) return { tags: [], tooFresh: [], isListed: true };
    throw error;
  }
}

/**
 * Finds the tags and digests of one repository that a rule may select, by their names only: some may be too fresh, or not among the latest.
 *
 * @throws CrossdockError if the tags cannot be listed
 */
export async function findNames(
  rule: SyncRule,
  repository: string,
  source: Pick<Listing, "tags">,
  { signal }: CallOptions,
): Promise<string[]> {
  if (rule.type === "image") {
    const { tag, digest } = parseReference(rule.source);
    return [tag ?? digest ?? ""];
  }
  const digests = rule.digests ?? [];
  if (hasOnlyDigests(rule)) return [...digests];
  const { tags } = await listTags(rule, repository, source, { signal });
  return [...digests, ...tags.filter(createTagFilter(rule))];
}

/** Whether a rule selects images by their digests, and no tags. */
function hasOnlyDigests({ digests, tagSets }: SyncRule): boolean {
  return digests !== undefined && tagSets.length === 0;
}

/** Lists the targets of one repository of a rule, in the rule's order: `registry/repository`. */
export function targetsOf({ type, source, targets }: SyncRule, repository: string): string[] {
  if (type === "image") return targets.map(toRepository);
  const path = type === "registry" ? repository.slice(source.length) : "";
  return targets.map((target) => `${target}${path}`);
}

/** Makes the copy requests of one image, one for each target. */
export function toWorkItem(rule: SyncRule, repository: string, tag: string): WorkItem {
  const { copy } = rule;
  if (rule.type === "image") {
    const { source, targets } = rule;
    return {
      source,
      tag,
      requests: targets.map((destination) => ({ ...copy, source, destination })),
    };
  }
  const source = nameIn(repository, tag);
  const requests = destinationsOf(rule, repository, tag)
    .map((destination) => ({ ...copy, source, destination }));
  return { source, tag, requests };
}

/** The names of an image in the targets of a rule for repositories, in the rule's order. */
export function destinationsOf(rule: SyncRule, repository: string, tag: string): string[] {
  const name = targetTagOf(rule, repository, tag);
  return targetsOf(rule, repository).map((target) => nameIn(target, name));
}

/** @param tag a tag, or a digest, which no rule can change */
function targetTagOf({ targetTag }: SyncRule, name: string, tag: string): string {
  if (targetTag === undefined || isDigest(tag)) return tag;
  const { registry, repository } = parseReference(name);
  return renderTargetTag(targetTag, { registry, repository, tag });
}

function nameIn(repository: string, tag: string): string {
  return `${repository}${isDigest(tag) ? "@" : ":"}${tag}`;
}

/** Finds the tags to select from: named by the event or the rule, or else listed by the source. */
async function listTags(
  rule: SyncRule,
  repository: string,
  source: Pick<Listing, "tags">,
  { only, signal }: Pick<ExpandOptions, "only" | "signal">,
): Promise<{ tags: readonly string[]; isListed: boolean }> {
  const isSelected = only?.tag === undefined ? undefined : createTagFilter(rule)(only.tag);
  if (isSelected === false) return { tags: [], isListed: false };
  const isCounted = rule.tagSets.some(({ latest }) => latest);
  if (only?.tag !== undefined && !isCounted) return { tags: [only.tag], isListed: false };
  const literals = literalTags(rule);
  if (literals) return { tags: literals, isListed: false };
  const tags: string[] = [];
  for await (const page of source.tags(repository, { signal })) tags.push(...page);
  return { tags, isListed: true };
}

async function select(
  rule: SyncRule,
  repository: string,
  tags: readonly string[],
  source: Pick<Listing, "created">,
  { now, only, signal }: ExpandOptions,
): Promise<TagSelection> {
  async function created(tag: string): Promise<Date | undefined> {
    try {
      return await source.created(`${repository}:${tag}`, { signal });
    } catch (error) {
      // The tag was deleted since it was listed, or the rule names a tag that does not exist.
      if (error instanceof CrossdockError && error.code === "not_found") return undefined;
      throw error;
    }
  }
  const selection = await selectTags(rule, tags, { created, now, signal });
  if (only?.tag === undefined) return selection;
  const isNamed = (tag: string): boolean => tag === only.tag;
  return { tags: selection.tags.filter(isNamed), tooFresh: selection.tooFresh.filter(isNamed) };
}

async function findImage(
  { source: name, minAgeMs }: SyncRule,
  source: Pick<Listing, "created">,
  { now, only, signal }: ExpandOptions,
): Promise<SelectedTags> {
  const { tag, digest } = parseReference(name);
  const named = tag ?? digest ?? "";
  const isOther = only?.tag !== undefined && only.tag !== named;
  const all = isOther ? [] : [named];
  const selected = { tags: all, tooFresh: [], isListed: true };
  // The image of a digest does not change: its age does not matter.
  if (isOther || !minAgeMs || digest) return selected;
  const created = await source.created(name, { signal });
  const isOld = !created || now - created.getTime() >= minAgeMs;
  return isOld ? selected : { ...selected, tags: [], tooFresh: all };
}

function toRepository(name: string): string {
  const { registry, repository } = parseReference(name);
  return formatReference({ registry, repository });
}
