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
import { nextLink } from "./link_header.ts";
import { listPages, SIZE_REFUSED } from "./list_pages.ts";
import type { NamePage } from "./list_pages.ts";
import { readJson } from "./read_json.ts";

/** The default maximum of distribution, which rejects a larger `n`. */
const PAGE_SIZE = 1000;

/** The smallest page limit that a registry is known to use. A shorter page without a Link is the last one. */
const SMALLEST_FULL_PAGE = 100;

const catalogSchema = z.object({
  repositories: z.array(z.unknown(), "the response has no list of repositories").nullable(),
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
  const pages = listPages({
    url: client.resolve("/v2/_catalog"),
    size: PAGE_SIZE,
    read: (target) => readPage(client, target, options),
    isFull: (count) => count >= SMALLEST_FULL_PAGE,
    side: client.side,
  });
  for await (const page of pages) {
    const names = page.filter(isRepositoryPath);
    if (names.length > 0) yield names;
  }
}

/** @returns `undefined` if the registry rejects the page size */
async function readPage(
  client: RegistryClient,
  target: URL,
  { signal, onRetry, count }: ListRepositoriesOptions,
): Promise<NamePage | undefined> {
  const what = `list repositories of ${client.registry}`;
  const access = { repository: undefined, scopes: [CATALOG] };
  const accept = [200, 404, 405, ...(target.searchParams.has("n") ? SIZE_REFUSED : [])];
  const request = { method: "GET" as const, target, what, access, accept, signal, onRetry, count };
  return await client.read(request, async (response) => {
    const { status } = response;
    if (status === 200) {
      const { repositories } = await readJson({ client }, response, what, catalogSchema);
      const entries = repositories ?? [];
      const isEmpty = entries.length === 0;
      return { entries, next: nextLink(response.headers.get("link"), target, { isEmpty }) };
    }
    await response.body?.cancel();
    if (SIZE_REFUSED.includes(status)) return undefined;
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
