/** All rules: which failed, when each ran and runs. */
import type { JSX } from "preact";
import type { RuleInfo, RuleList } from "../../src/rules/rule_list.ts";
import { usePage } from "../context.ts";
import { HistoryNote } from "../parts/history_note.tsx";
import { FilterBar, useFilters } from "../parts/filter.tsx";
import { liveLabel, summarize } from "../parts/live_panel.tsx";
import { countBy, ShowLabel, sortBy } from "../parts/results.tsx";
import { CodeBlock } from "../parts/text.tsx";
import { Empty, ProblemBox } from "../parts/states.tsx";
import { toLink } from "../route.ts";
import type { RuleState } from "./facts.tsx";
import { LastRun, NextRun, Pulls, RULE_STATES, runsOf, stateOf } from "./facts.tsx";
import { formatStates } from "./compare_all.ts";
import type { Comparisons, RuleComparison } from "./compare_all.ts";
import { useStarter } from "./start.ts";

export function RuleTable(
  { list: { rules, history }, comparisons }: {
    readonly list: RuleList;
    readonly comparisons: Comparisons;
  },
): JSX.Element {
  const { mayCopy, setup } = usePage();
  const { current, start } = comparisons;
  // A comparison says nothing about a rule that has run since.
  const results = Object.fromEntries(
    rules.flatMap((info) => {
      const result = comparisons.results[info.rule];
      return result?.runs === runsOf(info) ? [[info.rule, result]] : [];
    }),
  );
  const { state, text } = useFilters();
  if (rules.length === 0) return <NoRules />;
  const stateNow = (info: RuleInfo): RuleState => stateOf(info, results[info.rule]?.tags, true);
  const found = rules.filter((info) =>
    (state === "" || stateNow(info) === state) &&
    `${info.rule} ${info.source} ${info.targets.join(" ")}`.toLowerCase().includes(text)
  );
  const shown = sortBy(found, RULE_STATES, stateNow);
  const counts = countBy(rules, stateNow);
  return (
    <>
      <div class="row overview">
        <p role="status">
          {summarizeRules(counts, rules.length)}{" "}
          {current === undefined ? summarizeTags(results) : `Comparing ${current}…`}
        </p>
        <button
          type="button"
          title="Sends a request for each tag to its source and to each target"
          aria-disabled={current !== undefined}
          onClick={() => start(rules)}
        >
          Compare all
        </button>
      </div>
      <FilterBar labels={RULE_STATES} counts={counts} what="rules" />
      {shown.length === 0 ? <p>No rule matches the filter.</p> : (
        <table class="cards rules">
          <caption class="unseen">Rules</caption>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Rule</th>
              <th scope="col">Last run</th>
              <th scope="col">Next run</th>
              {mayCopy && <th scope="col">Actions</th>}
            </tr>
          </thead>
          <tbody>
            {shown.map((info) => (
              <RuleRow
                key={info.rule}
                info={info}
                state={stateNow(info)}
                compared={results[info.rule]}
              />
            ))}
          </tbody>
        </table>
      )}
      <HistoryNote history={history} />
      {rules.some(({ pulls }) => pulls) && (
        <p class="quiet">
          The server remembers the remaining pulls {setup.host.memory === "process"
            ? "until it stops."
            : "only as long as Cloudflare keeps an isolate, often for minutes."}
        </p>
      )}
    </>
  );
}

function summarizeTags(results: Comparisons["results"]): string {
  const counts = Object.values(results).flatMap(({ tags }) => tags ?? []);
  if (counts.length === 0) return "";
  const total = counts.flatMap((one) => Object.values(one)).reduce((sum, value) => sum + value, 0);
  const inStep = counts.reduce((sum, one) => sum + (one["in-step"] ?? 0), 0);
  return inStep === total ? "All tags are in step." : `${inStep} of ${total} tags are in step.`;
}

function summarizeRules(
  { failed = 0, behind = 0, ok = 0, "in-step": inStep = 0 }: Readonly<
    Partial<Record<RuleState, number>>
  >,
  total: number,
): string {
  if (failed > 0) {
    return total === 1 ? "The rule failed." : `${failed} of ${total} rules failed.`;
  }
  return behind + ok + inStep === total
    ? "The last run of each rule had no failures."
    : "No rule failed.";
}

function RuleRow(
  { info, state, compared }: {
    readonly info: RuleInfo;
    readonly state: RuleState;
    readonly compared: RuleComparison | undefined;
  },
): JSX.Element {
  const { mayCopy } = usePage();
  const { rule, source, targets, type, prune } = info;
  const starter = useStarter(info);
  const { live } = starter;
  const link = toLink("mirrors", { rest: rule });
  return (
    <tr>
      <td>
        <ShowLabel label={RULE_STATES[state]} />
      </td>
      <th scope="row">
        <a href={link}>{rule}</a>
        <p class="names">
          <code>{source}</code>
          {targets.map((target) => (
            <span key={target}>
              {"→\u00a0"}
              <code>{target}</code>
            </span>
          ))}
        </p>
        <small>{type}{prune ? ", prunes" : ""}</small>
      </th>
      <td data-label="Last run">
        {live && (starter.isRunning || live.isPreview) && (
          <p>
            <a href={link}>{live.title}</a> <ShowLabel label={liveLabel(live)} />{" "}
            <span class="quiet">{summarize(live)}</span>
          </p>
        )}
        {starter.startedId !== undefined && (
          <p role="status">
            Started in the background: <code>{starter.startedId}</code>
          </p>
        )}
        {starter.problem && <ProblemBox problem={starter.problem} />}
        <LastRun info={info} />
        {compared && (
          <p>Compared: {compared.problem ?? (formatStates(compared.tags ?? {}) || "no tags")}</p>
        )}
      </td>
      <td data-label="Next run">
        <NextRun info={info} />
        <p class="quiet">
          <Pulls info={info} />
        </p>
      </td>
      {mayCopy && (
        <td class="action">
          <button
            type="button"
            aria-label={`Run ${rule}`}
            aria-disabled={starter.isRunning}
            onClick={starter.run}
          >
            Run
          </button>
        </td>
      )}
    </tr>
  );
}

const EXAMPLE = `sync:
  - name: alpine
    source: docker.io/library/alpine
    target: registry.example.com/mirror/alpine
    type: repository
    tags:
      semverRange: [">=3.20 <4"]
    schedule: "0 3 * * *"
`;

function NoRules(): JSX.Element {
  return (
    <Empty title="This server has no rules">
      <p>
        A rule keeps the tags of a repository in step with their source. Write rules into a
        crossdock.yaml, and give the server the file, or its text in{" "}
        <code>CROSSDOCK_CONFIG</code>. Then start it again.
      </p>
      <CodeBlock text={EXAMPLE} label="crossdock.yaml" />
      <p>
        Without rules you can still <a href={toLink("copy")}>copy one image</a>.
      </p>
    </Empty>
  );
}
