/**
 * The repositories of a registry. Not in the OCI specification, and absent from Docker Hub, GHCR and most clouds:
 * https://distribution.github.io/distribution/spec/api/#catalog
 */
import { CATALOG } from "../auth/scope.ts";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { isRepositoryPath } from "../oci/reference.ts";
import type { OnRetry, RegistryClient } from "./client.ts";
import { nextLink } from "./link_header.ts";
import { readJson } from "./read_json.ts";

/** The most that distribution gives where nobody set another bound. It refuses whoever asks for more. */
const PAGE_SIZE = 1000;

/** The least that a registry is known to cut its pages to. A shorter page is the last, Link or no Link. */
const SMALLEST_FULL_PAGE = 100;

/** A registry whose pages lead in circles would keep us for ever: 10 million repositories are enough. */
const MAX_PAGES = 10_000;

export interface ListRepositoriesOptions extends CallOptions {
  readonly onRetry?: OnRetry | undefined;
  /** Called once for every request that goes out. */
  readonly count?: (() => void) | undefined;
}

interface Page {
  /** 400 where the size of the page is refused. */
  readonly status: number;
  readonly body: { readonly repositories?: unknown };
  readonly link: string | null;
}

/**
 * Gives the names of repositories page by page, following `Link`. Where a full page has none, the next one is asked for by
 * `last`: some registries cut their pages without a word.
 *
 * @throws CrossdockError `unsupported` where the registry has no catalog
 */
export async function* listRepositories(
  client: RegistryClient,
  { signal, onRetry, count }: ListRepositoriesOptions = {},
): AsyncGenerator<string[]> {
  const what = `list repositories of ${client.registry}`;
  const unsized = client.resolve("/v2/_catalog");
  const sized = client.resolve(`/v2/_catalog?n=${PAGE_SIZE}`);
  let first = sized;
  let target: URL | undefined = first;
  let last: string | undefined;
  for (let page = 0; target && page < MAX_PAGES; page++) {
    const { status, body, link } = await readPage(client, target, what, { signal, onRetry, count });
    if (status === 400) {
      target = first = unsized;
      continue;
    }
    const names = listNames(body, client, what);
    const end = names.at(-1);
    // One that ignores `last` gives the same page again.
    if (end === undefined || end === last) return;
    last = end;
    yield names.filter(isRepositoryPath);
    target = nextLink(link, target) ??
      (names.length >= SMALLEST_FULL_PAGE ? behind(first, last) : undefined);
  }
}

async function readPage(
  client: RegistryClient,
  target: URL,
  what: string,
  options: ListRepositoriesOptions,
): Promise<Page> {
  const access = { repository: undefined, scopes: [CATALOG] };
  const accept = [200, 404, 405, ...(target.searchParams.has("n") ? [400] : [])];
  const request = { method: "GET" as const, target, what, access, accept, ...options };
  return await client.read(request, async (response) => {
    const { status } = response;
    if (status === 200) {
      const body = await readJson({ client }, response, what);
      return { status, body, link: response.headers.get("link") };
    }
    await response.body?.cancel();
    if (status === 400) return { status, body: {}, link: null };
    throw new CrossdockError("unsupported", `${what}: it has no catalog (${status})`, {
      side: client.side,
      hint: "name the repositories one by one",
    });
  });
}

function listNames({ repositories }: Page["body"], client: RegistryClient, what: string): string[] {
  if (repositories === null || repositories === undefined) return [];
  if (Array.isArray(repositories)) {
    return repositories.filter((name: unknown) => typeof name === "string");
  }
  throw new CrossdockError("registry", `${what}: the answer has no list of repositories`, {
    side: client.side,
  });
}

function behind(first: URL, last: string): URL {
  const url = new URL(first);
  url.searchParams.set("last", last);
  return url;
}
