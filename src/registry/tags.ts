/**
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { nextLink } from "./link_header.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { readJson } from "./read_json.ts";

/** What most registries give at most; ECR refuses more. */
const PAGE_SIZE = 1000;

/** A registry whose `Link` leads in circles would keep us for ever: 10 million tags are enough. */
const MAX_PAGES = 10_000;

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

interface Page {
  readonly body: { readonly tags?: unknown };
  readonly link: string | null;
}

/** Gives the tags page by page, following `Link`. Entries that are no tags (Artifactory's digests, Nexus's null) are left out. */
export async function* listTags(
  context: RepositoryContext,
  { signal, last }: CallOptions & { last?: string },
): AsyncGenerator<string[]> {
  const { client, path, name, read } = context;
  const what = `list tags of ${name}`;
  const after = last === undefined ? "" : `&last=${encodeURIComponent(last)}`;
  let target: URL | undefined = client.resolve(path(`tags/list?n=${PAGE_SIZE}${after}`));
  for (let page = 0; target && page < MAX_PAGES; page++) {
    const request = { method: "GET" as const, target, what, accept: [200], signal };
    const { body, link }: Page = await read(request, async (response) => ({
      body: await readJson(context, response, what),
      link: response.headers.get("link"),
    }));
    const { tags } = body;
    if (tags !== null && tags !== undefined && !Array.isArray(tags)) {
      throw new CrossdockError("registry", `${what}: the answer has no list of tags`, {
        side: client.side,
      });
    }
    yield (tags ?? []).filter((tag: unknown): tag is string =>
      typeof tag === "string" && TAG.test(tag)
    );
    target = nextLink(link, target);
  }
}
