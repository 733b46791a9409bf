/** Reads what a signature states: about which digest, and with which predicate. */
import type { Digest } from "../oci/digest.ts";
import { digestAlgorithm, digestHex } from "../oci/digest.ts";
import { quote } from "../oci/quote.ts";
import { CandidateError } from "./candidate_error.ts";
import type { SignedContent } from "./verify.ts";

/** What a signature states about the image. */
export interface SignedClaim {
  /** The predicate type of an attestation. Absent for a signature of the image. */
  readonly predicateType?: string;
}

/** https://github.com/sigstore/cosign/blob/v3.0.2/specs/BUNDLE_SPEC.md */
const SIGNATURE_PREDICATE = "https://sigstore.dev/cosign/sign/v1";

const IN_TOTO = "application/vnd.in-toto+json";

/** https://github.com/in-toto/attestation/blob/v1.1.2/spec/v1/statement.md, and its version before. */
const STATEMENT_TYPES = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/** https://github.com/sigstore/cosign/blob/v2.6.1/specs/SIGNATURE_SPEC.md */
const SIMPLE_SIGNING_TYPE = "cosign container image signature";

/**
 * Reads the claim of signed content.
 *
 * @throws CandidateError for another image, and for content of another kind
 */
export function readClaim({ payload, payloadType }: SignedContent, digest: Digest): SignedClaim {
  const json = parseObject(payload);
  if (payloadType === undefined) return readSimpleSigning(json, digest);
  if (payloadType !== IN_TOTO) {
    throw new CandidateError(`the payload is ${quote(payloadType)}, expected ${IN_TOTO}`);
  }
  const { _type: type, subject, predicateType } = json;
  if (!STATEMENT_TYPES.includes(String(type)) || typeof predicateType !== "string") {
    throw new CandidateError("the payload is not an in-toto statement");
  }
  const algorithm = digestAlgorithm(digest);
  const isAbout = Array.isArray(subject) &&
    subject.some((one) => one?.digest?.[algorithm] === digestHex(digest));
  if (!isAbout) throw new CandidateError("it signs another digest");
  return predicateType === SIGNATURE_PREDICATE ? {} : { predicateType };
}

function readSimpleSigning(json: Record<string, unknown>, digest: Digest): SignedClaim {
  const { critical } = json as {
    critical?: { type?: unknown; image?: { "docker-manifest-digest"?: unknown } };
  };
  if (critical?.type !== SIMPLE_SIGNING_TYPE) {
    throw new CandidateError("the payload is not a signature of an image by cosign");
  }
  if (critical.image?.["docker-manifest-digest"] !== digest) {
    throw new CandidateError("it signs another digest");
  }
  return {};
}

function parseObject(payload: Uint8Array): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (cause) {
    throw new CandidateError("the payload is not JSON", { cause });
  }
  if (typeof json === "object" && json !== null) return json as Record<string, unknown>;
  throw new CandidateError("the payload is not an object");
}
