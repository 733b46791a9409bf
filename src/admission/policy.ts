/** The admission policy of a configuration, and which of its entries applies to an image. `config/read_admission.ts` reads it. */
import { formatReference, isLocal, parseRepository } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { compileGlob, literalPrefix } from "./glob.ts";

/** Who must have signed. */
export type Signer =
  /** An identity in a certificate of Fulcio. Both are patterns. */
  | { readonly type: "keyless"; readonly issuer: string; readonly identity: string }
  /** A public key in PEM. */
  | { readonly type: "key"; readonly pem: string };

const PUBLIC_KEY =
  /^\s*-----BEGIN (RSA )?PUBLIC KEY-----[\sA-Za-z0-9+/=]+-----END \1PUBLIC KEY-----\s*$/;

/**
 * Whether the text is one public key in PEM. The library would also take the first of several keys, a certificate, and a private
 * key.
 */
export function isPublicKey(pem: string): boolean {
  return PUBLIC_KEY.test(pem);
}

/** A signature or attestation that an image must have. */
export interface Requirement {
  readonly signer: Signer;
  /** The predicate type of an attestation. Absent for a signature of the image. */
  readonly predicateType?: string;
}

/** An entry of a policy. */
export interface PolicyEntry {
  /** A pattern of names as {@linkcode policyName} gives them. */
  readonly images: string;
  /** A decision by the name alone, or requirements. */
  readonly rule: "accept" | "reject" | Requirements;
}

export interface Requirements {
  readonly require: "any" | "all";
  readonly requirements: readonly Requirement[];
  /** The repository of the signatures. Default: that of the image. */
  readonly from?: string;
  /** Whether the manifests of an index are checked as well. */
  readonly children: boolean;
}

export type AdmissionPolicy = readonly PolicyEntry[];

/** The entry that applies to an image. */
export interface Choice {
  readonly entry: PolicyEntry;
  /** Patterns that match as well and are less specific. */
  readonly overridden: readonly string[];
  /** Another pattern that matches and is as specific, so that the policy is ambiguous. */
  readonly rival?: string;
}

/** A host that is still a registry without its port. A single word would become a repository of Docker Hub. */
const HTTPS_HOST = /^(localhost|.*[.\]].*):443$/;

/**
 * The name that patterns match: `registry/repository`, or `oci:PATH`. The default port is left out, so that an image has one name
 * and cannot evade its entry by another.
 */
export function policyName(reference: Reference): string {
  const { registry, repository } = reference;
  const [, host] = isLocal(reference) ? [] : HTTPS_HOST.exec(registry) ?? [];
  return formatReference(
    host === undefined ? { registry, repository } : parseRepository(`${host}/${repository}`),
  );
}

/** Chooses the most specific entry for a repository: the one with the most characters before its first wildcard. */
export function chooseEntry(policy: AdmissionPolicy, repository: string): Choice | undefined {
  const matching = policy.filter(({ images }) => compileGlob(images).test(repository))
    .sort((a, b) => compareSpecificity(b.images, a.images));
  const [entry, ...others] = matching;
  if (!entry) return undefined;
  const rival = others.find(({ images }) => compareSpecificity(images, entry.images) === 0);
  return {
    entry,
    overridden: others.filter((other) => other !== rival).map(({ images }) => images),
    ...(rival ? { rival: rival.images } : {}),
  };
}

function compareSpecificity(a: string, b: string): number {
  const [left, right] = [literalPrefix(a), literalPrefix(b)];
  // Two patterns with the same prefix: more literal characters, then fewer characters that cross a slash.
  return left === right ? literals(a) - literals(b) || crossings(b) - crossings(a) : left - right;
}

function literals(pattern: string): number {
  return pattern.replaceAll("*", "").length;
}

function crossings(pattern: string): number {
  return pattern.match(/\*{2,}/g)?.length ?? 0;
}

/** A requirement in words. */
export function describeRequirement(
  { signer, predicateType }: Requirement,
  keyName: string,
): string {
  const what = predicateType === undefined ? "signature" : `attestation ${predicateType}`;
  return signer.type === "key"
    ? `${what} by ${keyName}`
    : `${what} by ${signer.identity} of ${signer.issuer}`;
}
