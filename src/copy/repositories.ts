import type { ContentSource, ContentTarget } from "../content.ts";
import type { Report } from "./model.ts";
import type { Step } from "./step.ts";

/** The repositories of a copy. Those of referrers are the image's, unless the request names others. */
export interface Repositories {
  readonly source: ContentSource;
  readonly target: ContentTarget;
  readonly referrerSource: ContentSource;
  readonly referrerTarget: ContentTarget;
}

/** The repositories that a step of the copy names. */
export function pickRepositories(
  step: Step,
  { source, target, referrerSource, referrerTarget }: Repositories,
): { readonly source: ContentSource; readonly target: ContentTarget } {
  // A list of referrers is written without reading the source.
  const isReferrer = step.type !== "referrers" && step.source === referrerSource.name;
  return {
    source: isReferrer ? referrerSource : source,
    target: step.destination === referrerTarget.name ? referrerTarget : target,
  };
}

/** Requests to each side so far, tokens aside. */
export function countRequests(repositories: Repositories): Report["requests"] {
  const { source, target, referrerSource, referrerTarget } = repositories;
  return {
    source: sumRequests(new Set([source, referrerSource])),
    destination: sumRequests(new Set([target, referrerTarget])),
  };
}

function sumRequests(repositories: ReadonlySet<ContentSource>): number {
  return [...repositories].reduce((sum, { requests }) => sum + requests, 0);
}
