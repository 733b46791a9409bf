/** Tags that are made from a digest: the fallback for the referrers API, and cosign's for what belongs to a manifest. */

import type { Digest } from "./digest.ts";
import { digestAlgorithm, digestHex, isDigest } from "./digest.ts";

/** What cosign puts after the digest: signature, attestation, bill of materials. */
export const DIGEST_TAG_SUFFIXES = ["sig", "att", "sbom"] as const;

/** One of {@linkcode DIGEST_TAG_SUFFIXES}. */
export type DigestTagSuffix = typeof DIGEST_TAG_SUFFIXES[number];

/**
 * The tag under which a registry without the referrers API keeps the index of referrers: `sha256-<hex>`.
 * The digits are cut after 64, which shortens sha512.
 *
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function referrersTag(digest: Digest): string {
  return `${digestAlgorithm(digest).slice(0, 32)}-${digestHex(digest).slice(0, 64)}`;
}

/**
 * The digest tag of a manifest: `sha256-<hex>.sig`. None for sha512: it would exceed the 128 characters of a tag.
 *
 * https://github.com/sigstore/cosign/blob/v2.4.1/specs/SIGNATURE_SPEC.md#tag-based-discovery
 */
export function digestTag(digest: Digest, suffix: DigestTagSuffix): string | undefined {
  if (digestAlgorithm(digest) !== "sha256") return undefined;
  return `sha256-${digestHex(digest)}.${suffix}`;
}

/** Reads a digest tag back, or undefined if the tag is any other. */
export function parseDigestTag(
  tag: string,
): { digest: Digest; suffix: DigestTagSuffix } | undefined {
  const dot = tag.indexOf(".");
  if (dot < 0 || !tag.startsWith("sha256-")) return undefined;
  const suffix = DIGEST_TAG_SUFFIXES.find((known) => known === tag.slice(dot + 1));
  const digest = `sha256:${tag.slice("sha256-".length, dot)}`;
  return suffix !== undefined && isDigest(digest) ? { digest, suffix } : undefined;
}

/** `sha256-<64 digits>`, and what follows a dot. */
const DIGEST_TAG = /^sha(?:256|512)-[0-9a-f]{64}(?:\.(?<suffix>[\w.-]+))?$/;

/**
 * Tells whether a tag is made from a digest, whatever its suffix: `{}` for the fallback of the referrers API.
 *
 * @returns `undefined` for any other tag
 */
export function matchDigestTag(tag: string): { readonly suffix?: string } | undefined {
  const match = DIGEST_TAG.exec(tag);
  const suffix = match?.groups?.["suffix"];
  return match ? { ...(suffix === undefined ? {} : { suffix }) } : undefined;
}
