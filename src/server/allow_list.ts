/** Matches host and repository names against the globs of the allow-lists. */
import picomatch from "picomatch";
import { formatReference, parseReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { SyncRule } from "../sync/rule.ts";

/** Brackets are part of IPv6 addresses. A leading `!` would turn an allow-list into a deny-list. */
const GLOB = { dot: true, nobracket: true, nonegate: true, noextglob: true } as const;

/** Returns a function that checks whether a glob matches a name: `*` within a path component, `**` across components. */
export function createMatcher(globs: readonly string[]): (name: string) => boolean {
  return globs.length === 0 ? () => false : picomatch([...globs], GLOB);
}

/** The name that the globs match: `registry/repository`. */
export function toRepositoryName({ registry, repository }: Reference): string {
  return formatReference({ registry, repository });
}

/** Globs over the repositories that rules read and write: rules bypass the configured allow-lists. */
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
