/** Lists names page by page. Used for tags and for repositories. */
import { CrossdockError } from "../errors.ts";
import { nextLink } from "./link_header.ts";

/** Limits for a registry whose list never ends. All names are held in memory. */
const MAX_NAMES = 500_000;
const MAX_PAGES = 10_000;

export interface NamePage {
  /** The unvalidated entries of the response. */
  readonly entries: readonly unknown[];
  readonly link: string | null;
}

export interface ListPagesOptions {
  /** The URL of the first page, or of the page after `last`. */
  readonly at: (last?: string) => URL;
  readonly read: (target: URL) => Promise<NamePage>;
  /** Whether more pages may follow a page of `count` entries that has no Link. */
  readonly isFull: (count: number) => boolean;
}

/**
 * Yields the names page by page, following `Link`. After a full page without a Link, requests the next page by `last`: some
 * registries truncate a page without a Link. Yields no name twice and no empty page.
 *
 * @throws CrossdockError `limit` above 500,000 names or 10,000 pages, because a truncated list must not pass as complete
 */
export async function* listPages(
  { at, read, isFull }: ListPagesOptions,
): AsyncGenerator<string[]> {
  const known = new Set<string>();
  let target: URL | undefined = at();
  for (let page = 1; target; page++) {
    const { entries, link }: NamePage = await read(target);
    const names = entries.filter((entry) => typeof entry === "string");
    const fresh = names.filter((name) => known.size < known.add(name).size);
    if (known.size > MAX_NAMES || page > MAX_PAGES) {
      const what = `more than ${MAX_NAMES} names or ${MAX_PAGES} pages`;
      throw new CrossdockError("limit", `list names: ${target.host} has ${what}`);
    }
    if (fresh.length > 0) yield fresh;
    // A registry that ignores `last`, or a circular Link, returns the same page again.
    else if (names.length > 0) return;
    const last = names.at(-1);
    target = nextLink(link, target) ??
      (last !== undefined && isFull(entries.length) ? at(last) : undefined);
  }
}
