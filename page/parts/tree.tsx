/** A tree as nested lists. Only what is open is rendered, and of many children only the first. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { count } from "./format.ts";

export interface TreeProps<Item> {
  readonly items: readonly Item[];
  /** For screen readers. */
  readonly label?: string;
  /** Has only text: within a `<summary>` nothing else can be operated. */
  readonly row: (item: Item) => JSX.Element;
  /** `undefined` for a leaf. Called when the item is open. */
  readonly childrenOf: (item: Item) => (() => readonly Item[]) | undefined;
  /** Whether an item is open at first. */
  readonly isOpen: (item: Item, depth: number) => boolean;
  readonly depth?: number;
}

/** How many children are shown at first, and by each "show more". */
const PAGE = 100;

export function Tree<Item>(props: TreeProps<Item>): JSX.Element {
  const { items, label, depth = 0 } = props;
  const [shown, setShown] = useState(PAGE);
  const more = items.length - shown;
  return (
    <ul class={depth === 0 ? "tree" : undefined} aria-label={label}>
      {items.slice(0, shown).map((item, i) => (
        <li key={i}>
          <Branch {...props} item={item} depth={depth} />
        </li>
      ))}
      {more > 0 && (
        <li>
          <button type="button" onClick={() => setShown(shown + PAGE)}>
            Show {Math.min(more, PAGE)} more of {count(items.length, "entry", "entries")}
          </button>
        </li>
      )}
    </ul>
  );
}

function Branch<Item>(
  { item, depth = 0, ...props }: TreeProps<Item> & { readonly item: Item },
): JSX.Element {
  const { row, childrenOf } = props;
  const [isOpen, setOpen] = useState(() => props.isOpen(item, depth));
  const children = childrenOf(item);
  if (!children) return <div class="node">{row(item)}</div>;
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary class="node">{row(item)}</summary>
      {isOpen && (
        <Tree
          items={children()}
          row={row}
          childrenOf={childrenOf}
          isOpen={props.isOpen}
          depth={depth + 1}
        />
      )}
    </details>
  );
}
