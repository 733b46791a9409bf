/**
 * The data of a copy: plan, outcomes, events, report, inspection and verification. All of it is plain JSON without secrets.
 * `schemas.ts` has its schemas.
 */
import type { Side } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { ReferrerKind } from "../oci/referrer_kind.ts";
import type { AdmissionVerdict } from "./admission.ts";
import type { Step } from "./step.ts";

/** The number of requests to each side, without token requests. */
export interface RequestCounts {
  /** Requests to the source's registry. */
  readonly source: number;
  /** Requests to the destination's registry. */
  readonly destination: number;
}

/** Steps that may run in parallel. Each stage starts when the previous one is complete. */
export interface Stage {
  /** The kind of content that the stage writes. */
  readonly name: "blobs" | "manifests" | "referrers" | "tag" | "receipts";
  /** Steps that may run in parallel. */
  readonly steps: readonly Step[];
}

/** The number of blobs, bytes and requests of a plan, after a check of each blob at the destination. */
export interface PlanTotals {
  /** `stream`: to upload; `mount`: to mount from another repository; `present`: already there. */
  readonly blobs: {
    readonly stream: number;
    readonly mount: number;
    readonly present: number;
  };
  /** `stream`: to upload; `mount`: to mount from another repository; `present`: already there. */
  readonly bytes: {
    readonly stream: number;
    readonly mount: number;
    readonly present: number;
  };
  /** Number of manifests to put; a root that is put by digest and by tag counts twice. */
  readonly manifests: number;
  /** Requests that the copy will send. */
  readonly requests: RequestCounts;
}

/** The number of referrers and digest tags of one kind. */
export interface ReferrerCount {
  /**
   * `signature`, `sbom` or `provenance`, by artifact type, predicate type and digest tag; `other` includes attestations of other
   * types. Nothing is verified.
   */
  readonly kind: ReferrerKind;
  /** Number at the source, as far as the copy includes them. */
  readonly expected: number;
  /** Number of those that the destination lacks. */
  readonly missing: number;
  /** Number of missing ones that the source lists but does not have. */
  readonly unavailable: number;
}

/** Whether the referrers and digest tags of an image are at the destination. */
export interface ReferrerState {
  /** One for each kind that the source has. */
  readonly kinds: readonly ReferrerCount[];
  /** Present if the source did not list all referrers and digest tags. */
  readonly isPartial?: boolean;
}

/** The steps of a copy, in order. */
export interface Plan {
  /** Resolved name: `registry/repository[:tag]@digest`. */
  readonly source: string;
  /** `registry/repository[:tag]@digest`, with the digest after the copy. */
  readonly destination: string;
  /** More tags with this digest. */
  readonly additionalTags?: readonly string[];
  /** The manifest or index that the copy begins with. */
  readonly root: Descriptor;
  /** Digest of the destination before the copy; absent if it does not exist. */
  readonly current?: Digest;
  /**
   * `copied`: content was or will be written; `unchanged`: the destination already has everything; `skipped`: the destination
   * has the tag with another digest, and `ifExists` is `skip`.
   */
  readonly result: "copied" | "unchanged" | "skipped";
  /** In order: each stage starts when the previous one is complete. */
  readonly stages: readonly Stage[];
  /** Foreign layers (stored outside the registry), which are not copied. */
  readonly foreign: readonly Descriptor[];
  /** Referrers and digest tags before the copy; absent if they were not checked. */
  readonly referrerState?: ReferrerState;
  /** Differences between the copy and its source, and content that could not be checked. */
  readonly warnings: readonly string[];
  /** Number of requests that planning took, with the check of each blob, without token requests. */
  readonly requests?: RequestCounts;
  /** Totals; only if each blob was checked at the destination. */
  readonly totals?: PlanTotals;
  /** The verdict of the admission policy about the source. Absent without a policy, and if there is nothing to write. */
  readonly admission?: AdmissionVerdict;
}

/** The result of a finished copy. */
export interface Report {
  /** Resolved name: `registry/repository[:tag]@digest`. */
  readonly source: string;
  /** Resolved name: `registry/repository[:tag]@digest`. */
  readonly destination: string;
  /** More tags with this digest. */
  readonly additionalTags?: readonly string[];
  /** Digest of the root manifest at the destination; differs from the source's only if an index was rebuilt or unwrapped. */
  readonly digest: Digest;
  /**
   * `copied`: content was or will be written; `unchanged`: the destination already has everything; `skipped`: the destination
   * has the tag with another digest, and `ifExists` is `skip`.
   */
  readonly result: "copied" | "unchanged" | "skipped";
  /** Number of blobs by what happened to them. */
  readonly blobs: {
    readonly streamed: number;
    readonly mounted: number;
    readonly present: number;
    readonly foreign: number;
  };
  /** Bytes of uploaded blobs; a blob that was sent again counts once. */
  readonly bytesStreamed: number;
  /** Number of manifests that were put, including referrers and digest tags. */
  readonly manifests: number;
  /** Number of referrers and digest tags among `manifests`. */
  readonly referrers: number;
  /** Number of receipts that were signed and put. Absent if there were none. */
  readonly receipts?: number;
  /** Referrers and digest tags after the copy; absent if they were not checked. */
  readonly referrerState?: ReferrerState;
  /** Requests that the copy sent, planning included. */
  readonly requests: RequestCounts;
  /** Duration in milliseconds. */
  readonly durationMs: number;
  /** Differences between the copy and its source, and content that could not be checked. */
  readonly warnings: readonly string[];
  /** The verdict of the admission policy about the source. Absent without a policy, and if there was nothing to write. */
  readonly admission?: AdmissionVerdict;
}

