import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Alias, ParsedNode } from "yaml";

/** Receives a fault of an alias. */
export type OnFault = (node: ParsedNode, fault: string) => void;

/** Counts the values of a document with its aliases expanded. Aliases and merges that cannot be expanded are faults. */
export function countValues(root: ParsedNode | null, onFault: OnFault): number {
  return new AliasChecker(onFault).count(root);
}

class AliasChecker {
  readonly #onFault: OnFault;
  /** `size` is unknown within the anchor's own value. */
  readonly #anchors = new Map<string, { node: ParsedNode; size?: number }>();

  constructor(onFault: OnFault) {
    this.#onFault = onFault;
  }

  /** Counts the values of a node with its aliases expanded. */
  count(node: ParsedNode | null): number {
    if (isAlias(node)) return this.#countAlias(node);
    if (node === null) return 1;
    const anchor: { node: ParsedNode; size?: number } = { node };
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, anchor);
    let size = 1;
    if (isSeq<ParsedNode>(node)) { for (const item of node.items) size += this.count(item); }
    if (isMap<ParsedNode, ParsedNode | null>(node)) {
      for (const { key, value } of node.items) {
        size += this.count(value);
        if (isMergeKey(key)) this.#checkMerge(key, value);
      }
    }
    return anchor.size = size;
  }

  #countAlias(alias: Alias.Parsed): number {
    const anchor = this.#anchors.get(alias.source);
    if (!anchor) this.#onFault(alias, `there is no anchor &${alias.source} before this alias`);
    else if (!anchor.size) {
      this.#onFault(alias, `this alias is inside the value of its own anchor &${alias.source}`);
    }
    return anchor?.size ?? 1;
  }

  #checkMerge(key: ParsedNode, value: ParsedNode | null): void {
    const resolve = (node: ParsedNode | null): ParsedNode | null | undefined =>
      isAlias(node) ? this.#anchors.get(node.source)?.node : node;
    const source = resolve(value);
    const sources = isSeq<ParsedNode>(source) ? source.items.map(resolve) : [source];
    if (!sources.every((node) => isMap(node))) {
      this.#onFault(key, "expected << to name a group of keys, or a list of such groups");
    }
  }
}

/** Whether a key is `<<` without quotes, which takes the keys of other groups. */
export function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}
