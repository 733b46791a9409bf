/** From an event to the rules that it is about. */
import { matchDigestTag } from "../../oci/digest_tag.ts";
import type { Reference } from "../../oci/reference.ts";
import type { SyncRule } from "../../sync/rule.ts";
import { createTagFilter } from "../../sync/select_tags.ts";
import type { PushEvent } from "./event.ts";
import { concerns, locateEvent } from "./match.ts";

/** Where to look, and for which rules. */
export interface RuleMatch {
  /** Without a tag the whole repository is meant. */
  readonly about: Reference;
  readonly rules: readonly SyncRule[];
}

/**
 * The rules whose source an event is about. Where a rule writes to is not asked for: the push of a mirror into its own target
 * is no event of its source.
 *
 * @param place where the hook's events are from
 */
export function matchRules(
  event: PushEvent,
  place: string,
  rules: readonly SyncRule[],
): RuleMatch[] {
  const about = locateEvent(event, place);
  if (!about) return [];
  const { tag, ...repository } = about;
  const byTag = rules.filter((rule) => concerns(about, rule.source) && isMeant(tag, rule));
  const byDigest = rules.filter((rule) =>
    !byTag.includes(rule) && concerns(repository, rule.source) && bringsAlong(tag, rule)
  );
  return [{ about, rules: byTag }, { about: repository, rules: byDigest }]
    .filter(({ rules }) => rules.length > 0);
}

/** Whether a rule may select a tag. What is told without a tag may be about any. */
function isMeant(tag: string | undefined, rule: SyncRule): boolean {
  return rule.type === "image" || tag === undefined || createTagFilter(rule)(tag);
}

/** Whether a tag is one that a rule has come along with the image that it is made of. */
function bringsAlong(tag: string | undefined, { copy }: SyncRule): boolean {
  const match = matchDigestTag(tag ?? "");
  if (!match) return false;
  return (match.suffix === undefined ? copy.referrers : copy.digestTags) === true;
}
