/** Lists names page by page. Used for tags and for repositories. */
import { ByteBudget } from "../byte_budget.ts";
import { CrossdockError } from "../errors.ts";
import type { Side } from "../errors.ts";
import { incompleteList } from "./link_header.ts";

/** Limits for a registry whose list never ends. All names are held in memory. */
const MAX_NAMES = 500_000;
const MAX_PAGES = 10_000;

/** The longest name of a repository. A tag has at most 128 characters. Longer entries are skipped. */
const MAX_NAME_LENGTH = 255;

/** Limits the characters of skipped entries. No registry is known to list one. */
const MAX_SKIPPED = 1024 * 1024;

/** Statuses by which a registry rejects the page size. The observed one is 400. */
export const SIZE_REFUSED: readonly number[] = [400, 416, 422];

export interface NamePage {
  /** The unvalidated entries of the response. */
  readonly entries: readonly unknown[];
  /** The URL of the next page according to `Link`. */
  readonly next: URL | undefined;
}

export interface ListPagesOptions {
  /** The URL of the list without its query. */
  readonly url: URL;
  /** Starts after this name. */
  readonly begin?: string | undefined;
  /** The page size to request. */
  readonly size: number;
  /** Reads one page. Resolves to `undefined` if the URL has an `n` that the registry rejects. */
  readonly read: (target: URL) => Promise<NamePage | undefined>;
  /** Whether more pages may follow a page of `count` entries that has no Link. */
  readonly isFull: (count: number) => boolean;
  readonly side: Side;
}

/**
 * Yields the names page by page, following `Link`. After a full page without a Link, requests the next page by `last`: some
 * registries truncate a page without a Link. If the registry rejects the page size, requests the page without one. Yields no name
 * twice and no empty page.
 *
 * @throws CrossdockError `limit` above 500,000 names, 64 MiB of names, 10,000 pages or 1 MiB of skipped entries; `registry` for a list that may be
 * incomplete. A truncated list must not pass as complete.
 */
export async function* listPages(options: ListPagesOptions): AsyncGenerator<string[]> {
  const budget = new ByteBudget(`list names of ${options.url.host}`, options);
  try {
    yield* new PageReader(options, budget).list();
  } catch (error) {
    if (error instanceof CrossdockError) error.side ??= options.side;
    throw error;
  } finally {
    budget.give(budget.taken);
  }
}

class PageReader {
  readonly #options: ListPagesOptions;
  readonly #budget: ByteBudget;
  #isSized = true;

  /** @param budget counts the names, which are held to find repetitions */
  constructor(options: ListPagesOptions, budget: ByteBudget) {
    this.#options = options;
    this.#budget = budget;
  }

  async *list(): AsyncGenerator<string[]> {
    const { url, begin, isFull } = this.#options;
    const known = new Set<string>();
    let skipped = 0;
    let target = this.#pageAfter(begin);
    let previous: readonly string[] = [];
    for (let page = 1, isByLast = false;; page++) {
      const { entries, next } = await this.#read(target, page);
      const texts = entries.filter((entry) => typeof entry === "string");
      const names = texts.filter(({ length }) => length <= MAX_NAME_LENGTH);
      const fresh = names.filter((name) => known.size < known.add(name).size);
      this.#budget.take(sumLengths(fresh));
      skipped += sumLengths(texts) - sumLengths(names);
      if (skipped > MAX_SKIPPED) {
        const what = `more than ${MAX_SKIPPED} characters in names above ${MAX_NAME_LENGTH}`;
        throw new CrossdockError("limit", `list names: ${url.host} has ${what}`);
      }
      if (known.size > MAX_NAMES || page > MAX_PAGES) {
        const what = `more than ${MAX_NAMES} names or ${MAX_PAGES} pages`;
        throw new CrossdockError("limit", `list names: ${url.host} has ${what}`);
      }
      if (fresh.length > 0) yield fresh;
      const isRepeated = names.length > 0 && fresh.length === 0;
      const isSamePage = isRepeated && !isByLast && `${names}` === `${previous}`;
      if (isRepeated && next || isSamePage) {
        throw incompleteList(url, "its pages link in a circle");
      }
      previous = names;
      if (!next && !isFull(entries.length)) return;
      if (isRepeated) {
        if (isByLast) await this.#requireWhole(entries.length);
        return;
      }
      target = next ?? this.#pageAfter(this.#lastOf(entries));
      isByLast = next === undefined;
    }
  }

  async #read(target: URL, page: number): Promise<NamePage> {
    const { url, read } = this.#options;
    try {
      const found = await read(target);
      if (found) return found;
      this.#isSized = false;
      const unsized = new URL(target);
      unsized.searchParams.delete("n");
      const again = await read(unsized);
      if (again) return again;
    } catch (error) {
      // On a later page a 404 does not mean an empty list.
      const isAbsent = error instanceof CrossdockError &&
        (error.code === "not_found" || error.code === "unsupported");
      if (page === 1 || !isAbsent) throw error;
      throw incompleteList(url, `page ${page} is missing (${error.message})`, error);
    }
    throw incompleteList(url, "the registry rejects every page size");
  }

  #pageAfter(last: string | undefined): URL {
    const url = new URL(this.#options.url);
    if (this.#isSized) url.searchParams.set("n", `${this.#options.size}`);
    if (last !== undefined) url.searchParams.set("last", last);
    return url;
  }

  #lastOf(entries: readonly unknown[]): string {
    const last = entries.findLast((entry) => typeof entry === "string");
    if (last !== undefined && last.length <= MAX_NAME_LENGTH) return last;
    throw incompleteList(this.#options.url, "a full page has no Link and no usable last name");
  }

  /**
   * Called if a registry ignores `last` after a full page of `count` names. The page is the whole list only if the registry
   * ignores `n` too.
   *
   * @throws CrossdockError `registry` if the page may be truncated
   */
  async #requireWhole(count: number): Promise<void> {
    const { url, size, read } = this.#options;
    const single = new URL(url);
    single.searchParams.set("n", "1");
    const hasPages = count === size || ((await read(single))?.entries.length ?? 0) <= 1;
    if (!hasPages) return;
    throw incompleteList(
      url,
      `it ignores "last" after a full page of ${count} names without a Link`,
    );
  }
}

function sumLengths(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}
