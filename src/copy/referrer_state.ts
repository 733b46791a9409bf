/** Counts the referrers and digest tags of an image by kind: those of the source, and those that the destination lacks. */
import type { Descriptor } from "../oci/descriptor.ts";
import { parseDigestTag } from "../oci/digest_tag.ts";
import { kindOfDigestTag, kindOfReferrer, REFERRER_KINDS } from "../oci/referrer_kind.ts";
import type { ReferrerKind } from "../oci/referrer_kind.ts";
import type { ReferrerCount, ReferrerState } from "./model.ts";
import type { Related, TaggedNode } from "./related.ts";
import { toReferrerDescriptor } from "./related.ts";

/** What the destination lacks: digests of referrers, and digest tags. */
export interface MissingRelated {
  readonly referrers: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
}

/**
 * Counts what was found at the source. A referrer that the source lists and does not return is missing at the destination as well.
 *
 * @param missing what the destination lacks of the rest
 */
export function countReferrers(
  { rounds, tagged }: Related,
  missing: MissingRelated,
  isPartial: boolean,
): ReferrerState {
  const counts = new Map<
    ReferrerKind,
    { expected: number; missing: number; unavailable: number }
  >();
  function add(kind: ReferrerKind, { isMissing = false, isUnavailable = false }): void {
    const count = counts.get(kind) ?? { expected: 0, missing: 0, unavailable: 0 };
    count.expected += 1;
    count.missing += isMissing || isUnavailable ? 1 : 0;
    count.unavailable += isUnavailable ? 1 : 0;
    counts.set(kind, count);
  }
  for (const { nodes, known, absent } of rounds) {
    const read = nodes.map((node): Descriptor => toReferrerDescriptor(node) ?? node.descriptor);
    for (const descriptor of [...read, ...known]) {
      add(kindOfReferrer(descriptor), { isMissing: missing.referrers.has(descriptor.digest) });
    }
    for (const descriptor of absent) add(kindOfReferrer(descriptor), { isUnavailable: true });
  }
  for (const tag of tagged) add(kindOfTag(tag), { isMissing: missing.tags.has(tag.tag) });
  return {
    kinds: REFERRER_KINDS.flatMap((kind): ReferrerCount[] => {
      const count = counts.get(kind);
      return count ? [{ kind, ...count }] : [];
    }),
    ...(isPartial ? { isPartial } : {}),
  };
}

/** The state after a copy: everything is there that the source has returned. */
export function toCopiedState({ kinds, ...rest }: ReferrerState): ReferrerState {
  return { ...rest, kinds: kinds.map((count) => ({ ...count, missing: count.unavailable })) };
}

/** Whether the destination has all referrers and digest tags, as far as the source lists them. */
export function isComplete({ kinds, isPartial = false }: ReferrerState): boolean {
  return !isPartial && kinds.every(({ missing }) => missing === 0);
}

export function kindOfTag({ tag, node: { manifest } }: TaggedNode): ReferrerKind {
  const layers = manifest?.kind === "image" ? manifest.layers : [];
  return kindOfDigestTag(parseDigestTag(tag)?.suffix ?? "sig", layers);
}
