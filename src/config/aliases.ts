import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Alias, Pair, ParsedNode, YAMLMap } from "yaml";

type ParsedPair = Pair<ParsedNode, ParsedNode | null>;
type ParsedMap = YAMLMap<ParsedNode, ParsedNode | null>;

const NO_ANCHOR =
  "there is no anchor of this name before the alias; put text that begins with * in quotes";

interface Anchor {
  readonly node: ParsedNode;
  /** How many values it has with its aliases expanded. Unknown within the anchor's own value. */
  size?: number;
}

/**
 * The aliases of a document. The library searches the whole document each time that it resolves one, which takes minutes in a
 * file of a thousand rules with `<<`.
 */
export class Aliases {
  readonly #onFault: (node: ParsedNode, fault: string) => void;
  /** The latest by name: a document may use a name several times. */
  readonly #anchors = new Map<string, Anchor>();
  readonly #targets = new Map<Alias.Parsed, ParsedNode>();
  readonly #pairs = new Map<ParsedMap, ReadonlyMap<unknown, ParsedPair>>();
  /** How many values the document has with its aliases expanded. */
  readonly size: number;

  /** @param onFault receives aliases and merges that cannot be expanded */
  constructor(root: ParsedNode | null, onFault: (node: ParsedNode, fault: string) => void) {
    this.#onFault = onFault;
    this.size = this.#measure(root);
  }

  /** The target of an alias, or the node itself. */
  resolve(node: ParsedNode | null): ParsedNode | null {
    return isAlias(node) ? this.#targets.get(node) ?? null : node;
  }

  /** The pairs of a group by key, without merged ones. Cached, because searching the list for each key takes seconds in a large group. */
  pairsOf(map: ParsedMap): ReadonlyMap<unknown, ParsedPair> {
    const pairs = this.#pairs.get(map) ??
      new Map(map.items.map((pair) => [isScalar(pair.key) ? pair.key.value : pair.key, pair]));
    this.#pairs.set(map, pairs);
    return pairs;
  }

  #measure(node: ParsedNode | null): number {
    if (isAlias(node)) return this.#measureAlias(node);
    if (node === null) return 1;
    const anchor: Anchor = { node };
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, anchor);
    let size = 1;
    if (isSeq<ParsedNode>(node)) {
      for (const item of node.items) size += this.#measure(item);
    } else if (isMap<ParsedNode, ParsedNode | null>(node)) {
      for (const { key, value } of node.items) {
        size += this.#measure(value);
        if (isMergeKey(key)) this.#checkMerge(key, value);
      }
    }
    return anchor.size = size;
  }

  #measureAlias(alias: Alias.Parsed): number {
    const { source } = alias;
    const anchor = this.#anchors.get(source);
    // Without its name, which may be a secret without quotes.
    if (!anchor) this.#onFault(alias, NO_ANCHOR);
    else if (anchor.size) this.#targets.set(alias, anchor.node);
    else this.#onFault(alias, "this alias is inside the value of its own anchor");
    return anchor?.size ?? 1;
  }

  #checkMerge(key: ParsedNode, value: ParsedNode | null): void {
    if (this.listMerged(value).every((node) => isMap(node))) return;
    this.#onFault(key, "expected << to name a group of keys, or a list of such groups");
  }

  /** The groups that the value of a `<<` names. */
  listMerged(value: ParsedNode | null): (ParsedNode | null)[] {
    const node = this.resolve(value);
    return isSeq<ParsedNode>(node) ? node.items.map((item) => this.resolve(item)) : [node];
  }
}

/** Whether a key is `<<` without quotes, which adds the keys of other groups. */
export function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}
