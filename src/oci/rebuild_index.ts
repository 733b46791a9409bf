import { badShape, decodeManifest, parseJsonObject, showJson } from "./_json.ts";
import { findItems, findMembers, skipSpace } from "./_json_spans.ts";
import type { MemberSpan, TextSpan } from "./_json_spans.ts";
import type { Descriptor } from "./descriptor.ts";
import { parseDescriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";

/**
 * The bytes of an index with only some of its entries, for a copy of some platforms.
 *
 * The text is cut, not written anew: all else, unknown members, order, numbers and indentation stay as they are, and
 * keeping everything gives the same bytes. It is a new manifest all the same, with a new digest.
 *
 * @param keep says which entries stay, asked once an entry, in order
 * @param replace for kept entries whose manifest was itself rebuilt: the old digest to the new digest and size
 * @throws {CrossdockError} code `registry` if it is not an index
 */
export function rebuildIndex(
  bytes: Uint8Array,
  keep: (descriptor: Descriptor) => boolean,
  replace: ReadonlyMap<Digest, Descriptor> = new Map(),
): Uint8Array {
  const text = decodeManifest(bytes);
  const entries = parseJsonObject(text)["manifests"];
  if (!Array.isArray(entries)) {
    throw badShape(`manifests: want an array, got ${showJson(entries)}`);
  }
  const [list, ...others] = findMembers(text, skipSpace(text, 0))
    .filter((member) => member.key === "manifests");
  if (list === undefined || others.length > 0) throw badShape("manifests: it stands there twice");

  const items = findItems(text, list.value.start);
  const kept = items.flatMap((item, index) => {
    const descriptor = parseDescriptor(entries[index], `manifests[${index}]`);
    if (!keep(descriptor)) return [];
    const replacement = replace.get(descriptor.digest);
    const entry = text.slice(item.start, item.end);
    return [replacement === undefined ? entry : replaceContent(entry, replacement)];
  });
  const json = text.slice(0, list.value.start) + joinItems(text, list.value, items, kept) +
    text.slice(list.value.end);
  return new TextEncoder().encode(json);
}

/** Writes the array again with the white space that stood around its first items. */
function joinItems(
  text: string,
  list: TextSpan,
  items: readonly TextSpan[],
  kept: string[],
): string {
  const [first, second] = items;
  const last = items.at(-1);
  if (kept.length === items.length && first !== undefined && last !== undefined) {
    // Every gap as it was, so that an index whose gaps differ keeps its bytes.
    return kept.reduce(
      (out, entry, index) =>
        out + entry + text.slice(items[index]?.end, items[index + 1]?.start ?? list.end),
      text.slice(list.start, first.start),
    );
  }
  if (kept.length === 0 || first === undefined || last === undefined) return "[]";
  const separator = second === undefined ? "," : text.slice(first.end, second.start);
  return text.slice(list.start, first.start) + kept.join(separator) +
    text.slice(last.end, list.end);
}

/** Puts another digest and size into the text of an entry, and takes out `data`, which holds the old content. */
function replaceContent(entry: string, replacement: Descriptor): string {
  const members = findMembers(entry, 0);
  if (new Set(members.map((member) => member.key)).size < members.length) {
    throw badShape("manifests: an entry names a member twice");
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

/** A member together with the comma that parts it from its neighbour. An entry has others: digest and size. */
function withComma(members: readonly MemberSpan[], index: number): TextSpan {
  const { start = 0, end = 0 } = members[index] ?? {};
  const before = members[index - 1];
  if (before !== undefined) return { start: before.end, end };
  return { start, end: members[index + 1]?.start ?? end };
}
