/**
 * Verifies signatures by the libraries of Sigstore. The only file that imports them: it is loaded when the first image is checked.
 * docs/adr/0032-admission-policy.md
 */
import { bundleFromJSON } from "@sigstore/bundle";
import type { Bundle, SerializedBundle } from "@sigstore/bundle";
import { crypto as sigstoreCrypto } from "@sigstore/core";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { quote } from "../oci/quote.ts";
import { CandidateError } from "./candidate_error.ts";

/** A signature, and what it signs. */
export interface SignedContent {
  /** The signed bytes. */
  readonly payload: Uint8Array;
  /** The type of a DSSE payload. Absent for a signature of bytes. */
  readonly payloadType?: string;
  /**
   * Verifies a signature by a certificate: the chain, and the SCT, the transparency log and timestamps if the trust root has them.
   *
   * @throws CandidateError
   */
  verifyKeyless(): Identity;
  /**
   * Verifies that a key signed. Entries of a transparency log are not required. Those that the bundle has are verified.
   *
   * @throws CandidateError
   */
  verifyKey(key: PublicKey): void;
}

/** The identity in a certificate. */
interface Identity {
  readonly issuer: string;
  readonly identity: string;
}

type KeyObject = ReturnType<typeof sigstoreCrypto.createPublicKey>;

export interface PublicKey {
  readonly key: KeyObject;
  /** SHA-256 of the key in DER. cosign writes it in base64 into bundles. */
  readonly fingerprint: Uint8Array;
}

export interface SignatureVerifier {
  /**
   * Reads a bundle.
   *
   * @param artifact the signed bytes, if the bundle does not contain them
   * @throws CandidateError if it is malformed
   */
  open(bundle: unknown, artifact?: Uint8Array): SignedContent;
}

const MEDIA_TYPES = new Set([
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.dev.sigstore.bundle.v0.3+json",
]);

const HASHES: Readonly<Record<string, readonly string[]>> = {
  prime256v1: ["sha256"],
  // Early versions of cosign sign with SHA-256 whatever the curve.
  secp384r1: ["sha384", "sha256"],
  secp521r1: ["sha512", "sha256"],
};

const verifyByHash = sigstoreCrypto.verify as (
  data: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
  hash: string | null,
) => boolean;

/**
 * Verifies a signature with the hash that belongs to the key. Without the name of a hash, only Node chooses one: Deno and workerd
 * throw, and the library takes that for a wrong signature.
 * https://github.com/sigstore/architecture-docs/blob/main/algorithm-registry.md
 */
function verifyByKey(
  data: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
  algorithm?: string,
): boolean {
  return hashesOf(key, algorithm).some((hash) => verifyByHash(data, key, signature, hash));
}

