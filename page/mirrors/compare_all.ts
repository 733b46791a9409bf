/** Compares all rules with their registries, one after the other, when the viewer asks for it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { RuleInfo } from "../../src/rules/rule_list.ts";
import type { SyncStatus } from "../../src/sync/model.ts";
import { problemOf } from "../api.ts";
import { usePage } from "../context.ts";
import { countBy } from "../parts/results.tsx";
import { mergeTags, TAG_STATES } from "./tags.ts";
import type { TagState } from "./tags.ts";

export interface Comparisons {
  /** The tags of each rule by state, or why they could not be compared. */
  readonly results: Readonly<Record<string, Partial<Record<TagState, number>> | string>>;
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
    for (const { rule } of rules) {
      setCurrent(rule);
      const result = await api.call<SyncStatus>("v1/syncs", { query: { rule }, signal }).then(
        ({ rules: [status] }) =>
          countBy(mergeTags(status ? [{ at: 0, status }] : []), ({ state }) => state),
        (error) => problemOf(error).detail,
      );
      if (signal.aborted) return;
      setResults((old) => ({ ...old, [rule]: result }));
    }
    setCurrent(undefined);
  }
  return { results, current, start: (rules) => void (current === undefined && compare(rules)) };
}

/** `1 missing, 3 in step` */
export function formatStates(counts: Partial<Record<TagState, number>>): string {
  return (Object.keys(TAG_STATES) as TagState[])
    .flatMap((state) => counts[state] ? [`${counts[state]} ${TAG_STATES[state].text}`] : [])
    .join(", ");
}
