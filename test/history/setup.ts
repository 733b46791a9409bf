import { toRunRecord } from "../../src/history/run_record.ts";
import type { StartedRun } from "../../src/history/run_record.ts";
import type { RunRecord } from "../../src/history/model.ts";
import type { RuleReport, TagReport } from "../../src/sync/model.ts";

export const STARTED: StartedRun = {
  id: "0mfizhs9c-5f3a9c1e",
  by: "schedule",
  rule: "app",
  startedAt: 1000,
  request: { rules: ["app"] },
};

export function ruleReport(
  tags: readonly TagReport[] = [],
  more: Partial<RuleReport> = {},
): RuleReport {
  return {
    rule: "app",
    result: "ok",
    tags,
    pruned: [],
    requests: { source: 1, destination: 2 },
    durationMs: 5,
    warnings: [],
    ...more,
  };
}

/** A record of a run of a rule that had nothing to do. */
export function recordOf(more: Partial<StartedRun> = {}): RunRecord {
  return toRunRecord({ ...STARTED, ...more }, { report: ruleReport() }, 1005);
}
