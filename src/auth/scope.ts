/**
 * Parses and formats the scopes of a registry token.
 *
 * ```text
 * scopes  := scope { " " scope }
 * scope   := type ":" name ":" action { "," action }
 * ```
 *
 * The name may hold a colon (`host:5000/app`), so the type ends at the first one and the actions begin after the last.
 * https://distribution.github.io/distribution/spec/auth/scope/
 */

/** An action in a repository. GitLab and Harbor grant `*`; CNCF distribution accepts it for a delete. */
type Action = "pull" | "push" | "delete" | "*";

/** The permission for actions in one repository, or to list all repositories: {@linkcode CATALOG}. */
export interface Scope {
  /** Default: `"repository"`. */
  type?: "registry";
  repository: string;
  actions: readonly Action[];
}

/** The permission to list all repositories of a registry, as CNCF distribution requires it. */
export const CATALOG: Scope = { type: "registry", repository: "catalog", actions: ["*"] };

const ACTIONS: readonly string[] = ["*", "delete", "pull", "push"] satisfies Action[];

/** Formats a scope with sorted, unique actions: `repository:library/alpine:pull,push`. */
export function formatScope(scope: Scope): string {
  const { type = "repository", repository, actions } = scope;
  return `${type}:${repository}:${[...new Set(actions)].sort().join(",")}`;
}

/**
 * Parses the `scope` of a challenge. Skips other types than repository (`registry:catalog:*`), unknown actions and invalid scopes,
 * which a copy does not need. Never throws.
 */
export function parseScopes(text: string): Scope[] {
  const scopes: Scope[] = [];
  for (const word of text.split(" ")) {
    const first = word.indexOf(":");
    const last = word.lastIndexOf(":");
    const repository = word.slice(first + 1, last);
    const actions = word.slice(last + 1).split(",").filter(isAction);
    if (word.slice(0, first) !== "repository" || repository === "") continue;
    if (actions.length > 0) scopes.push({ repository, actions });
  }
  return scopes;
}

/**
 * Merges two lists of scopes: each repository once, repositories and actions sorted. Equal permissions give equal results, so the
 * formatted list can be a cache key.
 */
export function mergeScopes(a: readonly Scope[], b: readonly Scope[]): Scope[] {
  const merged = new Map<string, Scope>();
  for (const scope of [...a, ...b]) {
    const key = `${scope.type ?? ""}:${scope.repository}`;
    const actions = new Set([...merged.get(key)?.actions ?? [], ...scope.actions]);
    merged.set(key, { ...scope, actions: [...actions].sort() });
  }
  return [...merged.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, scope]) => scope);
}

function isAction(text: string): text is Action {
  return ACTIONS.includes(text);
}
