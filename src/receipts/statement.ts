/**
 * The statement of a receipt. It says that a registry has a copy of an image, and which policy admitted it. It says nothing about how
 * the image was built.
 *
 * https://github.com/in-toto/attestation/blob/v1.1.2/spec/v1/statement.md
 */
import type { ReceiptStep } from "../copy/step.ts";
import { digestAlgorithm, digestHex } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference, isLocal, parseReference } from "../oci/reference.ts";
import { PACKAGE_VERSION } from "../version.ts";

/** The predicate of a copy that no signature admitted. docs/receipts.md describes it. */
export const COPY_PREDICATE = "urn:crossdock:receipt:v1";

/** https://slsa.dev/spec/v1.1/verification_summary */
export const SUMMARY_PREDICATE = "https://slsa.dev/verification_summary/v1";

/** The member of a verification summary with the source. An extension has a URI as its name. */
export const SOURCE_MEMBER = "urn:crossdock:receipt:source";

/** An in-toto statement. */
export interface Statement {
  readonly _type: "https://in-toto.io/Statement/v1";
  readonly subject: readonly ResourceDescriptor[];
  readonly predicateType: typeof COPY_PREDICATE | typeof SUMMARY_PREDICATE;
  readonly predicate: object;
}

/** https://github.com/in-toto/attestation/blob/v1.1.2/spec/v1/resource_descriptor.md */
interface ResourceDescriptor {
  readonly name?: string;
  readonly uri?: string;
  readonly digest: Readonly<Record<string, string>>;
}

/**
 * Makes the statement of a receipt: a verification summary if signatures admitted the image.
 *
 * @param now milliseconds since the epoch
 */
export function makeStatement(
  { descriptor: { digest }, name, image, policy }: ReceiptStep,
  now: number,
): Statement {
  const base = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name, digest: toDigestSet(digest) }],
  } as const;
  const source = toResource(image);
  const version = { crossdock: PACKAGE_VERSION };
  if (!policy || policy.attestations.length === 0) {
    return {
      ...base,
      predicateType: COPY_PREDICATE,
      predicate: {
        copier: { id: "urn:crossdock", version },
        source,
        copiedAt: new Date(now).toISOString(),
        ...(policy ? { policy: { images: policy.images, result: "admitted" } } : {}),
      },
    };
  }
  return {
    ...base,
    predicateType: SUMMARY_PREDICATE,
    predicate: {
      verifier: { id: "urn:crossdock", version },
      timeVerified: policy.checkedAt,
      resourceUri: toPackageUrl(name, digest),
      policy: { uri: `urn:crossdock:admission:${encodeURIComponent(policy.images)}` },
      inputAttestations: policy.attestations.map(toAttestation),
      verificationResult: "PASSED",
      // Signatures prove no level of SLSA.
      verifiedLevels: ["SIGNATURES_VERIFIED"],
      slsaVersion: "1.1",
      [SOURCE_MEMBER]: { ...source, copiedAt: new Date(now).toISOString() },
    },
  };
}

/** The path of a folder or file is left out: it means nothing to others. */
function toResource(image: string): ResourceDescriptor {
  const { digest, ...rest } = parseReference(image);
  if (!digest) throw new TypeError(`receipt for ${image}: expected a digest`);
  const name = isLocal(rest) ? undefined : formatReference(rest);
  return { ...(name === undefined ? {} : { name }), digest: toDigestSet(digest) };
}

function toDigestSet(digest: Digest): ResourceDescriptor["digest"] {
  return { [digestAlgorithm(digest)]: digestHex(digest) };
}

/** @param name as the admission check names it: with the digest at its end, perhaps after `, layer ` */
function toAttestation(name: string): ResourceDescriptor {
  const digest = /(?:sha256|sha512):[0-9a-f]+$/.exec(name)?.[0];
  if (digest === undefined) throw new TypeError(`attestation ${name}: expected a digest`);
  const isPath = isLocal(parseReference(name.replace(/, layer .*/, "")));
  return { ...(isPath ? {} : { name }), digest: toDigestSet(digest as Digest) };
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md */
function toPackageUrl(repository: string, digest: Digest): string {
  const name = repository.slice(repository.lastIndexOf("/") + 1);
  return `pkg:oci/${name}@${encodeURIComponent(digest)}?repository_url=${
    encodeURIComponent(repository)
  }`;
}
