/** Whose the tags of a target are besides the rule's that prunes there: what another rule brings is not that rule's to delete. */
import { parseReference } from "../oci/reference.ts";
import { createBackupTest } from "./backup.ts";
import type { SyncRule } from "./rule.ts";
import { createNameFilter, createTagFilter } from "./select_tags.ts";
import { isTemplate } from "../template/parse.ts";

/** What a rule has, or may have, in a repository. */
export interface Claim {
  /** The rule's name. */
  readonly rule: string;
  /** Whether the tag says by itself that it is one of the rule's. What a template makes can only be guessed at. */
  readonly isCertain: boolean;
  readonly takes: (tag: string) => boolean;
}

export interface FindClaimsOptions {
  /** The rule that prunes. */
  readonly rule: SyncRule;
  /** What it brings to the target: `registry/repository`. */
  readonly source: string;
  /** All rules of the configuration, those too that do not run. */
  readonly rules: readonly SyncRule[];
}

/**
 * Finds what other rules may bring to a target, and what the rule itself does from another source. That is judged by names
 * alone: whether a source has a tag, how old it is and whether it is one of the latest is not asked for. A tag too many stays
 * where it is; one too few would be lost.
 *
 * @param target `registry/repository`
 */
export function findClaims(
  target: string,
  { rule: { name }, source, rules }: FindClaimsOptions,
): Claim[] {
  const others = rules.flatMap((rule) =>
    bringsTo(target, rule, rule.name === name ? source : undefined)
  );
  const backups = rules.filter((rule) => rule.name !== name)
    .flatMap((rule) => savesTo(target, rule));
  return [...others, ...backups];
}

/** @param except a source that is not asked for */
function bringsTo(target: string, rule: SyncRule, except: string | undefined): Claim[] {
  return rule.targets.flatMap((place): Claim[] => {
    const claim = { rule: rule.name, isCertain: true };
    switch (rule.type) {
      case "image": {
        if (!place.startsWith(`${target}:`)) return [];
        const { tag } = parseReference(place);
        return [{ ...claim, takes: (name) => name === tag }];
      }
      case "repository":
        if (place !== target || rule.source === except) return [];
        return [{ ...claim, takes: createTagFilter(rule) }];
      case "registry": {
        if (!target.startsWith(`${place}/`)) return [];
        const path = target.slice(place.length + 1);
        if (`${rule.source}/${path}` === except) return [];
        if (!createNameFilter(rule.repositories)(path)) return [];
        return [{ ...claim, takes: createTagFilter(rule) }];
      }
    }
  });
}

/** What a rule saves before it moves a tag: beside that, or anywhere else. */
function savesTo(target: string, rule: SyncRule): Claim[] {
  const { name, backup } = rule;
  if (!backup) return [];
  const isBackup = createBackupTest(backup.template);
  const isReached = bringsTo(target, rule, undefined).length > 0;
  return [{
    rule: name,
    isCertain: !isTemplate(backup.template),
    takes: (tag) =>
      isReached && isBackup(tag) || isBackup(`${target}:${tag}`) ||
      tag === "latest" && isBackup(target),
  }];
}
