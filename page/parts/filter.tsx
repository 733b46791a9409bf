/** Filters of a list by state and text, kept in the route's query, and pages of its rows. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { replaceQuery, useRoute } from "../route.ts";
import { formatNumber } from "./format.ts";
import type { Label } from "./results.tsx";
import { State } from "./text.tsx";

export interface Filters {
  readonly state: string;
  /** In lower case. */
  readonly text: string;
}

export function useFilters(): Filters {
  const { query } = useRoute();
  return { state: query.get("state") ?? "", text: (query.get("text") ?? "").toLowerCase() };
}

/** A button for each state with its count, and a field for text. */
export function FilterBar(
  { labels, counts, what }: {
    readonly labels: Readonly<Record<string, Label>>;
    readonly counts: Readonly<Record<string, number | undefined>>;
    /** `tags` */
    readonly what: string;
  },
): JSX.Element {
  const { query } = useRoute();
  const current = query.get("state") ?? "";
  const total = Object.values(counts).reduce<number>((sum, value) => sum + (value ?? 0), 0);
  const button = (state: string, value: number, children: ComponentChildren): JSX.Element => (
    <button
      key={state}
      type="button"
      aria-pressed={state === current}
      onClick={() => replaceQuery({ state: state === current ? undefined : state })}
    >
      {children} <b>{formatNumber(value)}</b>
    </button>
  );
  return (
    <div class="filters" role="group" aria-label={`Filter the ${what}`}>
      {button("", total, "All")}
      {Object.entries(labels).map(([state, { kind, text }]) =>
        counts[state] || state === current
          ? button(state, counts[state] ?? 0, <State kind={kind}>{text}</State>)
          : null
      )}
      <input
        type="search"
        aria-label={`Find ${what} by text`}
        placeholder={`Find ${what}`}
        value={query.get("text") ?? ""}
        onInput={({ currentTarget }) => replaceQuery({ text: currentTarget.value })}
      />
    </div>
  );
}

/** As many rows as a browser draws without a pause. */
const PAGE_ROWS = 100;

/** Shows a page of the items, with buttons for the others. Its key begins at the first page again. */
export function Pages<Item>(
  { items, what, children }: {
    readonly items: readonly Item[];
    readonly what: string;
    readonly children: (items: readonly Item[]) => JSX.Element;
  },
): JSX.Element {
  const [start, setStart] = useState(0);
  const last = Math.max(0, Math.ceil(items.length / PAGE_ROWS) - 1) * PAGE_ROWS;
  const from = Math.min(start, last);
  const to = Math.min(from + PAGE_ROWS, items.length);
  return (
    <>
      {children(items.slice(from, to))}
      {items.length > PAGE_ROWS && (
        <nav class="row pages" aria-label={`Pages of ${what}`}>
          <button
            type="button"
            aria-disabled={from === 0}
            onClick={() => setStart(Math.max(0, from - PAGE_ROWS))}
          >
            Previous
          </button>
          <span role="status">
            {formatNumber(from + 1)} to {formatNumber(to)} of {formatNumber(items.length)} {what}
          </span>
          <button
            type="button"
            aria-disabled={to === items.length}
            onClick={() => setStart(Math.min(last, from + PAGE_ROWS))}
          >
            Next
          </button>
        </nav>
      )}
    </>
  );
}
