/** Finds the tags of a target that a rule must not prune, because another rule may copy them there. */
import { parseReference } from "../oci/reference.ts";
import { createBackupTest } from "./backup.ts";
import type { SyncRule } from "./rule.ts";
import { createNameFilter, createTagFilter } from "./select_tags.ts";
import { isTemplate } from "../template/parse.ts";

/** The tags that a rule copies, or may copy, to a repository. */
export interface Claim {
  /** The rule's name. */
  readonly rule: string;
  /** Whether the name of a tag decides it. The names that a template produces are only estimated. */
  readonly isCertain: boolean;
  readonly takes: (tag: string) => boolean;
}

export interface FindClaimsOptions {
  /** The rule that prunes. */
  readonly rule: SyncRule;
  /** The repository that it copies to the target: `registry/repository`. */
  readonly source: string;
  /** All rules of the configuration, including those that do not run. */
  readonly rules: readonly SyncRule[];
}

/**
 * Finds the tags that other rules may copy to a target, or the rule itself from another source. It uses names only and makes no
 * requests: not whether a source has the tag, how old it is, or whether it is among the latest. A claim too many keeps a tag;
 * a missing claim would delete one.
 *
 * @param target `registry/repository`
 */
export function findClaims(
  target: string,
  { rule: { name }, source, rules }: FindClaimsOptions,
): Claim[] {
  const others = rules.flatMap((rule) =>
    findCopied(target, rule, rule.name === name ? source : undefined)
  );
  const backups = rules.filter((rule) => rule.name !== name)
    .flatMap((rule) => findBackups(target, rule));
  return [...others, ...backups];
}

/** Removes a default port, so that `r.io` and `r.io:443` are one registry. */
function withoutDefaultPort(name: string): string {
  return name.replace(/^([^/:]+|\[[^\]]*\]):(?:443|80)(?=\/|$)/, "$1");
}

/** @param except a source to leave out */
function findCopied(name: string, rule: SyncRule, except: string | undefined): Claim[] {
  const target = withoutDefaultPort(name);
  return rule.targets.map(withoutDefaultPort).flatMap((place): Claim[] => {
    const claim = { rule: rule.name, isCertain: true };
    switch (rule.type) {
      case "image": {
        if (!place.startsWith(`${target}:`)) return [];
        const { tag } = parseReference(place);
        return [{ ...claim, takes: (name) => name === tag }];
      }
      case "repository":
        if (place !== target || rule.source === except) return [];
        return [{ ...claim, ...findTagClaim(rule) }];
      case "registry": {
        if (!target.startsWith(`${place}/`)) return [];
        const path = target.slice(place.length + 1);
        if (`${rule.source}/${path}` === except) return [];
        if (!createNameFilter(rule.repositories)(path)) return [];
        return [{ ...claim, ...findTagClaim(rule) }];
      }
    }
  });
}

function findTagClaim(rule: SyncRule): Omit<Claim, "rule"> {
  const { targetTag } = rule;
  if (targetTag === undefined) return { isCertain: true, takes: createTagFilter(rule) };
  return { isCertain: false, takes: createBackupTest(targetTag) };
}

/** The backups that a rule makes: in the same repository, or anywhere else. */
function findBackups(target: string, rule: SyncRule): Claim[] {
  const { name, backup } = rule;
  if (!backup) return [];
  const isBackup = createBackupTest(backup.template);
  const isReached = findCopied(target, rule, undefined).length > 0;
  return [{
    rule: name,
    isCertain: !isTemplate(backup.template),
    takes: (tag) =>
      isReached && isBackup(tag) || isBackup(`${target}:${tag}`) ||
      tag === "latest" && isBackup(target),
  }];
}
