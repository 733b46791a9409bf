/** Compares all rules with their registries, one after the other, when the viewer asks for it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { RuleInfo } from "../../src/rules/rule_list.ts";
import type { SyncStatus } from "../../src/sync/model.ts";
import { problemOf } from "../api.ts";
import { usePage } from "../context.ts";
import { countBy } from "../parts/results.tsx";
import { runsOf } from "./facts.tsx";
import type { TagCounts } from "./facts.tsx";
import { mergeTags, TAG_STATES } from "./tags.ts";
import type { TagState } from "./tags.ts";

export interface RuleComparison {
  /** The tags of the rule by state. Absent if they could not be compared. */
  readonly tags?: TagCounts;
  /** Why they could not be compared. */
  readonly problem?: string;
  /** The newest runs at that time. */
  readonly runs: string;
}

export interface Comparisons {
  /** By the names of rules. */
  readonly results: Readonly<Record<string, RuleComparison>>;
  /** The rule that is being compared. */
  readonly current: string | undefined;
  readonly start: (rules: readonly RuleInfo[]) => void;
}

export function useComparisons(): Comparisons {
  const { api } = usePage();
  const [results, setResults] = useState<Comparisons["results"]>({});
  const [current, setCurrent] = useState<string>();
  const controller = useRef(new AbortController());
  useEffect(() => () => controller.current.abort(), []);

  async function compare(rules: readonly RuleInfo[]): Promise<void> {
    const { signal } = controller.current;
    for (const info of rules) {
      const { rule } = info;
      setCurrent(rule);
      const result = await api.call<SyncStatus>("v1/syncs", { query: { rule }, signal }).then(
        ({ rules: [status] }) => ({
          tags: countBy(mergeTags(status ? [{ at: 0, status }] : []), ({ state }) => state),
        }),
        (error) => ({ problem: problemOf(error).detail }),
      );
      if (signal.aborted) return;
      setResults((old) => ({ ...old, [rule]: { ...result, runs: runsOf(info) } }));
    }
    setCurrent(undefined);
  }
  return { results, current, start: (rules) => void (current === undefined && compare(rules)) };
}

/** `1 missing, 3 in step` */
export function formatStates(counts: TagCounts): string {
  return (Object.keys(TAG_STATES) as TagState[])
    .flatMap((state) => counts[state] ? [`${counts[state]} ${TAG_STATES[state].text}`] : [])
    .join(", ");
}
