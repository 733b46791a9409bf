import type { CopyRequestInput } from "../copy/request.ts";
import type { Schedule } from "./schedule.ts";

/** For how long a run is put off where nobody says it. */
export const DEFAULT_RETRY_MS = 5 * 60_000;

/** Which names: those that a pattern of `allow` takes (all without one) and none of `deny`. */
export interface NameFilter {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** Which tags: those in a range, then by name, then the latest of them. */
export interface TagSet extends NameFilter {
  /** One of them is enough. None: all tags, those that are no versions, too. */
  readonly semverRange: readonly string[];
  readonly latest?: { readonly count: number; readonly by: "semver" | "created" };
}

/** How a copy of a rule is made: what a copy request has besides its names. */
export type RuleCopyOptions = Readonly<Omit<CopyRequestInput, "source" | "destination">>;

/** A rule: what goes where, and when. Plain JSON, no secret. */
export interface SyncRule {
  /** No other rule has it. */
  readonly name: string;
  readonly type: "image" | "repository" | "registry";
  /** An image, a repository or a registry, as `type` says, in its one spelling. */
  readonly source: string;
  /** Of the same type; for a registry each a registry, or what its repositories begin with: `registry.example/mirror`. */
  readonly targets: readonly string[];
  /** A tag is selected by any of them. None: all tags. */
  readonly tagSets: readonly TagSet[];
  readonly repositories: NameFilter;
  /** Younger images wait. */
  readonly minAgeMs?: number;
  readonly copy: RuleCopyOptions;
  /** The media types that a manifest under a tag may have; another is left out. All without. */
  readonly mediaTypes?: readonly string[];
  /** Whether an image with the right digest is done with, whatever there is that refers to it. */
  readonly fastCheck: boolean;
  readonly schedule?: Schedule;
  /** With fewer pulls left at the source no manifest is read; one looks again after `retryMs`. */
  readonly rateLimit?: { readonly min: number; readonly retryMs: number };
  /** A template for `backupReference()`, and what is `.Sync` in it. */
  readonly backup?: { readonly template: string; readonly sync: Readonly<Record<string, string>> };
  readonly prune?: PruneOptions;
}

/** What becomes of tags at a target that the rule does not select. */
export interface PruneOptions {
  /** Patterns of tags that stay. */
  readonly keep: readonly string[];
  /** The largest share of a repository's tags that one run may delete. */
  readonly maxShare: number;
}
