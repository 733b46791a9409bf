/** What came of a rule: plain JSON, no secret. */
import type { Report } from "../copy/model.ts";
import type { ErrorCode, Side } from "../errors.ts";

/** Why something did not come about. */
export interface SyncFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly side?: Side;
  readonly hint?: string;
}

export type TagResult =
  /** Something was written. */
  | "copied"
  /** The target has it already. */
  | "unchanged"
  /** The target has another image and was to be left alone, or the image is not of a media type that the rule wants. */
  | "skipped"
  | "failed"
  /** The rule names the tag, and the source does not have it. */
  | "missing"
  /** Younger than the rule's `minAge`. */
  | "too-fresh"
  /** The run was put off before this image's turn. */
  | "put-off"
  /** A durable copy of it goes on by itself. */
  | "started"
  /** A dry run: this is what would be written. */
  | "would-copy";

/** How one image of a rule ended, at one target. */
export interface TagReport {
  /** `registry/repository[:tag][@digest]`, as in the rule. */
  readonly source: string;
  readonly destination: string;
  readonly result: TagResult;
  /** What the destination has now, or will have. */
  readonly digest?: string;
  /** Of a copy that was made here. */
  readonly report?: Report;
  readonly error?: SyncFailure;
  /** Of a durable copy. */
  readonly id?: string;
}

/** What became of a tag that its rule no longer selects. */
export interface PruneReport {
  /** `registry/repository:tag` */
  readonly destination: string;
  readonly result: "deleted" | "would-delete" | "failed";
  readonly error?: SyncFailure;
}

/** How a run of a rule ended. */
export interface RuleReport {
  /** Its name. */
  readonly rule: string;
  /** `put-off`: a limit of the source's would have been passed; what is left is for a run after `putOffUntil`. */
  readonly result: "ok" | "some-failed" | "all-failed" | "put-off";
  readonly tags: readonly TagReport[];
  readonly pruned: readonly PruneReport[];
  /** To each side, tokens aside. */
  readonly requests: { readonly source: number; readonly destination: number };
  readonly durationMs: number;
  /** Such as a backup that failed, or a prune that would have gone too far. */
  readonly warnings: readonly string[];
  /** Milliseconds since the epoch. */
  readonly putOffUntil?: number;
}
