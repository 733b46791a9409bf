/** Lists of names, page by page: those of tags and those of repositories are the same but for what they name. */
import { CrossdockError } from "../errors.ts";
import { nextLink } from "./link_header.ts";

/** A registry that always has one more would keep us for ever, and all names are held. */
const MAX_NAMES = 500_000;
const MAX_PAGES = 10_000;

export interface NamePage {
  /** As they came. */
  readonly entries: readonly unknown[];
  readonly link: string | null;
}

export interface ListPagesOptions {
  /** The first page, or the one behind `last`. */
  readonly at: (last?: string) => URL;
  readonly read: (target: URL) => Promise<NamePage>;
  /** Whether a page of so many entries that has no Link may have others behind it. */
  readonly isFull: (count: number) => boolean;
}

/**
 * Gives the names page by page, following `Link`. Where a full page has none, the next one is asked for by `last`: some
 * registries cut their pages without a word. No name is given twice, and no page is empty.
 *
 * @throws CrossdockError `limit` beyond half a million names: a list that is cut must not look like a whole one
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
      const what = `more than ${MAX_NAMES} names, or ${MAX_PAGES} pages`;
      throw new CrossdockError("limit", `list names: ${target.host} has ${what}`);
    }
    if (fresh.length > 0) yield fresh;
    // One that ignores `last` gives the same page again, and so does a Link that leads in circles.
    else if (names.length > 0) return;
    const last = names.at(-1);
    target = nextLink(link, target) ??
      (last !== undefined && isFull(entries.length) ? at(last) : undefined);
  }
}
