/** Lists of names, page by page: those of tags and those of repositories are the same but for what they name. */
import { nextLink } from "./link_header.ts";

/** A registry whose pages lead in circles would keep us for ever: 10 million names are enough. */
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
 */
export async function* listPages(
  { at, read, isFull }: ListPagesOptions,
): AsyncGenerator<string[]> {
  const known = new Set<string>();
  let target: URL | undefined = at();
  for (let page = 0; target && page < MAX_PAGES; page++) {
    const { entries, link }: NamePage = await read(target);
    const names = entries.filter((entry) => typeof entry === "string");
    const fresh = names.filter((name) => known.size < known.add(name).size);
    if (fresh.length > 0) yield fresh;
    // One that ignores `last` gives the same page again, and so does a Link that leads in circles.
    else if (names.length > 0) return;
    const last = names.at(-1);
    target = nextLink(link, target) ??
      (last !== undefined && isFull(entries.length) ? at(last) : undefined);
  }
}
