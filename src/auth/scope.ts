/**
 * Scopes of a registry token.
 *
 * ```text
 * scopes  := scope { " " scope }
 * scope   := type ":" name ":" action { "," action }
 * ```
 *
 * The name may hold a colon (`host:5000/app`), so the type ends at the first one and the actions begin after the last.
 * https://distribution.github.io/distribution/spec/auth/scope/
 */

/** What may be done in a repository. GitLab and Harbor give `*`, Docker's own registry takes it for a delete. */
export type Action = "pull" | "push" | "delete" | "*";

/** The right to do something in one repository, or to list them all: {@linkcode CATALOG}. */
export interface Scope {
  /** Default: `"repository"`. */
  type?: "registry";
  repository: string;
  actions: readonly Action[];
}

/** The right to list a registry's repositories, as distribution asks for it. */
export const CATALOG: Scope = { type: "registry", repository: "catalog", actions: ["*"] };

const ACTIONS: readonly string[] = ["*", "delete", "pull", "push"] satisfies Action[];

/** Writes a scope with its actions sorted and none twice: `repository:library/alpine:pull,push`. */
export function formatScope(scope: Scope): string {
  const { type = "repository", repository, actions } = scope;
  return `${type}:${repository}:${[...new Set(actions)].sort().join(",")}`;
}

/**
 * Reads the value of a challenge's `scope`. Types other than repository (`registry:catalog:*`), actions that are not
 * known and what is no scope at all are left out: a copy has no use for them. Never throws.
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
 * All that either allows: each repository once, repositories and actions sorted. Two lists that allow the same come
 * out the same, whatever their order, so that their text can be the key of a cache.
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
