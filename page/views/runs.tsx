/** What ran, when, why, and with which result. */
import type { JSX } from "preact";
import type { RunList, RunSummary } from "../../src/history/model.ts";
import type { RuleList } from "../../src/rules/rule_list.ts";
import { usePage } from "../context.ts";
import { formatBytes, formatDuration, formatNumber } from "../parts/format.ts";
import { useArrival } from "../parts/arrival.ts";
import { HistoryNote } from "../parts/history_note.tsx";
import { FailureLine, formatCounts, RUN_LABELS, ShowLabel } from "../parts/results.tsx";
import { Empty, Loading, ProblemBox } from "../parts/states.tsx";
import { When } from "../parts/text.tsx";
import { useResource } from "../resource.ts";
import { replaceQuery, toLink, useRoute } from "../route.ts";
import { Cause, Subject } from "../runs/about.tsx";
import { RunPage } from "../runs/run.tsx";

export function RunsView(): JSX.Element {
  const { rest } = useRoute();
  useArrival(rest);
  return rest === "" ? <RunTable /> : <RunPage key={rest} id={rest} />;
}

const PAGE_RUNS = 50;
const INTERVAL_MS = 10_000;

function RunTable(): JSX.Element {
  const { api } = usePage();
  const query = Object.fromEntries(useRoute().query);
  const { rule, state, cursor } = query;
  const { value, problem, reload } = useResource(
    JSON.stringify([rule, state, cursor]),
    (signal) =>
      api.call<RunList>("v1/runs", {
        query: { rule, state, cursor, limit: String(PAGE_RUNS) },
        signal,
      }),
    // Only the newest runs change.
    cursor === undefined ? { intervalMs: INTERVAL_MS } : {},
  );
  const rules = useResource("rules", (signal) => api.call<RuleList>("v1/rules", { signal }));
  const names = rules.value?.rules.map(({ rule }) => rule) ?? [];
  const { runs = [], next, history } = value ?? {};
  const isFiltered = rule !== undefined || state !== undefined;
  return (
    <>
      <h1>Runs</h1>
      <div class="row filters">
        <Choice
          label="Rule"
          value={rule}
          // The history may have runs of a rule that is gone.
          options={[...new Set([...names, ...(rule === undefined ? [] : [rule])])].map((name) => [
            name,
            name,
          ])}
          onChange={(rule) => replaceQuery({ rule, cursor: undefined })}
        />
        <Choice
          label="State"
          value={state}
          options={Object.entries(RUN_LABELS).map(([state, { text }]) => [state, text])}
          onChange={(state) => replaceQuery({ state, cursor: undefined })}
        />
      </div>
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {!value && !problem && <Loading what="the runs" />}
      {value && runs.length === 0 && (
        <Empty title={isFiltered || cursor ? "No run on this page matches" : "No runs yet"}>
          {history?.kept === "none" ? <p>Runs are not kept here.</p> : (
            <p>
              {next ? "Older runs may match." : "A run of a rule appears here when it starts."}
            </p>
          )}
        </Empty>
      )}
      {runs.length > 0 && (
        <table class="cards runs">
          <caption class="unseen">Runs, newest first</caption>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Run</th>
              <th scope="col">When and why</th>
              <th scope="col">Result</th>
              <th scope="col" class="number">Duration</th>
              <th scope="col" class="number">Sent</th>
              <th scope="col" class="number">Requests</th>
            </tr>
          </thead>
          <tbody>{runs.map((run) => <RunRow key={run.id} run={run} />)}</tbody>
        </table>
      )}
      {(cursor !== undefined || next !== undefined) && (
        <nav class="row pages" aria-label="Pages of runs">
          {cursor !== undefined && (
            <a href={toLink("runs", { query: { rule, state } })}>Newest runs</a>
          )}
          {next !== undefined && (
            <a href={toLink("runs", { query: { rule, state, cursor: next } })}>Older runs</a>
          )}
        </nav>
      )}
      {history && <HistoryNote history={history} />}
    </>
  );
}

function Choice(
  { label, value, options, onChange }: {
    readonly label: string;
    readonly value: string | undefined;
    readonly options: readonly (readonly [string, string])[];
    readonly onChange: (value: string | undefined) => void;
  },
): JSX.Element {
  return (
    <label>
      {label}{" "}
      <select
        value={value ?? ""}
        onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
      >
        <option value="">All</option>
        {options.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
      </select>
    </label>
  );
}

function RunRow({ run }: { readonly run: RunSummary }): JSX.Element {
  const { id, state, startedAt, durationMs, counts = {}, pruneCounts = {}, bytesStreamed } = run;
  const { requests, postponedUntil } = run;
  return (
    <tr>
      <td>
        <ShowLabel label={RUN_LABELS[state]} />
      </td>
      <th scope="row">
        <a href={toLink("runs", { rest: id })}>
          <Subject run={run} />
        </a>
      </th>
      <td>
        <When at={startedAt} />
        <small class="line">
          <Cause run={run} />
        </small>
      </td>
      <td>
        {formatCounts({ ...counts, ...pruneCounts })}
        <FailureLine run={run} />
        {postponedUntil !== undefined && (
          <p>
            {postponedUntil > Date.now() ? "postponed until" : "the wait ended"}{" "}
            <When at={postponedUntil} />
          </p>
        )}
      </td>
      <td class="number" data-label="Duration">
        {durationMs === undefined ? "" : formatDuration(durationMs)}
      </td>
      <td class="number" data-label="Sent">
        {bytesStreamed === undefined ? "" : formatBytes(bytesStreamed)}
      </td>
      <td class="number" data-label="Requests">
        {requests && formatNumber(requests.source + requests.destination)}
      </td>
    </tr>
  );
}
