import type { CopyRequestInput } from "../copy/request.ts";
import type { Schedule } from "./schedule.ts";

/** The wait after a rate limit if neither the registry nor the rule sets it. */
export const DEFAULT_RETRY_MS = 5 * 60_000;

/** Selects names that match a pattern of `allow`, or any name if it is empty, and no pattern of `deny`. */
export interface NameFilter {
  /** Patterns of names that are selected. */
  readonly allow: readonly string[];
  /** Patterns of names that are not selected. */
  readonly deny: readonly string[];
}

/** Selects tags by range, then by name, and then the latest of them. */
export interface TagSet extends NameFilter {
  /** A tag is in at least one of them. Empty: all tags, including those that are not versions. */
  readonly semverRange: readonly string[];
  /** How many of the latest tags are selected, by version or by the date of the image. */
  readonly latest?: { readonly count: number; readonly by: "semver" | "created" };
}

/** The options of a rule's copies: a copy request without its names. */
export type RuleCopyOptions = Readonly<
  Omit<CopyRequestInput, "source" | "destination" | "additionalTags" | "fastCheck">
>;

/** A rule: which images to copy, to which targets, and when. Plain JSON without secrets. */
export interface SyncRule {
  /** Unique. */
  readonly name: string;
  /** What `source` and `targets` name. */
  readonly type: "image" | "repository" | "registry";
  /** An image, a repository or a registry, depending on `type`. Normalized. */
  readonly source: string;
  /** Of the same type. For a registry: a registry, or the prefix of its repositories: `registry.example/mirror`. */
  readonly targets: readonly string[];
  /** A tag is selected by at least one of them. Empty: all tags. */
  readonly tagSets: readonly TagSet[];
  /** Images of a repository that are copied by their digest, besides those of the tags. Without a tag set, nothing else is copied. */
  readonly digests?: readonly string[];
  /** A template for the tags of the targets: `targetTagOf()`. Default: those of the source. */
  readonly targetTag?: string;
  /** Selects repositories of a registry. */
  readonly repositories: NameFilter;
  /** Younger images are not copied yet. */
  readonly minAgeMs?: number;
  /** Options of the copies. */
  readonly copy: RuleCopyOptions;
  /** Tags whose manifest has another media type are skipped. Default: none is skipped. */
  readonly mediaTypes?: readonly string[];
  /** Whether an equal digest is enough, without a check of referrers and digest tags. */
  readonly fastCheck: boolean;
  /** With a remembered state, all images are compared in one of this number of runs. Default: 24. */
  readonly fullCheckEvery?: number;
  /** Default: the rule runs only when it is asked to. */
  readonly schedule?: Schedule;
  /** No manifest is read if fewer than `min` pulls would remain at the source. The run is then postponed by `retryMs`. */
  readonly rateLimit?: { readonly min: number; readonly retryMs: number };
  /** A template for `backupReference()`, and its `.Sync`. */
  readonly backup?: { readonly template: string; readonly sync: Readonly<Record<string, string>> };
  /** Default: no tag is deleted. */
  readonly prune?: PruneOptions;
}

/** Deletes tags of a target that the rule does not select. */
export interface PruneOptions {
  /** Patterns of tags to keep. */
  readonly keep: readonly string[];
  /** The largest share of a repository's tags that one run may delete. */
  readonly maxShare: number;
}
