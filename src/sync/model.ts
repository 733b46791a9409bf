/** The data of a sync: reports, statuses and events of rules. Plain JSON without secrets. `schemas.ts` has its schemas. */
import type { CopyEvent, ReferrerState, Report, RequestCounts } from "../copy/model.ts";
import type { ErrorCode, Side } from "../errors.ts";

/** Why something failed. */
export interface SyncFailure {
  /** What kind of error it is. */
  readonly code: ErrorCode;
  /** What happened. */
  readonly message: string;
  /** The side of the registry that the error concerns. */
  readonly side?: Side;
  /** What to do next. */
  readonly hint?: string;
}

/** The result of one image of a rule, at one target. */
export interface TagReport {
  /** `registry/repository[:tag][@digest]`. */
  readonly source: string;
  /** `registry/repository:tag` of the target. */
  readonly destination: string;
  /**
   * `unchanged`: the target has the image, or with `missing` any image with the tag; `skipped`: the target has another image
   * and keeps it, or the rule excludes the media type; `missing`: the rule names the tag, but the source does not have it;
   * `too-fresh`: younger than the rule's `minAge`; `postponed`: a rate limit of the source postponed it; `started`: a durable
   * copy runs; `would-copy`: result of a dry run.
   */
  readonly result:
    | "copied"
    | "unchanged"
    | "skipped"
    | "failed"
    | "missing"
    | "too-fresh"
    | "postponed"
    | "started"
    | "would-copy";
  /** Digest of the destination, now or after the copy. */
  readonly digest?: string;
  /** `unchanged`, because the digest at the source is the remembered one. The target was not asked for its digest. */
  readonly remembered?: true;
  /** The report of the copy, if there was one. */
  readonly report?: Report;
  /** Referrers and digest tags of an unchanged image, if some could not be copied. */
  readonly referrerState?: ReferrerState;
  /** Why the image was not copied. */
  readonly error?: SyncFailure;
  /** Id of the durable copy. */
  readonly id?: string;
}

/** The result of deleting a tag that the rule does not select. */
export interface PruneReport {
  /** `registry/repository:tag`. */
  readonly destination: string;
  /**
   * `would-delete`: result of a dry run; `held-back`: the tag stays, because more tags are no longer selected than
   * `prune.maxShare` allows.
   */
  readonly result: "deleted" | "would-delete" | "held-back" | "failed";
  /** Why the tag was not deleted. */
  readonly error?: SyncFailure;
}

/** The result of a run of a rule. */
export interface RuleReport {
  /** The name of the rule. */
  readonly rule: string;
  /** Whether tags failed, or were postponed by a rate limit. */
  readonly result: "ok" | "some-failed" | "all-failed" | "postponed";
  /** One for each image and target. */
  readonly tags: readonly TagReport[];
  /** One for each tag that a rule with `prune` no longer selects. */
  readonly pruned: readonly PruneReport[];
  /** Requests of the run. */
  readonly requests: RequestCounts;
  /** Milliseconds. */
  readonly durationMs: number;
  /** What could not be checked or copied as the rule says. */
  readonly warnings: readonly string[];
  /** Milliseconds since the epoch: run the rule again after this time to copy the rest. */
  readonly postponedUntil?: number;
}

/** The results of rules that ran together. */
export interface SyncReport {
  /** `postponed`: a rate limit postponed some rules, and no other rule failed. */
  readonly result: "ok" | "some-failed" | "all-failed" | "postponed";
  /** One for each rule, in their order. */
  readonly rules: readonly RuleReport[];
  /** Milliseconds. */
  readonly durationMs: number;
}

/** Whether one target has the current version of one image of a rule. */
export interface TagStatus {
  /** The image in the source. */
  readonly source: string;
  /** The image in the target. */
  readonly destination: string;
  /**
   * `incomplete`: the target has the image, but lacks referrers or digest tags; `behind`: the target has another image; `missing`:
   * the target does not have the tag; `not-found`: the rule names the tag, but the source does not have it; `error`: a request
   * failed.
   */
  readonly state: "in-step" | "incomplete" | "behind" | "missing" | "not-found" | "error";
  /** Digest of the source. */
  readonly digest?: string;
  /** Digest of the target, if it differs. */
  readonly current?: string;
  /** Referrers and digest tags of an image that the target has, if the rule copies and checks them. */
  readonly referrerState?: ReferrerState;
  /** Why the image could not be compared, or why the admission policy rejects the version of the source. */
  readonly error?: SyncFailure;
}

/** Whether the targets of a rule have the current version of its images. */
export interface RuleStatus {
  /** The name of the rule. */
  readonly rule: string;
  /**
   * `error`: a request failed for some tags; `behind`: some tags are incomplete, behind or missing, or a run would delete some.
   */
  readonly state: "in-step" | "behind" | "error";
  /** One for each image and target. */
  readonly tags: readonly TagStatus[];
  /** Tags of the targets that the rule no longer selects, if it has `prune`. */
  readonly pruned?: readonly PruneReport[];
  /** What could not be checked. */
  readonly warnings?: readonly string[];
  /** Requests of the comparison. */
  readonly requests: RequestCounts;
}

/** The status of rules, computed from the registries. */
export interface SyncStatus {
  /** The worst state of the rules. */
  readonly state: "in-step" | "behind" | "error";
  /** One for each rule, in their order. */
  readonly rules: readonly RuleStatus[];
}

/** An event of a running rule. `rule-ended` is the last one of each rule. */
export type SyncEvent =
  | {
    readonly type: "rule-started";
    readonly rule: string;
  }
  | {
    readonly type: "tags-selected";
    readonly rule: string;
    /** `registry/repository` of the source. */
    readonly repository: string;
    /** How many `tag-ended` will follow for it: one for each tag and target. */
    readonly count: number;
  }
  | {
    readonly type: "copy";
    readonly rule: string;
    readonly source: string;
    readonly destination: string;
    readonly event: CopyEvent;
  }
  | {
    readonly type: "tag-ended";
    readonly rule: string;
    readonly tag: TagReport;
  }
  | {
    readonly type: "prune-ended";
    readonly rule: string;
    readonly pruned: PruneReport;
  }
  | {
    readonly type: "warning";
    readonly rule: string;
    readonly message: string;
  }
  | {
    readonly type: "rule-ended";
    readonly report: RuleReport;
  };

/** The rules to run, with options. */
export interface SyncRequest {
  /** Names of the rules to run. Default: all rules. */
  readonly rules?: readonly string[] | undefined;
  /** Whether to copy only tags that are missing at a target. Default `false`. */
  readonly missing?: boolean | undefined;
  /** Whether to write nothing and report what would be copied. Default `false`. */
  readonly dryRun?: boolean | undefined;
  /**
   * The only part of the rules to run: `registry/repository[:tag]` of their source. Other rules do not run, and nothing is pruned.
   * Default: everything.
   */
  readonly only?: string | undefined;
}

/** Receives events. It must not throw. */
export type EmitSync = (event: SyncEvent) => void;
