/**
 * Lists the repositories of a registry. The OCI specification has no such endpoint; Docker Hub, GHCR and most clouds lack it:
 * https://distribution.github.io/distribution/spec/api/#catalog
 */
import * as z from "zod";
import { CATALOG } from "../auth/scope.ts";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { isRepositoryPath } from "../oci/reference.ts";
import type { RegistryClient } from "./client.ts";
import type { OnRetry } from "./request.ts";
import { listPages } from "./list_pages.ts";
import type { NamePage } from "./list_pages.ts";
import { readJson } from "./read_json.ts";

/** The default maximum of distribution, which rejects a larger `n`. */
const PAGE_SIZE = 1000;

/** The smallest page limit that a registry is known to use. A shorter page without a Link is the last one. */
const SMALLEST_FULL_PAGE = 100;

const catalogSchema = z.object({
  repositories: z.array(z.unknown(), "the response has no list of repositories").nullish(),
});

export interface ListRepositoriesOptions extends CallOptions {
  readonly onRetry?: OnRetry | undefined;
  /** Called once for each request. */
  readonly count?: (() => void) | undefined;
}

/**
 * Yields the names of repositories page by page.
 *
 * @throws CrossdockError `unsupported` if the registry has no catalog
 */
export async function* listCatalog(
  client: RegistryClient,
  options: ListRepositoriesOptions = {},
): AsyncGenerator<string[]> {
  let isSized = true;
  const pages = listPages({
    at: (last) => {
      const url = client.resolve("/v2/_catalog");
      if (isSized) url.searchParams.set("n", `${PAGE_SIZE}`);
      if (last !== undefined) url.searchParams.set("last", last);
      return url;
    },
    read: async (target) => {
      const page = await readPage(client, target, options);
      if (page) return page;
      isSized = false;
      const unsized = new URL(target);
      unsized.searchParams.delete("n");
      return await readPage(client, unsized, options) ?? { entries: [], link: null };
    },
    isFull: (count) => count >= SMALLEST_FULL_PAGE,
  });
  for await (const page of pages) yield page.filter(isRepositoryPath);
}

/** @returns `undefined` if the registry rejects the page size */
async function readPage(
  client: RegistryClient,
  target: URL,
  { signal, onRetry, count }: ListRepositoriesOptions,
): Promise<NamePage | undefined> {
  const what = `list repositories of ${client.registry}`;
  const access = { repository: undefined, scopes: [CATALOG] };
  const accept = [200, 404, 405, ...(target.searchParams.has("n") ? [400] : [])];
  const request = { method: "GET" as const, target, what, access, accept, signal, onRetry, count };
  return await client.read(request, async (response) => {
    const { status } = response;
    if (status === 200) {
      const { repositories } = await readJson({ client }, response, what, catalogSchema);
      return { entries: repositories ?? [], link: response.headers.get("link") };
    }
    await response.body?.cancel();
    if (status === 400) return undefined;
    throw new CrossdockError(
      "unsupported",
      `${what}: the registry has no catalog (status ${status})`,
      {
        side: client.side,
        hint: "this registry cannot list its repositories; name each repository",
      },
    );
  });
}
