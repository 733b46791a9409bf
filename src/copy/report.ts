import type { Outcome } from "./perform.ts";
import type { Plan } from "./plan.ts";
import type { Digest } from "../oci/digest.ts";

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

/** Sums up what the steps of a plan came to. */
export function makeReport(
  plan: Plan,
  outcomes: readonly Outcome[],
  requests: Report["requests"],
  durationMs: number,
): Report {
  const blobs = { streamed: 0, mounted: 0, present: 0, foreign: plan.foreign.length };
  let bytesStreamed = 0;
  let manifests = 0;
  let records = 0;
  for (const outcome of outcomes) {
    if (outcome.type === "blob") {
      blobs[outcome.state] += 1;
      bytesStreamed += outcome.bytes;
    } else if (outcome.type === "manifest") {
      manifests += 1;
    } else if (outcome.state === "written") {
      records += 1;
    }
  }
  const referrers = plan.stages
    .filter(({ name }) => name === "referrers")
    .flatMap(({ steps }) => steps.filter(({ type }) => type === "manifest")).length;
  const isWritten = manifests + records + blobs.streamed + blobs.mounted > 0;
  return {
    source: plan.source,
    destination: plan.destination,
    digest: plan.root.digest,
    result: plan.result === "skipped" ? "skipped" : isWritten ? "copied" : "unchanged",
    blobs,
    bytesStreamed,
    manifests,
    referrers,
    requests,
    durationMs,
    warnings: plan.warnings,
  };
}
