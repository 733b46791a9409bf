/** One run: the result of each tag, and what failed. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RunRecord } from "../../src/history/model.ts";
import { usePage } from "../context.ts";
import { useLive } from "../live.ts";
import { onlyOf } from "../mirrors/start.ts";
import { Fact } from "../parts/facts.tsx";
import { FilterBar, useFilters } from "../parts/filter.tsx";
import { count, formatBytes, formatDuration, formatNumber } from "../parts/format.ts";
import { LivePanel } from "../parts/live_panel.tsx";
import { countBy, ReasonsLink, RESULTS, RUN_LABELS, ShowLabel } from "../parts/results.tsx";
import { resultOf, ResultTable, sortResults } from "../parts/result_table.tsx";
import { Loading, ProblemBox } from "../parts/states.tsx";
import { When } from "../parts/text.tsx";
import { useResource } from "../resource.ts";
import { toLink } from "../route.ts";
import { Cause, Subject } from "./about.tsx";

/** More failed tags are retried by a run of the whole rule: each of these retries is a run of its own. */
const MAX_RETRIES = 50;

const INTERVAL_MS = 5000;

export function RunPage({ id }: { readonly id: string }): JSX.Element {
  const { api } = usePage();
  const path = `v1/runs/${encodeURIComponent(id)}`;
  const [isRunning, setRunning] = useState(false);
  const { value, problem, reload } = useResource(
    id,
    async (signal) => {
      const run = await api.call<RunRecord>(path, { signal });
      setRunning(run.state === "running");
      return run;
    },
    // A run that has ended does not change.
    isRunning ? { intervalMs: INTERVAL_MS } : {},
  );
  return (
    <>
      <p>
        <a href={toLink("runs")}>All runs</a>
      </p>
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {!value && !problem && <Loading what="the run" />}
      {value ? <Run run={value} /> : problem && <h1>Run {id}</h1>}
    </>
  );
}

function Run({ run }: { readonly run: RunRecord }): JSX.Element {
  const { mayCopy } = usePage();
  const { runs, start } = useLive();
  const { id, rule, state, startedAt, durationMs, bytesStreamed, requests, request } = run;
  const { postponedUntil, problem, warnings, truncated, requestId } = run;
  const { state: wanted, text } = useFilters();
  const live = runs.get(id);
  const isRunning = live !== undefined && live.endedAt === undefined;
  const items = sortResults([...run.tags, ...run.pruned]);
  const shown = items.filter((item) =>
    (wanted === "" || resultOf(item) === wanted) &&
    (text === "" || JSON.stringify(item).toLowerCase().includes(text))
  );
  const failed = [
    ...new Set(
      run.tags.flatMap(({ result, source }) => result === "failed" ? [onlyOf(source)] : []),
    ),
  ];

  function retry(): void {
    const { source = "", destination = "" } = run;
    const title = `Retry of ${rule ?? destination}`;
    const call = { body: request, source, destination };
    start(id, {
      title,
      requests: [
        rule === undefined ? { path: "v1/copies", ...call } : { path: "v1/syncs", body: request },
      ],
    });
  }

  function retryFailed(): void {
    start(id, {
      title: `Retry of ${count(failed.length, "failed tag")} of ${rule}`,
      requests: failed.map((only) => ({ path: "v1/syncs", body: { rules: [rule], only } })),
    });
  }

  return (
    <>
      <div class="row">
        <h1>
          <Subject run={run} />
        </h1>
        <ShowLabel label={RUN_LABELS[state]} />
        {mayCopy && state !== "running" && (
          <span class="end">
            {rule !== undefined && failed.length > 0 && failed.length <= MAX_RETRIES && (
              <button type="button" class="main" aria-disabled={isRunning} onClick={retryFailed}>
                Retry {count(failed.length, "failed tag")}
              </button>
            )}
            <button type="button" aria-disabled={isRunning} onClick={retry}>Run again</button>
          </span>
        )}
      </div>
      {!mayCopy && (
        <p class="quiet">Your token may only read, so the buttons that retry are not shown.</p>
      )}
      <dl class="facts">
        <Fact name="Started">
          <When at={startedAt} /> <Cause run={run} />
        </Fact>
        {rule !== undefined && (
          <Fact name="Rule">
            <a href={toLink("mirrors", { rest: rule })}>{rule}</a>
          </Fact>
        )}
        {durationMs !== undefined && <Fact name="Duration">{formatDuration(durationMs)}</Fact>}
        {bytesStreamed !== undefined && <Fact name="Sent">{formatBytes(bytesStreamed)}</Fact>}
        {requests && (
          <Fact name="Requests">
            {formatNumber(requests.source)} to the source, {formatNumber(requests.destination)}{" "}
            to the targets
          </Fact>
        )}
        {postponedUntil !== undefined && (
          <Fact name="Postponed">
            a rate limit postponed the rest; it can go on <When at={postponedUntil} />
          </Fact>
        )}
        {requestId !== undefined && (
          <Fact name="Request">
            <code>{requestId}</code> in the log
          </Fact>
        )}
      </dl>
      {live && <LivePanel run={live} name={id} />}
      {problem && (
        <ProblemBox problem={problem}>
          {problem.code === "rejected" && run.source !== undefined && (
            <ReasonsLink of={run.source} />
          )}
        </ProblemBox>
      )}
      {state === "running" && (
        <p>The run is running. The server lists its results when it has ended.</p>
      )}
      {warnings.map((warning) => <p key={warning}>Warning: {warning}</p>)}
      {items.length > 0 && (
        <>
          <h2>Results</h2>
          {truncated && (
            <p class="quiet">
              The record of a run has a limited size: it has the failures first, and{" "}
              {formatNumber(items.length)} of {formatNumber(totalOf(run))} results.
            </p>
          )}
          <FilterBar labels={RESULTS} counts={countBy(items, resultOf)} what="results" />
          {shown.length > 0
            ? <ResultTable key={`${wanted} ${text}`} items={shown} caption="Results of the run" />
            : <p>No result matches the filter.</p>}
        </>
      )}
      {items.length === 0 && state === "ok" && <p>There was nothing to do.</p>}
    </>
  );
}

function totalOf({ counts = {}, pruneCounts = {} }: RunRecord): number {
  return [...Object.values(counts), ...Object.values(pruneCounts)]
    .reduce((sum, value) => sum + value, 0);
}