/** The result of a step. */
export type Outcome =
  | {
    readonly type: "blob";
    readonly state: "streamed" | "mounted" | "present";
    /** Bytes that were uploaded. */
    readonly bytes: number;
  }
  | {
    readonly type: "manifest";
    readonly state: "put";
  }
  | {
    readonly type: "referrers";
    /** `written`: the fallback index was updated; `unneeded`: the destination has the referrers API or lists them already. */
    readonly state: "written" | "unneeded";
  }
  | {
    readonly type: "receipt";
    /** `present`: the destination has a receipt of the same signer. */
    readonly state: "put" | "present";
  };

/** The result of a step that copies a blob. */
export type BlobOutcome = Extract<Outcome, { type: "blob" }>;

/** The result of a step, and its number of requests. */
export type Performed = Outcome & { readonly requests: RequestCounts };

/** An event of a running copy. */
export type CopyEvent =
  | {
    readonly type: "plan";
    readonly plan: Plan;
  }
  | {
    readonly type: "step-started";
    readonly step: Step;
  }
  | {
    readonly type: "progress";
    readonly digest: string;
    /** Bytes of this blob so far; smaller than before if the blob starts again. */
    readonly bytes: number;
    /** Size of the blob in bytes. */
    readonly sizeBytes: number;
  }
  | {
    readonly type: "step-finished";
    readonly step: Step;
    readonly outcome: Outcome;
  }
  | {
    readonly type: "retry";
    readonly side: Side;
    /** The request or blob that is retried. */
    readonly what: string;
    /** Number of this retry, from 1. */
    readonly attempt: number;
    /** Wait before it, in milliseconds. */
    readonly delayMs: number;
    /** Message of the error. */
    readonly reason: string;
  }
  | {
    readonly type: "warning";
    readonly message: string;
  }
  | {
    readonly type: "report";
    readonly report: Report;
  };

/** Receives each event when it happens. Must not throw. */
export type Emit = (event: CopyEvent) => void;

/** A manifest of an image, with its children. */
export interface ManifestNode {
  /** Media type, digest and size of the manifest. */
  readonly descriptor: Descriptor;
  /** An index lists other manifests; an artifact has a type of its own, such as a signature. */
  readonly kind: "image" | "index" | "artifact";
  /** `os/architecture[/variant]`. */
  readonly platform?: string;
  /** The type of an artifact: `application/spdx+json`. */
  readonly artifactType?: string;
  /** Annotations of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The config of an image. */
  readonly config?: {
    readonly descriptor: Descriptor;
    /** Parsed content, if it is JSON. */
    readonly content?: unknown;
  };
  /** Layers of an image, or blobs of an artifact. */
  readonly layers: readonly Descriptor[];
  /** The entries of an index that exist in the repository. */
  readonly manifests: readonly ManifestNode[];
  /** Manifests whose `subject` is this manifest. */
  readonly referrers: readonly Descriptor[];
  /** Cosign's tags for this manifest: `sha256-….sig`, `.att`, `.sbom`. */
  readonly digestTags: readonly {
    readonly tag: string;
    readonly digest: Digest;
  }[];
}

/** The manifests, configs, layers and referrers of an image. */
export interface Inspection {
  /** Resolved name: `registry/repository[:tag]@digest`. */
  readonly reference: string;
  /** The manifest or index that the name refers to. */
  readonly root: ManifestNode;
  /** Total size of all blobs in bytes; each blob counts once. */
  readonly totalBytes: number;
}

/** Content that is missing or different at the destination. */
export interface Difference {
  /** The kind of the content. */
  readonly kind: "tag" | "manifest" | "blob" | "referrer" | "digest-tag";
  /** Digest, or tag. */
  readonly what: string;
  /** The kind of a referrer or a digest tag. */
  readonly referrerKind?: ReferrerKind;
  /** Whether the destination lacks it or has something else. */
  readonly state: "missing" | "different";
  /** Expected digest, from the source. */
  readonly wanted?: Digest;
  /** Digest at the destination. */
  readonly found?: Digest;
}

/** The result of comparing a copy with its source. */
export interface Verification {
  /** Resolved name: `registry/repository[:tag]@digest`. */
  readonly source: string;
  /** The name that was compared with the source. */
  readonly destination: string;
  /** Whether there are no differences. */
  readonly equal: boolean;
  /** `incomplete`: the destination has the image, but lacks referrers or digest tags. */
  readonly state: "equal" | "incomplete" | "different";
  /** Referrers and digest tags by kind; absent if the request excludes them. */
  readonly referrerState?: ReferrerState;
  /** Content that is missing or different at the destination. */
  readonly differences: readonly Difference[];
  /** Number of items that were compared. */
  readonly checked: {
    readonly manifests: number;
    readonly blobs: number;
    readonly referrers: number;
  };
}
