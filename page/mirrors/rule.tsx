/** One rule: what it does, and the state of each of its tags. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { HistoryStatus, RunRecord } from "../../src/history/model.ts";
import type { RuleInfo } from "../../src/rules/rule_list.ts";
import type { SyncStatus } from "../../src/sync/model.ts";
import { usePage } from "../context.ts";
import { Fact } from "../parts/facts.tsx";
import { FilterBar, Pages, useFilters } from "../parts/filter.tsx";
import { count, formatNumber } from "../parts/format.ts";
import { HistoryNote } from "../parts/history_note.tsx";
import { LivePanel } from "../parts/live_panel.tsx";
import { countBy, Failure, formatMissing, ShowLabel } from "../parts/results.tsx";
import { Loading, ProblemBox } from "../parts/states.tsx";
import { TagName } from "../parts/tag_name.tsx";
import { Digest, When } from "../parts/text.tsx";
import { useResource } from "../resource.ts";
import type { Resource } from "../resource.ts";
import { toLink } from "../route.ts";
import { LastRun, NextRun, Pulls, RULE_STATES, runsOf, stateOf } from "./facts.tsx";
import { useStarter } from "./start.ts";
import type { RuleStarter } from "./start.ts";
import { mergeTags, TAG_STATES } from "./tags.ts";
import type { KnownRun, Tag } from "./tags.ts";

/** A rule with more tags is compared only when the viewer asks for it. */
const MAX_TAGS = 1000;

export function RulePage(
  { info, history }: { readonly info: RuleInfo; readonly history: HistoryStatus },
): JSX.Element {
  const { api, mayCopy } = usePage();
  const { rule, last, lastPart, postponedUntil } = info;
  const starter = useStarter(info);
  const { live, isRunning } = starter;
  const lastCount = Object.values(last?.counts ?? {}).reduce((sum, value) => sum + value, 0);
  const [isAsked, setAsked] = useState(!isRunning && lastCount <= MAX_TAGS);
  const compared = useResource(
    isAsked ? rule : undefined,
    async (signal) => {
      const runs = runsOf(info);
      const { rules: [status] } = await api.call<SyncStatus>("v1/syncs", {
        query: { rule },
        signal,
      });
      return { status, runs };
    },
  );
  const { value: record, problem } = useRecord(last?.id);
  const { value: partRecord } = useRecord(lastPart?.id);
  const { status, runs } = compared.value ?? {};
  const liveCount = live?.tags.length;
  const tags = useMemo(
    () =>
      mergeTags([
        ...[record, partRecord].flatMap((run) => run ? [toKnown(run)] : []),
        ...(status ? [{ at: compared.at ?? 0, status }] : []),
        ...(live && !live.isPreview ? [{ ...live, at: live.endedAt ?? Infinity }] : []),
      ]),
    [record, partRecord, status, live, liveCount, live?.endedAt],
  );
  const { state, text } = useFilters();
  const shown = tags.filter((tag) =>
    (state === "" || tag.state === state) && (text === "" || textOf(tag).includes(text))
  );
  const counts = countBy(tags, ({ state }) => state);
  const compare = (): void => isAsked ? compared.reload() : setAsked(true);

  return (
    <>
      <p>
        <a href={toLink("mirrors")}>All mirrors</a>
      </p>
      <div class="row">
        <h1>{rule}</h1>
        <ShowLabel label={RULE_STATES[stateOf(info, counts, status && runs === runsOf(info))]} />
        <span class="end">
          {mayCopy && (
            <>
              <button type="button" class="main" aria-disabled={isRunning} onClick={starter.run}>
                Run now
              </button>
              <button type="button" aria-disabled={isRunning} onClick={starter.preview}>
                Preview
              </button>
            </>
          )}
          <button type="button" aria-disabled={compared.isLoading} onClick={compare}>
            {isAsked ? "Compare again" : "Compare"}
          </button>
        </span>
      </div>
      <RuleFacts info={info} />
      {starter.startedId !== undefined && (
        <p role="status">
          Started in the background:{" "}
          <code>{starter.startedId}</code>. The result is here when it has ended.
        </p>
      )}
      {starter.problem && <ProblemBox problem={starter.problem} />}
      {live && <LivePanel run={live} name={rule} base={info} />}
      <h2>Tags</h2>
      <p class="quiet">
        {status
          ? (
            <>
              Compared <When at={compared.at ?? 0} /> with{" "}
              {count(status.requests.source, "request")} to the source and{" "}
              {formatNumber(status.requests.destination)} to the targets.
            </>
          )
          : record
          ? (
            <>
              As of the run <When at={record.startedAt} />.{record.truncated &&
                ` Its record has ${formatNumber(record.tags.length)} of ${
                  count(lastCount, "tag")
                }.`}
            </>
          )
          : null}{" "}
        A comparison sends a request for each tag to the source and to each target. Docker Hub does
        not count them as pulls.
      </p>
      {problem && (
        <p class="quiet">The results of the last run cannot be loaded: {problem.detail}</p>
      )}
      {compared.problem && <ProblemBox problem={compared.problem} onRetry={compared.reload} />}
      {status?.warnings?.map((warning) => <p key={warning}>Warning: {warning}</p>)}
      {isAsked && compared.isLoading &&
        <Loading what="the state of each tag from the registries" />}
      {tags.length > 0
        ? (
          <>
            <FilterBar labels={TAG_STATES} counts={counts} what="tags" />
            {shown.length > 0
              ? (
                <TagTable
                  key={`${state} ${text}`}
                  tags={shown}
                  info={info}
                  starter={starter}
                  postponedUntil={postponedUntil}
                />
              )
              : <p>No tag matches the filter.</p>}
          </>
        )
        : status && <p>The rule selects no tag of its source.</p>}
      {history.kept === "none" && <HistoryNote history={history} />}
    </>
  );
}

