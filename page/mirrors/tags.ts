/** Merges what the last runs and a comparison say about the tags of a rule. */
import type { PruneReport, RuleStatus, SyncFailure, TagReport } from "../../src/sync/model.ts";
import { sortBy } from "../parts/results.tsx";
import type { Label } from "../parts/results.tsx";
import type { ReferrerState } from "../../src/copy/model.ts";

export type TagState =
  | "failed"
  | "postponed"
  | "missing"
  | "behind"
  | "incomplete"
  | "not-found"
  | "surplus"
  | "started"
  | "skipped"
  | "too-fresh"
  | "in-step";

/** In the order in which they are shown. */
export const TAG_STATES: Readonly<Record<TagState, Label>> = {
  failed: { kind: "bad", text: "failed" },
  postponed: { kind: "warn", text: "postponed" },
  missing: { kind: "warn", text: "missing" },
  behind: { kind: "warn", text: "behind" },
  incomplete: { kind: "warn", text: "incomplete" },
  "not-found": { kind: "warn", text: "not at the source" },
  surplus: { kind: "warn", text: "surplus" },
  started: { kind: "busy", text: "copy started" },
  skipped: { kind: "none", text: "skipped" },
  "too-fresh": { kind: "none", text: "too fresh" },
  "in-step": { kind: "good", text: "in step" },
};

/** A tag of a rule at one target. */
export interface Tag {
  readonly destination: string;
  /** Absent for a tag that the rule no longer selects. */
  readonly source?: string | undefined;
  readonly state: TagState;
  readonly error?: SyncFailure | undefined;
  /** The id of the run in which it failed. */
  readonly runId?: string | undefined;
  readonly referrerState?: ReferrerState | undefined;
  readonly digest?: string | undefined;
  /** The digest at the target, if it differs. */
  readonly current?: string | undefined;
  /** The target keeps a tag that the rule no longer selects. */
  readonly isHeldBack?: boolean;
}

/** The results of a run, at a time. */
export interface KnownRun {
  readonly at: number;
  readonly id?: string;
  readonly tags: readonly TagReport[];
  readonly pruned: readonly PruneReport[];
}

export interface KnownStatus {
  readonly at: number;
  readonly status: RuleStatus;
}

/** The newest state of each tag, failures first. */
export function mergeTags(known: readonly (KnownRun | KnownStatus)[]): Tag[] {
  let tags = new Map<string, Tag>();
  for (const one of known.toSorted((a, b) => a.at - b.at)) {
    if ("status" in one) tags = applyStatus(tags, one.status);
    else applyRun(tags, one);
  }
  return sortBy([...tags.values()], TAG_STATES, ({ state }) => state);
}

function applyRun(tags: Map<string, Tag>, { id: runId, tags: reports, pruned }: KnownRun): void {
  for (const { result, report, ...rest } of reports) {
    // A preview copies nothing.
    if (result === "would-copy") continue;
    const { source, destination, error, digest, referrerState = report?.referrerState } = rest;
    const state = result === "copied" || result === "unchanged"
      ? isComplete(referrerState) ? "in-step" : "incomplete"
      : result === "missing"
      ? "not-found"
      : result;
    tags.set(destination, { source, destination, state, error, runId, digest, referrerState });
  }
  for (const { destination, result, error } of pruned) {
    if (result === "deleted") tags.delete(destination);
    else if (result === "failed") {
      tags.set(destination, { destination, state: "failed", error, runId });
    } else tags.set(destination, toSurplus({ destination, result }));
  }
}

/** A comparison knows all tags, but not why a run failed to copy them. */
function applyStatus(old: ReadonlyMap<string, Tag>, status: RuleStatus): Map<string, Tag> {
  const tags = new Map<string, Tag>();
  for (const { state, ...rest } of status.tags) {
    const before = old.get(rest.destination);
    const isOpen = state === "behind" || state === "missing" || state === "incomplete";
    tags.set(
      rest.destination,
      state === "error"
        ? { ...rest, state: rest.error?.code === "rate_limited" ? "postponed" : "failed" }
        : isOpen && before && EXPLAINS.has(before.state)
        ? { ...before, ...rest, error: rest.error ?? before.error }
        : { ...rest, state },
    );
  }
  // A comparison leaves out the tags that are too fresh.
  for (const tag of old.values()) if (tag.state === "too-fresh") tags.set(tag.destination, tag);
  for (const report of status.pruned ?? []) {
    const before = old.get(report.destination);
    tags.set(report.destination, before?.state === "failed" ? before : toSurplus(report));
  }
  return tags;
}

/** Results of a run that say why a tag is not in step. */
const EXPLAINS: ReadonlySet<TagState> = new Set(["failed", "postponed", "skipped", "started"]);

function toSurplus({ destination, result }: Pick<PruneReport, "destination" | "result">): Tag {
  return { destination, state: "surplus", isHeldBack: result === "held-back" };
}

function isComplete(state: ReferrerState | undefined): boolean {
  return !state?.kinds.some(({ missing }) => missing > 0);
}
