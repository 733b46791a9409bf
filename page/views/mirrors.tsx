/** The first view: what is in step, what failed and why. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { RuleList } from "../../src/rules/rule_list.ts";
import { usePage } from "../context.ts";
import { useComparisons } from "../mirrors/compare_all.ts";
import { useLive } from "../live.ts";
import { RulePage } from "../mirrors/rule.tsx";
import { RuleTable } from "../mirrors/rule_list.tsx";
import { useArrival } from "../parts/arrival.ts";
import { Empty, Loading, ProblemBox } from "../parts/states.tsx";
import { useResource } from "../resource.ts";
import { toLink, useRoute } from "../route.ts";

const INTERVAL_MS = 10_000;

export function MirrorsView(): JSX.Element {
  const { api, mayCopy } = usePage();
  const { rest } = useRoute();
  useArrival(rest);
  const { value, problem, reload } = useResource(
    "rules",
    (signal) => api.call<RuleList>("v1/rules", { signal }),
    { intervalMs: INTERVAL_MS },
  );
  // A run that this page follows has started or ended.
  const times = [...useLive().runs.values()].map(({ startedAt, endedAt = startedAt }) => endedAt);
  const changed = Math.max(0, ...times);
  useEffect(() => {
    if (changed > 0) reload();
  }, [changed]);
  const comparisons = useComparisons();
  const info = value?.rules.find(({ rule }) => rule === rest);
  return (
    <>
      {rest === "" && <h1>Mirrors</h1>}
      {problem && (
        <ProblemBox problem={problem} onRetry={reload}>
          {value && <p>What you see was loaded before.</p>}
        </ProblemBox>
      )}
      {!value && !problem && <Loading what="the rules" />}
      {value && !mayCopy && (
        <p class="quiet">
          Your token may only read, so the buttons that run rules are not shown.
        </p>
      )}
      {value && rest === "" && <RuleTable list={value} comparisons={comparisons} />}
      {info && value && <RulePage key={rest} info={info} history={value.history} />}
      {value && rest !== "" && !info && (
        <>
          <h1>{rest}</h1>
          <Empty title="There is no such rule">
            <p>
              The configuration of the server does not have it, or no longer.{" "}
              <a href={toLink("mirrors")}>Show all mirrors</a>
            </p>
          </Empty>
        </>
      )}
    </>
  );
}
