/** Long texts and long lists, of which a view shows the beginning until the reader asks for more. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { formatNumber } from "./format.ts";

/** About three lines on a wide screen. */
const SHORT_CHARS = 300;

/** A text of a registry. A long one is cut, with a button for the rest. */
export function LongText({ text }: { readonly text: string }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  if (text.length <= SHORT_CHARS) return <span class="long-text">{text}</span>;
  return (
    <span class="long-text">
      {isWhole
        ? <span class="whole-text" tabIndex={0}>{text}</span>
        : `${text.slice(0, SHORT_CHARS)}…`}{" "}
      <button
        type="button"
        class="plain"
        aria-expanded={isWhole}
        onClick={() => setWhole(!isWhole)}
      >
        {isWhole ? "Show less" : `Show all ${formatNumber(text.length)} characters`}
      </button>
    </span>
  );
}

/** Renders the first items of a list, and more with each click. 10,000 rows at once would make a browser slow. */
export function usePart<Item>(
  items: readonly Item[],
  { size = 20, step = 500 }: { readonly size?: number; readonly step?: number } = {},
): { readonly shown: readonly Item[]; readonly more: ComponentChildren } {
  const [count, setCount] = useState(size);
  const rest = items.length - count;
  const next = Math.min(rest, step);
  return {
    shown: rest > 0 ? items.slice(0, count) : items,
    more: rest > 0 && (
      <p>
        <button type="button" onClick={() => setCount(count + next)}>
          {next === rest ? `Show all ${formatNumber(items.length)}` : `Show ${next} more`}
        </button>{" "}
        <span class="quiet">{formatNumber(rest)} not shown</span>
      </p>
    ),
  };
}
