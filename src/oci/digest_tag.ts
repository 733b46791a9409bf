/** Tags made from a digest: the fallback tag of the referrers API, and the tags of cosign. */

import type { Digest } from "./digest.ts";
import { digestAlgorithm, digestHex, isDigest } from "./digest.ts";

/** The suffixes of cosign: signature, attestation, bill of materials. */
export const DIGEST_TAG_SUFFIXES = ["sig", "att", "sbom"] as const;

/** One of {@linkcode DIGEST_TAG_SUFFIXES}. */
export type DigestTagSuffix = typeof DIGEST_TAG_SUFFIXES[number];

/**
 * The fallback tag `sha256-<hex>`, which holds the index of referrers in a registry without the referrers API. The spec cuts the
 * digits after 64, which shortens sha512.
 *
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function referrersTag(digest: Digest): string {
  return `${digestAlgorithm(digest).slice(0, 32)}-${digestHex(digest).slice(0, 64)}`;
}

/**
 * The digest tag of a manifest: `sha256-<hex>.sig`. `undefined` for sha512, whose tag would exceed 128 characters.
 *
 * https://github.com/sigstore/cosign/blob/v2.4.1/specs/SIGNATURE_SPEC.md#tag-based-discovery
 */
export function digestTag(digest: Digest, suffix: DigestTagSuffix): string | undefined {
  if (digestAlgorithm(digest) !== "sha256") return undefined;
  return `sha256-${digestHex(digest)}.${suffix}`;
}

/** Parses a digest tag. `undefined` for any other tag. */
export function parseDigestTag(
  tag: string,
): { digest: Digest; suffix: DigestTagSuffix } | undefined {
  const dot = tag.indexOf(".");
  if (dot < 0 || !tag.startsWith("sha256-")) return undefined;
  const suffix = DIGEST_TAG_SUFFIXES.find((known) => known === tag.slice(dot + 1));
  const digest = `sha256:${tag.slice("sha256-".length, dot)}`;
  return suffix !== undefined && isDigest(digest) ? { digest, suffix } : undefined;
}

/** `sha256-<64 digits>`, optionally with a dot and a suffix. */
const DIGEST_TAG = /^sha(?:256|512)-[0-9a-f]{64}(?:\.(?<suffix>[\w.-]+))?$/;

/**
 * The manifest that a tag is made from. `undefined` for any other tag, and for sha512, whose digits the tag does not have in full.
 */
export function subjectOfTag(tag: string): Digest | undefined {
  const digest = matchDigestTag(tag) &&
    `sha256:${tag.slice("sha256-".length, "sha256-".length + 64)}`;
  return tag.startsWith("sha256-") && digest && isDigest(digest) ? digest : undefined;
}

/**
 * Matches a tag made from a digest, with any suffix.
 *
 * @returns `{}` for the fallback tag of the referrers API, `undefined` for a tag that is not made from a digest
 */
export function matchDigestTag(tag: string): { readonly suffix?: string } | undefined {
  const match = DIGEST_TAG.exec(tag);
  const suffix = match?.groups?.["suffix"];
  return match ? { ...(suffix === undefined ? {} : { suffix }) } : undefined;
}
