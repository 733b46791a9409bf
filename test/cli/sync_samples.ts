/** What runs of rules might give, and a file with rules. */
import type { RuleReport, RuleStatus, TagReport } from "../../src/sync/model.ts";
import type { RuleRunner } from "../../src/sync/run_rules.ts";
import { fakeCli } from "./fake_cli.ts";
import type { FakeCliOptions, Run } from "./fake_cli.ts";
import { digest } from "./samples.ts";

export const FILE = `
defaults: { interval: 1h }
sync:
- { name: base, source: localhost:5000/base, target: localhost:5001/base, type: repository }
- { name: apps, source: localhost:5000/app, target: localhost:5001/app, type: repository }
`;

export function tagReport(rule: string, tag: string, more: Partial<TagReport> = {}): TagReport {
  const names = {
    source: `localhost:5000/${rule}:${tag}`,
    destination: `localhost:5001/${rule}:${tag}`,
  };
  return { ...names, result: "copied", digest: digest("a"), ...more };
}

export const FAILED: Partial<TagReport> = {
  result: "failed",
  error: { code: "network", message: "connect: nobody listens", side: "source", hint: "is it up" },
};

export function ruleReport(
  rule: string,
  tags: readonly TagReport[],
  more: Partial<RuleReport> = {},
): RuleReport {
  return {
    rule,
    result: "ok",
    tags,
    pruned: [],
    requests: { source: 2, destination: 3 },
    durationMs: 1200,
    warnings: [],
    ...more,
  };
}

/** Runs rules with these reports, and emits the events of such runs. */
export function runnerOf(reports: Readonly<Record<string, RuleReport>>): Pick<RuleRunner, "run"> {
  return {
    run({ name: rule }, { emit }): Promise<RuleReport> {
      const report = reports[rule];
      if (!report) return Promise.reject(new Error(`rule ${rule} was not to run`));
      emit?.({ type: "rule-started", rule });
      for (const message of report.warnings) emit?.({ type: "warning", rule, message });
      for (const tag of report.tags) emit?.({ type: "tag-ended", rule, tag });
      for (const pruned of report.pruned) emit?.({ type: "prune-ended", rule, pruned });
      emit?.({ type: "rule-ended", report });
      return Promise.resolve(report);
    },
  };
}

/** Answers with these states of rules. */
export function statusOf(
  states: Readonly<Record<string, RuleStatus["tags"]>>,
): Pick<RuleRunner, "status"> {
  return {
    status({ name: rule }): Promise<RuleStatus> {
      const tags = states[rule] ?? [];
      const found = new Set(tags.map(({ state }) => state));
      const state = found.has("error")
        ? "error"
        : found.has("behind") || found.has("missing") || found.has("incomplete")
        ? "behind"
        : "in-step";
      return Promise.resolve({ rule, state, tags, requests: { source: 1, destination: 1 } });
    },
  };
}

export const files = { "crossdock.yaml": FILE };

/** One report for each rule of {@linkcode FILE}. */
export const BOTH = {
  base: ruleReport("base", [
    tagReport("base", "1"),
    tagReport("base", "2", { result: "unchanged" }),
  ], {
    pruned: [{ destination: "localhost:5001/base:0", result: "deleted" }],
  }),
  apps: ruleReport("apps", [tagReport("apps", "1")]),
};

/** Runs `crossdock sync` with {@linkcode FILE}. */
export function sync(options: FakeCliOptions, ...flags: string[]): Promise<Run> {
  return fakeCli({ files, ...options }).run("sync", ...flags);
}
