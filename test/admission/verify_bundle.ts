/** Verifies bundles of the fixtures. It reads no files, so it runs in a Worker as well. */
import { readClaim } from "../../src/admission/statement.ts";
import { createVerifier, readPublicKey } from "../../src/admission/verify.ts";
import { parseDigest } from "../../src/oci/digest.ts";

export interface VerifyBundleOptions {
  /** The trust root, as JSON. */
  readonly root: unknown;
  /** The digest of the signed image. Default: the bundle signs something else. */
  readonly digest?: string | undefined;
  /** The signed text, if the bundle does not contain it. */
  readonly artifact?: string | undefined;
  /** A public key in PEM. Default: the bundle's certificate is verified. */
  readonly pem?: string | undefined;
}

/**
 * Verifies a bundle by its certificate, or by a key. Returns who signed.
 *
 * @throws CandidateError for a bundle that must be rejected
 */
export function verifyBundle(
  bundle: Readonly<Record<string, unknown>>,
  { root, digest, artifact, pem }: VerifyBundleOptions,
): string {
  const bytes = artifact === undefined ? undefined : new TextEncoder().encode(artifact);
  const content = createVerifier(root).open(bundle, bytes);
  if (digest !== undefined) readClaim(content, parseDigest(digest));
  if (pem !== undefined) {
    content.verifyKey(readPublicKey(pem));
    return "the key";
  }
  const { issuer, identity } = content.verifyKeyless();
  return `${identity} of ${issuer}`;
}
