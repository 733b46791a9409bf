/** The globs of the allow-lists. */
import picomatch from "picomatch";
import { formatReference, parseReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { SyncRule } from "../sync/rule.ts";

/** Brackets are part of IPv6 addresses, and a leading `!` would turn a list that allows into one that forbids. */
const GLOB = { dot: true, nobracket: true, nonegate: true, noextglob: true } as const;

/** Whether a name is one of those that globs allow: `*` within a component, `**` across them. */
export function createMatcher(globs: readonly string[]): (name: string) => boolean {
  return globs.length === 0 ? () => false : picomatch([...globs], GLOB);
}

/** What a reference is matched by: `registry/repository`. */
export function toRepositoryName({ registry, repository }: Reference): string {
  return formatReference({ registry, repository });
}

/** Globs over the repositories that rules read and write: a rule needs no entry in the allow-lists. */
export function ruleNames(
  rules: readonly SyncRule[],
): { readonly sources: readonly string[]; readonly destinations: readonly string[] } {
  const toGlob = (name: string, type: SyncRule["type"]): string =>
    type === "registry" ? `${name}/**` : toRepositoryName(parseReference(name));
  return {
    sources: rules.flatMap(({ source, type, copy: { referrerSource } }) => [
      toGlob(source, type),
      ...(referrerSource === undefined ? [] : [toGlob(referrerSource, "repository")]),
    ]),
    destinations: rules.flatMap(({ targets, type, copy: { referrerDestination } }) => [
      ...targets.map((name) => toGlob(name, type)),
      ...(referrerDestination === undefined ? [] : [toGlob(referrerDestination, "repository")]),
    ]),
  };
}
