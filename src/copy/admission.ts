/**
 * The admission of an image: the port that checks it before the first write of a copy, and the data of a verdict. `admission/` and
 * the Worker's service binding implement the port.
 */
import type { CallOptions, ContentSource } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";

/** A signature or attestation that was found, and whether it meets a requirement. */
export interface AdmissionCandidate {
  /** Where it was found: `registry/repository@digest`, or the name of a list that cannot be read. */
  readonly name: string;
  /** Whether it meets the requirement. */
  readonly accepted: boolean;
  /** Who signed it, or why it is rejected. */
  readonly reason: string;
}

/** A requirement of a policy, and its candidates. */
export interface AdmissionRequirement {
  /** In words: the signature or attestation, and its signer. */
  readonly requirement: string;
  /** Whether a candidate meets it. */
  readonly met: boolean;
  /** The candidates up to the first that meets the requirement. */
  readonly candidates: readonly AdmissionCandidate[];
}

/** The verdict about one manifest. */
export interface ManifestVerdict {
  /** Digest of the manifest. */
  readonly digest: Digest;
  /** Whether the policy accepts it. */
  readonly result: "admitted" | "rejected";
  /** Why, in one sentence. */
  readonly reason: string;
  /** Each requirement that was checked. Empty if the policy decides by the name alone. */
  readonly requirements: readonly AdmissionRequirement[];
}

/** The verdict of an admission policy about an image. */
export interface AdmissionVerdict extends ManifestVerdict {
  /** Resolved name: `registry/repository[:tag]@digest`. */
  readonly image: string;
  /** The pattern of the policy that applies. Absent if none matches. */
  readonly images?: string;
  /** Less specific patterns that match as well. */
  readonly overridden?: readonly string[];
  /** Verdicts about the manifests of an index, if the policy checks them. */
  readonly children?: readonly ManifestVerdict[];
  /** The certificates and log keys that are trusted: where they come from, and when they were published. */
  readonly trustRoot?: string;
  /** Circumstances that deserve attention, such as an old trust root. */
  readonly warnings: readonly string[];
}

/** How to read the image and its signatures. */
export interface AdmissionContext extends CallOptions {
  /** The repository of the image. */
  readonly source: ContentSource;
  /** The repository of the image's referrers, if it is another one. */
  readonly referrerSource?: ContentSource | undefined;
  /** The repository that is known to have further referrers of the image's registry. */
  readonly moreReferrers?: ContentSource | undefined;
  /** Opens another repository for reading. */
  readonly open: (repository: string) => ContentSource;
}

/** Checks images against a policy. */
export interface AdmissionCheck {
  /**
   * Checks an image. Signatures that cannot be read reject it.
   *
   * @param image `registry/repository[:tag]@digest`
   * @throws CrossdockError only for a rate limit, and the signal's reason after an abort
   */
  check(image: string, context: AdmissionContext): Promise<AdmissionVerdict>;
}

/**
 * Checks that the verdict of a plan is about its source, and admits it. A plan without a verdict needs none.
 *
 * @throws CrossdockError `rejected`
 */
export function requireAdmitted(
  { admission: verdict, source }: {
    readonly admission?: AdmissionVerdict | undefined;
    readonly source: string;
  },
): void {
  if (!verdict || verdict.result === "admitted" && source.endsWith(`@${verdict.digest}`)) return;
  throw new CrossdockError(
    "rejected",
    `the admission policy rejects ${source}: ${verdict.reason}`,
    { side: "source", hint: "crossdock verify-signature shows each reason" },
  );
}
