/** The repositories of a copy: those of the image, and those of referrers where these are others. */
import type { ContentSource, ContentTarget } from "../content.ts";
import type { Report } from "./model.ts";
import type { Step } from "./step.ts";

/** Where referrers come from and go to, as far as that is not where the image does. */
export interface Elsewhere {
  readonly source?: ContentSource | undefined;
  readonly target?: ContentTarget | undefined;
}

export interface Repositories {
  readonly source: ContentSource;
  readonly target: ContentTarget;
  readonly elsewhere: Elsewhere;
}

/** Those that a step of the copy names. */
export function pickRepositories(
  step: Step,
  { source, target, elsewhere }: Repositories,
): { readonly source: ContentSource; readonly target: ContentTarget } {
  const isTarget = elsewhere.target?.name === step.destination;
  // What a destination keeps of referrers is written without a look at the source.
  const isSource = step.type !== "referrers" && elsewhere.source?.name === step.source;
  return {
    source: isSource && elsewhere.source || source,
    target: isTarget && elsewhere.target || target,
  };
}

/** Requests to each side so far, tokens aside. */
export function countRequests({ source, target, elsewhere }: Repositories): Report["requests"] {
  return {
    source: source.requests + (elsewhere.source?.requests ?? 0),
    destination: target.requests + (elsewhere.target?.requests ?? 0),
  };
}
