import { parseReference } from "../oci/reference.ts";
import type { SyncRule } from "../sync/rule.ts";
import { toRepositoryName } from "./allow_list.ts";

/** Globs over what rules read and write: whoever wrote the rules has allowed it thereby. */
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
