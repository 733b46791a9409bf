/**
 * A rule's run as steps: list its repositories, list a repository's tags, compare and copy images, prune. A step is plain JSON,
 * holds no secret and can be repeated without harm, so that it can be a function call or a request.
 */
import * as z from "zod";
import type { PruneReport, SyncFailure, TagReport } from "./model.ts";

const repository = z.string();
const tags = z.array(z.string());
const dryRun = z.boolean().optional();

/** When images were made, by tag: milliseconds since the epoch, `null` where the image does not say. */
const dates = z.array(z.tuple([z.string(), z.number().nullable()]));

export const ruleStepSchema = z.discriminatedUnion("type", [
  /** Lists the repositories of the rule, or checks that `only` is one of them. */
  z.strictObject({ type: z.literal("repositories"), only: repository.optional() }),
  /** Lists the tags of a repository that the rule selects, given the dates that were found before. */
  z.strictObject({
    type: z.literal("tags"),
    repository,
    /** The one tag that an event is about. */
    only: z.string().optional(),
    dates,
  }),
  /** Compares images and copies those that differ. */
  z.strictObject({
    type: z.literal("images"),
    repository,
    tags,
    /** Nobody listed these tags: one that is not there is no failure. */
    mayBeMissing: z.boolean(),
    /** Pulls of the durable copies that the run started before. */
    startedPulls: z.number(),
    dryRun,
    missing: z.boolean().optional(),
  }),
  /** Deletes the tags of the targets that the rule no longer selects. */
  z.strictObject({ type: z.literal("prune"), repository, tags, tooFresh: tags, dryRun }),
]);

export type RuleStep = z.output<typeof ruleStepSchema>;

export type TagDates = z.output<typeof dates>;

/** Why a step stopped early: a rate limit. What it left is for another try at `until`. */
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
    /** Absent where dates are missing still: the step is to be repeated with those that were found. */
    readonly tags?: readonly string[];
    /** Selected tags that are younger than `minAge`. */
    readonly tooFresh?: readonly string[];
    /** Whether the source listed the tags; otherwise the rule or an event names them. */
    readonly isListed?: boolean;
    /** Dates that were found in this step. */
    readonly dates?: TagDates;
    readonly postponed?: Postponement;
  };
  readonly images: {
    readonly tags: readonly TagReport[];
    readonly startedPulls: number;
    readonly warnings: readonly string[];
    readonly postponed?: Postponement & { readonly tags: readonly string[] };
  };
  readonly prune: {
    readonly pruned: readonly PruneReport[];
    readonly warnings: readonly string[];
  };
}

export type ResultOf<Step extends RuleStep> = RuleStepResults[Step["type"]];

/** The port on which a rule runs: function calls here, requests of a Workflow to its own Worker elsewhere. */
export interface RuleSteps {
  /**
   * Performs a step under a name that no other step of the run has.
   *
   * @throws CrossdockError or ParseError where the step failed as a whole
   */
  run<Step extends RuleStep>(name: string, step: Step): Promise<ResultOf<Step>>;
  /** Requests to each side so far, tokens aside. */
  requests(): { readonly source: number; readonly destination: number };
  /** Repositories at once, and steps with images at once in each of them. */
  readonly parallel: number;
  /** Images in one step. */
  readonly pageSize: number;
}
