/** The data of a copy: a plan of steps, what each step did, the events on the way, and the report. Plain JSON without secrets. */
import type { Side } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Step } from "./step.ts";

/** Steps that may run side by side. Each stage waits for the one before it. */
export interface Stage {
  readonly name: "blobs" | "manifests" | "referrers" | "tag";
  readonly steps: readonly Step[];
}

/** What has to be at the destination, and in which order. Plain JSON, no secret. */
export interface Plan {
  /** As resolved: `registry/repository[:tag]@digest`. */
  readonly source: string;
  /** `registry/repository[:tag]@digest`, the digest being the one that it will have. */
  readonly destination: string;
  /** The manifest that the destination's name will mean. */
  readonly root: Descriptor;
  /** What that name means now; absent when it is new. */
  readonly current?: Digest;
  /** `copied`: there are steps that write; `unchanged`: the root is there; `skipped`: another one is, and is to stay. */
  readonly result: "copied" | "unchanged" | "skipped";
  readonly stages: readonly Stage[];
  /** Layers that live outside the registry and stay there. */
  readonly foreign: readonly Descriptor[];
  readonly warnings: readonly string[];
  /** Requests to each side that it took to make the plan by itself, tokens aside. */
  readonly requests?: { readonly source: number; readonly destination: number };
  /** Only from a dry run: what would move, and what it would cost. */
  readonly totals?: PlanTotals;
}

/** What a plan would move and what it would cost, with the destination asked for each blob. */
export interface PlanTotals {
  readonly blobs: { readonly stream: number; readonly mount: number; readonly present: number };
  readonly bytes: { readonly stream: number; readonly mount: number; readonly present: number };
  /** Manifests that would be put, a retagged root twice. */
  readonly manifests: number;
  /**
   * Requests that the copy would make, those for planning included; tokens, retries and redirects aside. A mount counts as one
   * that succeeds, and the once-a-process test whether the destination checks digests is left out.
   */
  readonly requests: { readonly source: number; readonly destination: number };
}

/** What became of a blob: it was sent, mounted, or there before. `bytes` are those sent. */
export interface BlobOutcome {
  readonly type: "blob";
  readonly state: "streamed" | "mounted" | "present";
  readonly bytes: number;
}

/** What became of a step. */
export type Outcome =
  | BlobOutcome
  | { readonly type: "manifest"; readonly state: "put" }
  | { readonly type: "referrers"; readonly state: "written" | "unneeded" };

/** What a finished copy did. Plain JSON. */
export interface Report {
  /** The source as it was resolved: `docker.io/library/alpine:3.20@sha256:…`. */
  readonly source: string;
  /** What the destination now has under its name: `registry/repository[:tag]@digest`. */
  readonly destination: string;
  /** Of the root at the destination. Differs from the source's only where an index was rebuilt. */
  readonly digest: Digest;
  /**
   * `copied`: something was written; `unchanged`: all was there already; `skipped`: the tag is there with another digest
   * and was to be left alone.
   */
  readonly result: "copied" | "unchanged" | "skipped";
  readonly blobs: {
    /** Sent from source to destination. */
    readonly streamed: number;
    readonly mounted: number;
    /** In the destination's repository before. */
    readonly present: number;
    /** Foreign layers, left where they are. */
    readonly foreign: number;
  };
  /** Bytes of blobs that were sent, each counted once. */
  readonly bytesStreamed: number;
  /** Manifests that were put, referrers and digest tags included. */
  readonly manifests: number;
  /** Referrers and digest tags among them. */
  readonly referrers: number;
  /** Requests to each side, tokens aside. */
  readonly requests: { readonly source: number; readonly destination: number };
  readonly durationMs: number;
  readonly warnings: readonly string[];
}

export type CopyEvent =
  /** The plan stands; steps begin. */
  | { type: "plan"; plan: Plan }
  | { type: "step-started"; step: Step }
  /** More of a blob has been read and handed to the destination. `bytes` is the sum so far and goes back after a restart. */
  | { type: "progress"; digest: string; bytes: number; sizeBytes: number }
  | { type: "step-finished"; step: Step; outcome: Outcome }
  /** A request or an upload is going to be tried again. */
  | { type: "retry"; side: Side; what: string; attempt: number; delayMs: number; reason: string }
  /** Something that the user should know and that stops nothing. */
  | { type: "warning"; message: string }
  /** The copy is complete. Always the last. */
  | { type: "report"; report: Report };

/** Takes events as they happen. It must not throw. */
export type Emit = (event: CopyEvent) => void;
