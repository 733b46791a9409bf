import { badShape, decodeManifest, parseJsonObject, showJson } from "./_json.ts";
import { findItems, findMembers, skipSpace } from "./_json_spans.ts";
import type { MemberSpan, TextSpan } from "./_json_spans.ts";
import type { Descriptor } from "./descriptor.ts";
import { parseDescriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";

/**
 * Returns the bytes of an index with only some of its entries, for a copy of selected platforms.
 *
 * The text is edited in place. Unknown members, order, numbers and indentation do not change, and an index that keeps all entries
 * has the same bytes. Otherwise the result is a new manifest with a new digest.
 *
 * @param keep whether an entry stays; called once per entry, in order
 * @param replace old digest to new digest and size, for entries whose manifest was itself rebuilt
 * @throws {CrossdockError} code `registry` if the bytes are not an index
 */
export function rebuildIndex(
  bytes: Uint8Array,
  keep: (descriptor: Descriptor) => boolean,
  replace: ReadonlyMap<Digest, Descriptor> = new Map(),
): Uint8Array {
  const text = decodeManifest(bytes);
  const entries = parseJsonObject(text)["manifests"];
  if (!Array.isArray(entries)) {
    throw badShape(`manifests: expected an array, got ${showJson(entries)}`);
  }
  const [list, ...others] = findMembers(text, skipSpace(text, 0))
    .filter((member) => member.key === "manifests");
  if (list === undefined || others.length > 0) throw badShape("manifests: the member occurs twice");

  const items = findItems(text, list.value.start);
  const selected = items.flatMap((item, index) => {
    const descriptor = parseDescriptor(entries[index], `manifests[${index}]`);
    if (!keep(descriptor)) return [];
    const replacement = replace.get(descriptor.digest);
    const entry = text.slice(item.start, item.end);
    return [replacement === undefined ? entry : replaceContent(entry, replacement)];
  });
  const json = text.slice(0, list.value.start) + joinItems(text, list.value, items, selected) +
    text.slice(list.value.end);
  return new TextEncoder().encode(json);
}

/** Joins the entries to an array, with the white space around its first items. */
function joinItems(
  text: string,
  list: TextSpan,
  items: readonly TextSpan[],
  selected: string[],
): string {
  const [first, second] = items;
  const last = items.at(-1);
  if (selected.length === items.length && first !== undefined && last !== undefined) {
    // Copies each gap, so that an index with irregular gaps keeps its bytes.
    return selected.reduce(
      (out, entry, index) =>
        out + entry + text.slice(items[index]?.end, items[index + 1]?.start ?? list.end),
      text.slice(list.start, first.start),
    );
  }
  if (selected.length === 0 || first === undefined || last === undefined) return "[]";
  const separator = second === undefined ? "," : text.slice(first.end, second.start);
  return text.slice(list.start, first.start) + selected.join(separator) +
    text.slice(last.end, list.end);
}

/** Replaces digest and size in the text of an entry, and removes `data`, which has the old content. */
function replaceContent(entry: string, replacement: Descriptor): string {
  const members = findMembers(entry, 0);
  if (new Set(members.map((member) => member.key)).size < members.length) {
    throw badShape("manifests: a member of an entry occurs twice");
  }
  const edits = members.flatMap((member, index) => {
    switch (member.key) {
      case "digest":
        return [{ ...member.value, by: JSON.stringify(replacement.digest) }];
      case "size":
        return [{ ...member.value, by: String(replacement.size) }];
      case "data":
        return [{ ...withComma(members, index), by: "" }];
      default:
        return [];
    }
  });
  return edits.reduceRight(
    (text, edit) => text.slice(0, edit.start) + edit.by + text.slice(edit.end),
    entry,
  );
}

/** A member with the comma next to it. An entry always has other members: digest and size. */
function withComma(members: readonly MemberSpan[], index: number): TextSpan {
  const { start = 0, end = 0 } = members[index] ?? {};
  const before = members[index - 1];
  if (before !== undefined) return { start: before.end, end };
  return { start, end: members[index + 1]?.start ?? end };
}
