/** Formats the referrers and digest tags of an image by kind. */
import type { ReferrerCount, ReferrerState } from "../../copy/model.ts";
import { formatCount } from "./format.ts";

const NOUNS: Readonly<Record<ReferrerCount["kind"], string>> = {
  signature: "signature",
  sbom: "SBOM",
  provenance: "provenance attestation",
  other: "other referrer",
};

export function nounOf(kind: ReferrerCount["kind"]): string {
  return NOUNS[kind];
}

/** `2 signatures, 1 SBOM`; empty if there are none. */
export function formatReferrers({ kinds }: ReferrerState): string {
  return kinds.map(({ kind, expected }) => formatCount(expected, NOUNS[kind])).join(", ");
}

/** `lacks 1 of 2 signatures, 1 of 1 SBOM`; `undefined` if all are there. */
export function formatMissing(
  { kinds, isPartial = false }: ReferrerState,
): string | undefined {
  const missing = kinds.filter(({ missing }) => missing > 0).map((count) => {
    const { kind, expected, missing, unavailable } = count;
    const noun = `${NOUNS[kind]}${expected === 1 ? "" : "s"}`;
    const why = unavailable === 0 ? "" : ` (${unavailable} not found at the source)`;
    return `${missing} of ${expected} ${noun}${why}`;
  });
  const parts = [
    ...(missing.length > 0 ? [`lacks ${missing.join(", ")}`] : []),
    ...(isPartial ? ["the source did not list all referrers"] : []),
  ];
  return parts.length > 0 ? parts.join("; ") : undefined;
}
