/**
 * Lists the tags of a repository.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
import * as z from "zod";
import type { CallOptions } from "../content.ts";
import { listPages } from "./list_pages.ts";
import type { NamePage } from "./list_pages.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { readJson } from "./read_json.ts";

/** The maximum of most registries; ECR rejects a larger `n`. */
const PAGE_SIZE = 1000;

/** Some registries send null for an empty list, or mix other values with the tags. */
const tagListSchema = z.object({
  tags: z.array(z.unknown(), "the response has no list of tags").nullish(),
});

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Yields the tags page by page, following `Link`. After a page of exactly the requested size without a Link, continues by `last`.
 * A larger page is the complete list of a registry that ignores `n`. Skips entries that are not tags (digests of Artifactory,
 * null of Nexus).
 */
export async function* listTags(
  context: RepositoryContext,
  { signal, last: begin }: CallOptions & { last?: string },
): AsyncGenerator<string[]> {
  const { client, path, name, read } = context;
  const what = `list tags of ${name}`;
  const pages = listPages({
    at: (last = begin) => {
      const after = last === undefined ? "" : `&last=${encodeURIComponent(last)}`;
      return client.resolve(path(`tags/list?n=${PAGE_SIZE}${after}`));
    },
    read: (target) =>
      read(
        { method: "GET", target, what, accept: [200], signal },
        async (response): Promise<NamePage> => {
          const { tags } = await readJson(context, response, what, tagListSchema);
          return { entries: tags ?? [], link: response.headers.get("link") };
        },
      ),
    isFull: (count) => count === PAGE_SIZE,
  });
  for await (const page of pages) yield page.filter((tag) => TAG.test(tag));
}
