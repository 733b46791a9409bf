import { matchDigestTag, subjectOfTag } from "../../oci/digest_tag.ts";
import { equalRepositories, formatReference, parseReference } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import type { SyncRule } from "../../sync/rule.ts";
import { createRepositoryFilter } from "../../sync/expand.ts";
import { createTagFilter } from "../../sync/select_tags.ts";
import type { PushEvent } from "./event.ts";
import { concerns, locateEvent } from "./match.ts";

/** The rules that an event runs, and for which reference. */
export interface RuleMatch {
  /**
   * With a tag, the rules run for this tag. With a digest, they run for the images that this manifest belongs to: it is a manifest of
   * them, or one of their referrers. With neither, they run for the whole repository.
   */
  readonly about: Reference;
  /** The repository of the digest, if it is the `referrerSource` of the rules. Default: that of `about`. */
  readonly from?: Reference | undefined;
  readonly rules: readonly SyncRule[];
}

/**
 * Finds the rules whose source an event belongs to. The targets of rules do not count, so the pushes of a mirror itself run no rule.
 *
 * @param place the source of the hook's events
 */
export function matchRules(
  event: PushEvent,
  place: string,
  rules: readonly SyncRule[],
): RuleMatch[] {
  const located = locateEvent(event, place);
  if (!located) return [];
  const { tag, ...repository } = located;
  const isByDigest = tag === undefined && event.digest !== undefined;
  const byTag = isByDigest ? [] : rules.filter((rule) => selects(rule, located));
  const subject = isByDigest ? event.digest : subjectOfTag(tag ?? "");
  const about: Reference = subject === undefined ? repository : { ...repository, digest: subject };
  const isCopied = (rule: SyncRule): boolean =>
    isByDigest ? rule.copy.referrers === true : copiesAlong(tag, rule);
  const byDigest = rules.filter((rule) =>
    !byTag.includes(rule) && isFrom(rule, about) && isCopied(rule)
  );
  const matches: RuleMatch[] = [{ about: located, rules: byTag }, { about, rules: byDigest }];
  return [...matches, ...isByDigest ? matchReferrerSource(about, rules) : []]
    .filter(({ rules }) => rules.length > 0);
}

/** Finds the rules whose images have their referrers in the repository of an event. A rule for a registry names no image. */
function matchReferrerSource(event: Reference, rules: readonly SyncRule[]): RuleMatch[] {
  const { digest: _, ...from } = event;
  const found = new Map<string, RuleMatch>();
  for (const rule of rules) {
    const { referrers, referrerSource } = rule.copy;
    if (rule.type === "registry" || !referrers || referrerSource === undefined) continue;
    if (isFrom(rule, event) || !equalRepositories(parseReference(referrerSource), from)) continue;
    const { registry, repository } = parseReference(rule.source);
    const place = formatReference({ registry, repository });
    const others = found.get(place)?.rules ?? [];
    found.set(place, { about: { ...event, registry, repository }, from, rules: [...others, rule] });
  }
  return [...found.values()];
}

/** Whether a rule may copy an image. A repository without a tag may have any tag. */
export function selects(rule: SyncRule, about: Reference): boolean {
  const { tag } = about;
  return isFrom(rule, about) &&
    (rule.type === "image" || tag === undefined || createTagFilter(rule)(tag));
}

/** Whether an image belongs to the source of a rule, which may have only some repositories of its registry. */
function isFrom(rule: SyncRule, about: Reference): boolean {
  return concerns(about, rule.source) &&
    (rule.type !== "registry" || createRepositoryFilter(rule)(about.repository));
}

/** Whether a rule copies a digest tag together with its image. */
function copiesAlong(tag: string | undefined, { copy }: SyncRule): boolean {
  const match = matchDigestTag(tag ?? "");
  if (!match) return false;
  return (match.suffix === undefined ? copy.referrers : copy.digestTags) === true;
}
