/** A run that this page has started: its progress, then its result. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { doneBytes, useLive } from "../live.ts";
import type { LiveRun } from "../live.ts";
import { count, formatBytes, formatDuration, formatNumber } from "./format.ts";
import { countBy, formatCounts, RESULTS, ShowLabel } from "./results.tsx";
import type { Label } from "./results.tsx";
import { resultOf, ResultTable, sortResults } from "./result_table.tsx";
import type { ResultItem } from "./result_table.tsx";
import { ProblemBox } from "./states.tsx";
import type { Base } from "./tag_name.tsx";
import { When } from "./text.tsx";

/** More results are shown only when asked for, except failures. */
const MAX_RESULTS = 20;

export function LivePanel(
  { run, name, base }: {
    readonly run: LiveRun;
    /** What the run is about, as it was started. */
    readonly name: string;
    readonly base?: Base;
  },
): JSX.Element {
  const { start, close } = useLive();
  const { title, problem, isCancelled, isPreview, startedAt, endedAt, copies, warnings } = run;
  const items = [...run.tags, ...run.pruned];
  const [showsAll, setShowsAll] = useState(false);
  const isShort = items.length <= MAX_RESULTS;
  const shown = sortResults(isShort || showsAll ? items : items.filter(isNotable));
  const isEnded = endedAt !== undefined;
  return (
    <section class="live" aria-label={title}>
      <div class="row">
        <h2>{title}</h2>
        <span role="status">
          <ShowLabel label={liveLabel(run)} />
        </span>
        <span class="end">
          {isEnded && (
            <button type="button" onClick={() => start(name, run.again)}>Run again</button>
          )}
          <button
            type="button"
            onClick={() => {
              if (!isEnded) return run.cancel();
              close(name);
              // The button that had the focus is gone.
              document.getElementById("main")?.focus();
            }}
          >
            {isEnded ? "Close" : "Cancel"}
          </button>
        </span>
      </div>
      <p>
        {summarize(run) || "No tags yet"} ·{" "}
        {isEnded ? `took ${formatDuration(endedAt - startedAt)}` : (
          <>
            started <When at={startedAt} />
          </>
        )}
      </p>
      {isEnded ? isPreview && <p class="quiet">A preview writes nothing.</p> : (
        <p class="quiet">
          You may look at other views meanwhile. The server aborts the run when you close or reload
          this tab.
        </p>
      )}
      {run.postponedUntil !== undefined && (
        <p>
          A rate limit postponed the rest. Run again <When at={run.postponedUntil} />.
        </p>
      )}
      {isCancelled && (
        <p>
          You cancelled it. What was copied stays, and the next run copies the rest.
        </p>
      )}
      {problem && (
        <ProblemBox problem={problem}>
          {items.length > 0 && <p>The results that arrived before are below.</p>}
        </ProblemBox>
      )}
      {[...copies].map(([destination, copy]) => {
        const done = doneBytes(copy);
        return (
          <div class="copying" key={destination}>
            <code>{destination}</code>
            <progress
              aria-label={`Copy to ${destination}`}
              max={copy.totalBytes || 1}
              value={copy.totalBytes > 0 ? done : undefined}
            />
            <small>
              {copy.totalBytes > 0
                ? `${formatBytes(done)} of ${formatBytes(copy.totalBytes)}`
                : "no blobs to send yet"}
            </small>
          </div>
        );
      })}
      {warnings.map((warning) => <p key={warning}>Warning: {warning}</p>)}
      {shown.length > 0 && <ResultTable items={shown} caption={`Results: ${title}`} base={base} />}
      {!isShort && (
        <button type="button" class="plain" onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? "Show only failures" : `Show all ${formatNumber(items.length)} results`}
        </button>
      )}
    </section>
  );
}

function isNotable(item: ResultItem): boolean {
  return /bad|warn/.test(RESULTS[resultOf(item)].kind);
}

/** `2 copied, 10 unchanged · 3.4 MiB sent` */
export function summarize({ tags, pruned, copies }: LiveRun): string {
  const sent = tags.reduce((sum, { report }) => sum + (report?.bytesStreamed ?? 0), 0) +
    [...copies.values()].reduce((sum, copy) => sum + doneBytes(copy), 0);
  return [
    formatCounts(countBy([...tags, ...pruned], resultOf)),
    copies.size > 0 ? `${formatNumber(copies.size)} being copied` : "",
    sent > 0 ? `${formatBytes(sent)} sent` : "",
  ].filter(Boolean).join(" · ");
}

export function liveLabel(
  { endedAt, problem, isCancelled, tags, pruned, postponedUntil }: LiveRun,
): Label {
  if (endedAt === undefined) return { kind: "busy", text: "running" };
  if (isCancelled) return { kind: "warn", text: "cancelled" };
  if (problem) {
    return { kind: "bad", text: problem.code === "network" ? "connection lost" : "failed" };
  }
  const failed = [...tags, ...pruned].filter(({ result }) => result === "failed").length;
  if (failed > 0) return { kind: "bad", text: `${count(failed, "failure")}` };
  if (postponedUntil !== undefined) return { kind: "warn", text: "postponed" };
  return { kind: "good", text: "ended" };
}
