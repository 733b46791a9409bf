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
  /** A repository that has further referrers of the images of a registry, by a known fact. */
  readonly moreReferrers?: MoreReferrers | undefined;
}

/** A known repository of further referrers. A copy does not depend on it: a failure is a warning. */
export interface MoreReferrers {
  readonly source: ContentSource;
  /** Whether the digest tags of cosign are there, too. */
  readonly digestTags: boolean;
}

/** Calls an operation with the same repositories, and one budget for the content that it reads from both sources and holds. */
export async function withBoundSources<Result>(
  repositories: Repositories,
  use: (bounded: Repositories) => Promise<Result>,
): Promise<Result> {
  const { source, referrerSource, moreReferrers: more } = repositories;
  return await withBudget(`read image ${source.name}`, { side: "source" }, (budget) => {
    const bounded = new BoundedSource(source, budget);
    const isSame = referrerSource === source;
    return use({
      ...repositories,
      source: bounded,
      referrerSource: isSame ? bounded : new BoundedSource(referrerSource, budget),
      ...(more
        ? { moreReferrers: { ...more, source: new BoundedSource(more.source, budget) } }
        : {}),
    });
  });
}

/** The repositories of one step. */
export function pickRepositories(
  step: Step,
  { source, target, referrerSource, referrerTarget, moreReferrers }: Repositories,
): { readonly source: ContentSource; readonly target: ContentTarget } {
  // Some steps do not read the source.
  const from = "source" in step ? step.source : undefined;
  return {
    source: [referrerSource, moreReferrers?.source].find((one) => one?.name === from) ?? source,
    target: step.destination === referrerTarget.name ? referrerTarget : target,
  };
}

/** The number of requests to each side so far, without token requests. */
export function countRequests(repositories: Repositories): Report["requests"] {
  const { source, target, referrerSource, referrerTarget, moreReferrers } = repositories;
  const more = moreReferrers ? [moreReferrers.source] : [];
  return {
    source: sumRequests(new Set([source, referrerSource, ...more])),
    destination: sumRequests(new Set([target, referrerTarget])),
  };
}

function sumRequests(repositories: ReadonlySet<ContentSource>): number {
  return [...repositories].reduce((sum, { requests }) => sum + requests, 0);
}
