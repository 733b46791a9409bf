/**
 * Lists the tags of a repository.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
import * as z from "zod";
import type { CallOptions } from "../content.ts";
import { nextLink } from "./link_header.ts";
import { listPages, SIZE_REFUSED } from "./list_pages.ts";
import type { NamePage } from "./list_pages.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { readJson } from "./read_json.ts";

/** The maximum of most registries; ECR rejects a larger `n`. */
const PAGE_SIZE = 1000;

const NO_LIST = "the response has no list of tags";

/**
 * Some registries send null for an empty list, or mix other values with the tags. A response without tags and without the name of
 * the repository is no list: an empty list would look as if all tags were deleted.
 */
const tagListSchema = z.object({
  name: z.unknown().optional(),
  tags: z.array(z.unknown(), NO_LIST).nullish(),
}).refine(({ name, tags }) => tags !== undefined || typeof name === "string", {
  path: ["tags"],
  message: NO_LIST,
});

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** The most common page limit of registries that return fewer tags than `n`. */
const USUAL_PAGE_LIMIT = 100;

/**
 * Yields the tags page by page, following `Link`. After a page of the requested size or of the usual page limit without a Link,
 * continues by `last`. A larger page is the complete list of a registry that ignores `n`. Skips entries that are not tags (digests
 * of Artifactory, null of Nexus).
 */
export async function* listTags(
  context: RepositoryContext,
  { signal, last: begin }: CallOptions & { last?: string },
): AsyncGenerator<string[]> {
  const { client, path, name, read } = context;
  const what = `list tags of ${name}`;
  const pages = listPages({
    url: client.resolve(path("tags/list")),
    begin,
    size: PAGE_SIZE,
    read: (target) => {
      const accept = [200, ...(target.searchParams.has("n") ? SIZE_REFUSED : [])];
      return read(
        { method: "GET", target, what, accept, signal },
        async (response): Promise<NamePage | undefined> => {
          if (response.status !== 200) {
            await response.body?.cancel();
            return undefined;
          }
          const entries = (await readJson(context, response, what, tagListSchema)).tags ?? [];
          const isEmpty = entries.length === 0;
          return { entries, next: nextLink(response.headers.get("link"), target, { isEmpty }) };
        },
      );
    },
    isFull: (count) => count === PAGE_SIZE || count === USUAL_PAGE_LIMIT,
    side: client.side,
  });
  for await (const page of pages) {
    const tags = page.filter((tag) => TAG.test(tag));
    if (tags.length > 0) yield tags;
  }
}
