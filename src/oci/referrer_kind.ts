/**
 * Classifies referrers by what the lists of registries say about them: artifact type and annotations. Nothing is read or verified.
 *
 * - cosign 3 and GitHub: bundles, told apart by annotations:
 *   https://github.com/sigstore/cosign/blob/v3.0.2/specs/BUNDLE_SPEC.md
 * - cosign 2: `application/vnd.dev.cosign.artifact.sig.v1+json`, and digest tags:
 *   https://github.com/sigstore/cosign/blob/v2.4.1/specs/SIGNATURE_SPEC.md
 * - notation: `application/vnd.cncf.notary.signature`:
 *   https://github.com/notaryproject/specifications/blob/v1.1.0/specs/signature-specification.md
 * - SPDX and CycloneDX: https://www.iana.org/assignments/media-types/application/spdx+json,
 *   https://www.iana.org/assignments/media-types/application/vnd.cyclonedx+json
 * - in-toto statements of BuildKit and Docker, told apart by `in-toto.io/predicate-type`:
 *   https://github.com/moby/buildkit/blob/v0.18.0/docs/attestations/attestation-storage.md
 * - SLSA: https://slsa.dev/spec/v1.0/provenance
 */
import type { Descriptor } from "./descriptor.ts";
import type { DigestTagSuffix } from "./digest_tag.ts";

/** The kinds of referrers and digest tags. */
export const REFERRER_KINDS: readonly ReferrerKind[] = ["signature", "sbom", "provenance", "other"];

/** What a referrer is for. */
export type ReferrerKind = "signature" | "sbom" | "provenance" | "other";

/** In order: the first that matches decides. A VEX document is no SBOM, whatever its format. */
const PATTERNS: readonly (readonly [ReferrerKind, RegExp])[] = [
  ["other", /vex/i],
  ["sbom", /spdx|cyclonedx|syft|sbom/i],
  ["provenance", /slsa|provenance/i],
  ["signature", /signature|\.sig\.|simplesigning|cosign\/sign\/|sigstore\.bundle/i],
];

const BUNDLE_CONTENT = "dev.sigstore.bundle.content";

/** Annotations that name the type of an attestation's predicate. */
const PREDICATE_TYPES = [
  "dev.sigstore.bundle.predicateType",
  "in-toto.io/predicate-type",
  "predicateType",
];

/** The kind of a referrer, from its descriptor in a list of referrers. */
export function kindOfReferrer(
  { artifactType, annotations = {} }: Pick<Descriptor, "artifactType" | "annotations">,
): ReferrerKind {
  const predicateType = PREDICATE_TYPES.map((key) => annotations[key]).find((type) => type);
  if (predicateType) return match(predicateType);
  // A bundle with a statement of an unknown type is no signature of the image.
  return annotations[BUNDLE_CONTENT] === "dsse-envelope" ? "other" : match(artifactType ?? "");
}

/** The kind of a digest tag of cosign. An attestation has the type of its predicate in the annotations of its layers. */
export function kindOfDigestTag(
  suffix: DigestTagSuffix,
  layers: readonly Pick<Descriptor, "annotations">[],
): ReferrerKind {
  if (suffix === "sig") return "signature";
  if (suffix === "sbom") return "sbom";
  return layers.map(kindOfReferrer).find((kind) => kind !== "other") ?? "other";
}

function match(text: string): ReferrerKind {
  return PATTERNS.find(([, pattern]) => pattern.test(text))?.[0] ?? "other";
}
