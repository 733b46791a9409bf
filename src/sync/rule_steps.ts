/**
 * The steps of a rule's run: list its repositories, list the tags of a repository, compare and copy images, prune. A step is plain
 * JSON without secrets and may be repeated without harm, so it can be a function call or a request.
 */
import * as z from "zod";
import { digestSchema as digest } from "../oci/digest.ts";
import type { PruneReport, SyncFailure, TagReport } from "./model.ts";

const repository = z.string();
const tags = z.array(z.string());
const dryRun = z.boolean().optional();

/** When images were created, by tag: milliseconds since the epoch, `null` if the image has no date. */
const dates = z.array(z.tuple([z.string(), z.number().nullable()]));

/** Images as a run has left them: the destination, the digest of the source, and that of the destination if it differs. */
export const knownImages = z.array(z.tuple([z.string(), digest, digest.nullish()]));

export const ruleStepSchema = z.discriminatedUnion("type", [
  /** Lists the repositories of the rule, or checks that `only` is one of them. */
  z.strictObject({ type: z.literal("repositories"), only: repository.optional() }),
  /** Lists the tags of a repository that the rule selects. Reuses the dates that earlier steps found. */
  z.strictObject({
    type: z.literal("tags"),
    repository,
    /** Restricts the step to the tag of an event. */
    only: z.string().optional(),
    dates,
    /** Also lists the tags that the targets have. */
    missing: z.boolean().optional(),
  }),
  /** Lists the tags that the rule may select, by their names only. */
  z.strictObject({ type: z.literal("names"), repository }),
  /** Finds the tags whose image is a manifest or, with `inIndexes`, has it as a child. */
  z.strictObject({
    type: z.literal("search"),
    repository,
    tags,
    digest,
    inIndexes: z.boolean().optional(),
  }),
  /** Compares images and copies those that differ. */
  z.strictObject({
    type: z.literal("images"),
    repository,
    tags,
    /** Whether the tags were not listed. A tag that the source lacks is then `missing` instead of `failed`. */
    mayBeMissing: z.boolean(),
    /** Pulls of the durable copies that the run has started so far. */
    startedPulls: z.number(),
    dryRun,
    missing: z.boolean().optional(),
    /** Destinations that have the tag, according to their lists. They are not compared. */
    present: z.array(z.string()).optional(),
    /** Also checks referrers and digest tags of an unchanged image if the rule has `fastCheck`. */
    related: z.boolean().optional(),
    /** Images that earlier runs have mirrored. They are compared only if the digest of the source differs. */
    known: knownImages.optional(),
  }),
  /** Remembers the images of a repository for the next run. */
  z.strictObject({
    type: z.literal("remember"),
    repository,
    /** Runs since the last comparison of all images. */
    runs: z.number(),
    known: knownImages,
  }),
  /** Deletes the tags of the targets that the rule no longer selects. */
  z.strictObject({ type: z.literal("prune"), repository, tags, tooFresh: tags, dryRun }),
]);

export type RuleStep = z.output<typeof ruleStepSchema>;

export type KnownImages = z.output<typeof knownImages>;

export type TagDates = z.output<typeof dates>;

/** A rate limit that stopped a step early. Repeat the step at `until` for the rest. */
export interface Postponement {
  /** Milliseconds since the epoch. */
  readonly until: number;
  readonly error: SyncFailure;
}

/** The result of each step. Plain JSON, no secret. */
export interface RuleStepResults {
  readonly repositories: {
    readonly repositories: readonly string[];
    /** Why the list ends early. */
    readonly failure?: SyncFailure;
    readonly postponed?: Postponement;
  };
  readonly tags: {
    /** Absent if dates are still missing: repeat the step with those that were found. */
    readonly tags?: readonly string[];
    /** Selected tags that are younger than `minAge`. */
    readonly tooFresh?: readonly string[];
    /** Whether the source listed the tags; otherwise the rule or an event named them. */
    readonly isListed?: boolean;
    /** Tags that the rule names and the list of the source lacks. */
    readonly notFound?: readonly string[];
    /** Destinations of the tags that have them already: `registry/repository:tag`. */
    readonly present?: readonly string[];
    /** Dates that were found in this step. */
    readonly dates?: TagDates;
    /** The remembered images that the targets still have. Absent if the run must not remember anything. */
    readonly state?: { readonly runs: number; readonly known: KnownImages };
    readonly warnings?: readonly string[];
    readonly postponed?: Postponement;
  };
  readonly names: {
    readonly tags?: readonly string[];
    readonly postponed?: Postponement;
  };
  readonly search: {
    readonly found: readonly string[];
    /** Tags of indexes, one for each digest. */
    readonly indexes: readonly string[];
    readonly postponed?: Postponement;
  };
  readonly images: {
    readonly tags: readonly TagReport[];
    /** Images that are complete at their target, if the step has `known`. */
    readonly known?: KnownImages;
    readonly startedPulls: number;
    readonly warnings: readonly string[];
    readonly postponed?: Postponement & { readonly tags: readonly string[] };
  };
  readonly remember: { readonly warnings: readonly string[] };
  readonly prune: {
    readonly pruned: readonly PruneReport[];
    readonly warnings: readonly string[];
  };
}

/** The report of an image that a rate limit postponed. */
export function postponedReport(
  { source, destination }: Pick<TagReport, "source" | "destination">,
  error?: SyncFailure,
): TagReport {
  return { source, destination, result: "postponed", ...(error ? { error } : {}) };
}

export type ResultOf<Step extends RuleStep> = RuleStepResults[Step["type"]];

/** The port that performs the steps: by function calls in this process, or by requests of a Workflow to its own Worker. */
export interface RuleSteps {
  /**
   * Performs a step.
   *
   * @param name unique in the run
   * @throws CrossdockError or ParseError if the whole step failed
   */
  run<Step extends RuleStep>(name: string, step: Step): Promise<ResultOf<Step>>;
  /** Requests to each side so far, without those for tokens. */
  requests(): { readonly source: number; readonly destination: number };
  /** Repositories at once, and steps with images at once in each repository. */
  readonly parallel: number;
  /** Images in one step. */
  readonly pageSize: number;
}
