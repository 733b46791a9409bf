/** Words and colours of results and failures of tags, which several views show. */
import type { JSX } from "preact";
import type { ReferrerState } from "../../src/copy/model.ts";
import type { RunState, RunSummary } from "../../src/history/model.ts";
import type { PruneReport, SyncFailure, TagReport } from "../../src/sync/model.ts";
import { toLink } from "../route.ts";
import { count, formatNumber } from "./format.ts";
import { State } from "./text.tsx";
import type { Kind } from "./text.tsx";

export interface Label {
  readonly kind: Kind;
  readonly text: string;
}

export type Result = TagReport["result"] | PruneReport["result"] | "remembered";

/** In the order in which they are shown. */
export const RESULTS: Readonly<Record<Result, Label>> = {
  failed: { kind: "bad", text: "failed" },
  postponed: { kind: "warn", text: "postponed" },
  missing: { kind: "warn", text: "not at the source" },
  "would-copy": { kind: "busy", text: "would copy" },
  started: { kind: "busy", text: "started" },
  copied: { kind: "good", text: "copied" },
  "would-delete": { kind: "warn", text: "would delete" },
  deleted: { kind: "none", text: "deleted" },
  "held-back": { kind: "warn", text: "deletion held back" },
  skipped: { kind: "none", text: "skipped" },
  "too-fresh": { kind: "none", text: "too fresh" },
  unchanged: { kind: "good", text: "unchanged" },
  remembered: { kind: "good", text: "unchanged (remembered)" },
};

export const RUN_LABELS: Readonly<Record<RunState, Label>> = {
  running: { kind: "busy", text: "running" },
  failed: { kind: "bad", text: "failed" },
  "all-failed": { kind: "bad", text: "all failed" },
  "some-failed": { kind: "bad", text: "some failed" },
  postponed: { kind: "warn", text: "postponed" },
  aborted: { kind: "warn", text: "aborted" },
  ok: { kind: "good", text: "ok" },
};

export function ShowLabel({ label }: { readonly label: Label }): JSX.Element {
  return <State kind={label.kind}>{label.text}</State>;
}

/** `1 failed, 3 copied, 20 unchanged` */
export function formatCounts(counts: Readonly<Record<string, number>>): string {
  return (Object.keys(RESULTS) as Result[]).flatMap((result) =>
    counts[result] ? [`${formatNumber(counts[result])} ${RESULTS[result].text}`] : []
  ).join(", ");
}

/** The first failure of a run. An aborted run is none of a registry. */
export function FailureLine(
  { run: { state, failure } }: { readonly run: RunSummary },
): JSX.Element | null {
  if (!failure) return null;
  return <p class={state === "aborted" ? "quiet" : "cause"}>{cutDigests(failure)}</p>;
}

/** The run itself has the whole digests. */
function cutDigests(text: string): string {
  return text.replace(/\b(sha\d+:[0-9a-f]{12})[0-9a-f]+/g, "$1…");
}

/** The cause of a failure, and what to do next. */
export function Failure(
  { error: { code, message, hint }, source, isShort = false }: {
    readonly error: SyncFailure;
    readonly source: string | undefined;
    /** Whether digests are cut. */
    readonly isShort?: boolean;
  },
): JSX.Element {
  return (
    <div class="failure">
      <p>{isShort ? cutDigests(message) : message}</p>
      {code === "rejected" && source !== undefined
        ? <ReasonsLink of={source} />
        : hint && <p class="hint">Hint: {hint}</p>}
    </div>
  );
}

/** Leads to each reason why the admission policy rejects an image. */
export function ReasonsLink({ of }: { readonly of: string }): JSX.Element {
  return (
    <p class="hint">
      <a href={toLink("inspect", { query: { reference: of } })}>Show each reason</a>
    </p>
  );
}

/** `1 signature, 2 SBOMs` that the target lacks. Empty if it has all of them. */
export function formatMissing({ kinds }: ReferrerState): string {
  return kinds.filter(({ missing }) => missing > 0).map(({ kind, missing, unavailable }) => {
    const [one, many] = KINDS[kind];
    const note = unavailable > 0 ? ` (${unavailable} not at the source either)` : "";
    return count(missing, one, many) + note;
  }).join(", ");
}

const KINDS = {
  signature: ["signature", "signatures"],
  sbom: ["SBOM", "SBOMs"],
  provenance: ["provenance", "provenances"],
  other: ["other referrer", "other referrers"],
} as const;

/** The number of items by key. */
export function countBy<Item, Key extends string>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): Partial<Record<Key, number>> {
  const counts: Partial<Record<Key, number>> = {};
  for (const item of items) {
    const key = keyOf(item);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** Sorts items by the place of their key in `labels`. Keys that a newer server may have come last. */
export function sortBy<Item>(
  items: readonly Item[],
  labels: Readonly<Record<string, Label>>,
  keyOf: (item: Item) => string,
): Item[] {
  const ranks = new Map(Object.keys(labels).map((key, i) => [key, i]));
  const rankOf = (item: Item): number => ranks.get(keyOf(item)) ?? ranks.size;
  return items.toSorted((a, b) => rankOf(a) - rankOf(b));
}
