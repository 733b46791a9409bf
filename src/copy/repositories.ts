import { withBudget } from "../byte_budget.ts";
import type { ContentSource, ContentTarget } from "../content.ts";
import { BoundedSource } from "./bounded_source.ts";
import type { Report } from "./model.ts";
import type { Step } from "./step.ts";

/** The repositories of a copy. Referrers use those of the image, unless the request has others. */
export interface Repositories {
  readonly source: ContentSource;
  readonly target: ContentTarget;
  readonly referrerSource: ContentSource;
  readonly referrerTarget: ContentTarget;
}

/** Calls an operation with the same repositories, and one budget for the content that it reads from both sources and holds. */
export async function withBoundSources<Result>(
  repositories: Repositories,
  use: (bounded: Repositories) => Promise<Result>,
): Promise<Result> {
  const { source, referrerSource } = repositories;
  return await withBudget(`read image ${source.name}`, { side: "source" }, (budget) => {
    const bounded = new BoundedSource(source, budget);
    const isSame = referrerSource === source;
    return use({
      ...repositories,
      source: bounded,
      referrerSource: isSame ? bounded : new BoundedSource(referrerSource, budget),
    });
  });
}

/** The repositories of one step. */
export function pickRepositories(
  step: Step,
  { source, target, referrerSource, referrerTarget }: Repositories,
): { readonly source: ContentSource; readonly target: ContentTarget } {
  // A referrers step does not read the source.
  const isReferrer = step.type !== "referrers" && step.source === referrerSource.name;
  return {
    source: isReferrer ? referrerSource : source,
    target: step.destination === referrerTarget.name ? referrerTarget : target,
  };
}

/** The number of requests to each side so far, without token requests. */
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
