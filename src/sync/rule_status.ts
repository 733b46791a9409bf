import type { SyncFailure } from "./rule_report.ts";

/** How one image of a rule stands at one target. */
export interface TagStatus {
  readonly source: string;
  readonly destination: string;
  readonly state:
    /** The target has what the source has. */
    | "in-step"
    /** The target has another image, or lacks something that belongs to it. */
    | "behind"
    /** The target lacks it. */
    | "missing"
    /** It could not be found out. */
    | "error";
  /** The source's. */
  readonly digest?: string;
  /** The target's, where that differs. */
  readonly current?: string;
  readonly error?: SyncFailure;
}

/** How a rule stands. Computed from the registries: nothing is stored. Plain JSON, no secret. */
export interface RuleStatus {
  readonly rule: string;
  /** `error`: something could not be found out; `behind`: some tags are behind or missing. */
  readonly state: "in-step" | "behind" | "error";
  readonly tags: readonly TagStatus[];
  /** To each side, tokens aside. */
  readonly requests: { readonly source: number; readonly destination: number };
}