function hashesOf(key: KeyObject, algorithm: string | undefined): readonly (string | null)[] {
  if (key.asymmetricKeyType === "ed25519") return [null];
  const stated = algorithm === undefined ? [] : [algorithm];
  // A signature of cosign 2 does not state its hash.
  if (key.asymmetricKeyType === "ec") {
    return [...stated, ...HASHES[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? []];
  }
  return algorithm === undefined ? ["sha256"] : stated;
}

/** All packages of Sigstore verify by this function of theirs. The assignment throws if a later version makes it constant. */
Object.assign(sigstoreCrypto, { verify: verifyByKey });

/** @throws CandidateError for other keys than ECDSA on P-256, P-384 and P-521, Ed25519, and RSA of at least 2048 bits */
export function readPublicKey(pem: string): PublicKey {
  let key: KeyObject;
  try {
    key = sigstoreCrypto.createPublicKey(pem);
  } catch (cause) {
    throw new CandidateError("the public key is not a key in PEM", { cause });
  }
  const { asymmetricKeyType: type = "", asymmetricKeyDetails: details = {} } = key;
  const isKnown = type === "ed25519" ||
    type === "ec" && Object.hasOwn(HASHES, details.namedCurve ?? "") ||
    type === "rsa" && (details.modulusLength ?? 0) >= 2048;
  if (!isKnown) {
    const name = [type, details.namedCurve ?? details.modulusLength].join(" ").trim();
    throw new CandidateError(
      `the public key is ${quote(name)}, expected ECDSA P-256, P-384 or P-521, Ed25519, or RSA ` +
        "with at least 2048 bits",
    );
  }
  const der = key.export({ type: "spki", format: "der" });
  return { key, fingerprint: sigstoreCrypto.digest("sha256", der) };
}

/**
 * Creates a verifier.
 *
 * @param trustRoot a `TrustedRoot` of Sigstore, as parsed JSON
 * @throws CandidateError if it is malformed
 */
export function createVerifier(trustRoot: unknown): SignatureVerifier {
  const material = attempt(
    "read the trust root",
    () =>
      toTrustMaterial(TrustedRoot.fromJSON(trustRoot), () => {
        throw new CandidateError("the bundle is signed with a key, expected a certificate");
      }),
  );
  // A private instance may have no log of certificates, or timestamps in place of a log of signatures.
  const thresholds = {
    ctlogThreshold: material.ctlogs.length > 0 ? 1 : 0,
    tlogThreshold: material.tlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  };
  const keyless = new Verifier(material, thresholds);

  return {
    open(json, artifact): SignedContent {
      const bundle = attempt("read the bundle", () => parseBundle(json));
      const entity = attempt(
        "read the bundle",
        () => toSignedEntity(bundle, artifact as Buffer<ArrayBuffer> | undefined),
      );
      const { content } = bundle;
      const isCertificate = entity.key.$case === "certificate";
      if (content.$case === "messageSignature" && !artifact) {
        throw new CandidateError("the bundle signs a file, expected a statement about an image");
      }
      return {
        ...(content.$case === "dsseEnvelope"
          ? { payload: content.dsseEnvelope.payload, payloadType: content.dsseEnvelope.payloadType }
          : { payload: artifact ?? new Uint8Array() }),
        verifyKeyless(): Identity {
          if (!isCertificate) {
            throw new CandidateError("it is signed with a key, expected a certificate");
          }
          const { identity } = attempt("verify", () => keyless.verify(entity));
          return {
            issuer: identity?.extensions?.issuer ?? "",
            identity: identity?.subjectAlternativeName ?? "",
          };
        },
        verifyKey({ key, fingerprint }): void {
          if (entity.key.$case !== "public-key") {
            throw new CandidateError("it is signed with a certificate, expected a key");
          }
          const { hint } = entity.key;
          if (hint !== "" && hint !== btoa(String.fromCharCode(...fingerprint))) {
            throw new CandidateError(`it names another key: ${quote(hint)}`);
          }
          const verifier = new Verifier(
            { ...material, publicKey: () => ({ publicKey: key, validFor: () => true }) },
            { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 },
          );
          attempt("verify", () => verifier.verify(entity));
        },
      };
    },
  };
}

function parseBundle(json: unknown): Bundle {
  const bundle = bundleFromJSON(json as SerializedBundle);
  if (!MEDIA_TYPES.has(bundle.mediaType)) {
    throw new TypeError(`unknown format ${quote(bundle.mediaType)}`);
  }
  const { content, timestampVerificationData, tlogEntries } = bundle.verificationMaterial;
  const structures = [
    ...(timestampVerificationData?.rfc3161Timestamps ?? []).map((one) => one.signedTimestamp),
    ...(content.$case === "certificate" ? [content.certificate.rawBytes] : []),
    ...(content.$case === "x509CertificateChain"
      ? content.x509CertificateChain.certificates.map(({ rawBytes }) => rawBytes)
      : []),
  ];
  // The library does not compare the type of the outermost structure, which no signature covers.
  if (structures.some(([type]) => type !== DER_SEQUENCE)) throw new TypeError("expected DER");
  // The library verifies by the signed checkpoint, and ignores what the proof repeats of it.
  for (const { inclusionProof: proof } of tlogEntries) {
    const [, size, hash] = proof?.checkpoint?.envelope.split("\n") ?? [];
    if (!proof || size === undefined) continue;
    if (size === proof.treeSize && hash === proof.rootHash.toString("base64")) continue;
    throw new TypeError("the proof of inclusion differs from its checkpoint");
  }
  return bundle;
}

const DER_SEQUENCE = 0x30;

/** The library throws errors of many classes for content that an attacker may have written. All of them reject it. */
function attempt<Result>(what: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof CandidateError) throw error;
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
    throw new CandidateError(`${what}: ${why}`, { cause: error });
  }
}
