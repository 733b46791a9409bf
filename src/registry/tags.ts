/**
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
import * as z from "zod";
import type { CallOptions } from "../content.ts";
import { listPages } from "./list_pages.ts";
import type { NamePage } from "./list_pages.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { readJson } from "./read_json.ts";

/** What most registries give at most; ECR refuses more. */
const PAGE_SIZE = 1000;

/** Some registries write null for none, and put other things between the tags. */
const tagListSchema = z.object({
  tags: z.array(z.unknown(), "the answer has no list of tags").nullish(),
});

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Gives the tags page by page, following `Link`, or by `last` where a page of the size that was asked for has none. A larger page
 * is the whole list, of a registry that does not know sizes. Entries that are no tags (Artifactory's digests, Nexus's null) are
 * left out.
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
