/** Finds the tags whose image has the subject of a new referrer. */
import type { SubjectImage } from "./find_image.ts";
import type { ResultOf, RuleStep } from "./rule_steps.ts";

/** The tags that are searched for a referrer's image. Each costs a request. The next run of the whole rule finds the others. */
const MAX_SEARCHED_TAGS = 2000;

/** Tags in one step of a search. One request for each stays below the 50 requests of a Worker on the free plan. */
const SEARCH_PAGE = 20;

export interface SearchTagsOptions {
  /** Performs a step of the run. Resolves with `undefined` if a rate limit postpones it beyond the run. */
  readonly run: <Step extends Extract<RuleStep, { type: "names" | "search" }>>(
    name: string,
    step: Step,
  ) => Promise<ResultOf<Step> | undefined>;
  readonly warn: (message: string) => void;
}

/**
 * Finds tags by their digest, the last names first, because they are probably the newest. Then looks into indexes.
 *
 * @param about.place part of the names of the steps
 * @returns `undefined` if a rate limit postpones it beyond the run
 */
export async function searchTags(
  { repository, subject: { digest, isIndex }, place }: {
    readonly repository: string;
    readonly subject: SubjectImage;
    readonly place: string;
  },
  { run, warn }: SearchTagsOptions,
): Promise<readonly string[] | undefined> {
  const listed = await run(`${place}: names`, { type: "names", repository });
  if (!listed?.tags) return undefined;
  if (listed.tags.length > MAX_SEARCHED_TAGS) {
    warn(
      `find ${digest} in ${repository}: searched ${MAX_SEARCHED_TAGS} of ${listed.tags.length} tags`,
    );
  }
  const names = listed.tags.toReversed().slice(0, MAX_SEARCHED_TAGS);
  const indexes: string[] = [];

  async function search(
    tags: readonly string[],
    inIndexes: boolean,
  ): Promise<readonly string[] | undefined> {
    for (let i = 0; i < tags.length; i += SEARCH_PAGE) {
      const page = tags.slice(i, i + SEARCH_PAGE);
      const name = `${place}: search ${inIndexes ? "in indexes " : ""}from ${i + 1}`;
      const step = { repository, tags: page, digest, ...(inIndexes ? { inIndexes } : {}) };
      const result = await run(name, { type: "search", ...step });
      if (!result) return undefined;
      if (result.found.length > 0) return result.found;
      indexes.push(...result.indexes);
    }
    return [];
  }

  const found = await search(names, false);
  return found?.length === 0 && !isIndex ? await search(indexes, true) : found;
}