/** The record of a run, which does not change when it has ended. */
function useRecord(id: string | undefined): Resource<RunRecord> {
  const { api } = usePage();
  return useResource(id, (signal) => api.call<RunRecord>(`v1/runs/${id}`, { signal }));
}

function toKnown({ id, startedAt, durationMs = 0, tags, pruned }: RunRecord): KnownRun {
  return { at: startedAt + durationMs, id, tags, pruned };
}

function textOf({ source = "", destination, error }: Tag): string {
  return `${source} ${destination} ${error?.message ?? ""}`.toLowerCase();
}

function RuleFacts({ info }: { readonly info: RuleInfo }): JSX.Element {
  const { source, targets, type, prune, pulls } = info;
  return (
    <dl class="facts">
      <Fact name="Source">
        <code>{source}</code> <small>{type}</small>
      </Fact>
      <Fact name={targets.length === 1 ? "Target" : "Targets"}>
        {targets.map((target) => <code class="line" key={target}>{target}</code>)}{" "}
        <small>
          {prune
            ? "surplus tags are deleted (prune)"
            : "surplus tags stay, and are not listed (no prune)"}
        </small>
      </Fact>
      <Fact name="Next run">
        <NextRun info={info} />
      </Fact>
      <Fact name="Last run">
        <LastRun info={info} isShort />
      </Fact>
      {pulls && (
        <Fact name="Pulls">
          <Pulls info={info} />
        </Fact>
      )}
    </dl>
  );
}

function TagTable(
  { tags, info, starter, postponedUntil }: {
    readonly tags: readonly Tag[];
    readonly info: RuleInfo;
    readonly starter: RuleStarter;
    readonly postponedUntil: number | undefined;
  },
): JSX.Element {
  const { mayCopy } = usePage();
  return (
    <Pages items={tags} what="tags">
      {(shown) => (
        <table class="cards">
          <caption class="unseen">Tags of {info.rule}</caption>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Tag</th>
              <th scope="col">Details</th>
              {mayCopy && <th scope="col">Actions</th>}
            </tr>
          </thead>
          <tbody>
            {shown.map((tag) => {
              const { source, destination, state } = tag;
              return (
                <tr key={destination}>
                  <td>
                    <ShowLabel label={TAG_STATES[state]} />
                  </td>
                  <th scope="row">
                    <TagName source={source} destination={destination} base={info} />
                  </th>
                  <td>
                    <TagDetails tag={tag} postponedUntil={postponedUntil} />
                  </td>
                  {mayCopy && (
                    <td class="action">
                      {source !== undefined && (
                        <button
                          type="button"
                          class="plain"
                          aria-label={`Run only ${source}`}
                          aria-disabled={starter.isRunning}
                          onClick={() => starter.runOnly(source)}
                        >
                          Run
                        </button>
                      )}
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Pages>
  );
}

function TagDetails(
  { tag, postponedUntil }: { readonly tag: Tag; readonly postponedUntil: number | undefined },
): JSX.Element {
  const { source, state, error, runId, referrerState, digest, current, isHeldBack } = tag;
  return (
    <>
      {error && <Failure error={error} source={source} isShort />}
      {state === "failed" && runId && (
        <p>
          <a href={toLink("runs", { rest: runId })}>The run in which it failed</a>
        </p>
      )}
      {state === "postponed" && postponedUntil !== undefined && (
        <p>
          A rate limit postponed it; it can be copied <When at={postponedUntil} />.
        </p>
      )}
      {state === "incomplete" && referrerState && (
        <p>The target lacks {formatMissing(referrerState) || "referrers"}.</p>
      )}
      {referrerState?.isPartial && <p>The source did not list all referrers.</p>}
      {state === "surplus" && (isHeldBack
        ? "More tags are surplus than prune.maxShare allows, so runs keep it."
        : "The rule no longer selects it. The next run deletes it.")}
      {NOTES[state]}
      {digest && (
        <span class="quiet">
          {current && "Source "}
          <Digest digest={digest} />
          {current && (
            <>
              {" "}target <Digest digest={current} />
            </>
          )}
        </span>
      )}
    </>
  );
}

const NOTES: Readonly<Partial<Record<Tag["state"], string>>> = {
  missing: "The target does not have the tag. ",
  "not-found": "The rule names it, but the source does not have it. ",
  "too-fresh": "It is younger than the rule's minAge. ",
  skipped: "The rule keeps what the target has. ",
};
