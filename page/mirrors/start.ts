/** Starts rules: in this page, which follows the run, or in the background as a Workflow. */
import { useState } from "preact/hooks";
import type { Problem } from "../../src/problem.ts";
import type { RuleInfo } from "../../src/rules/rule_list.ts";
import type { StartedSync } from "../../src/rules/rules.ts";
import { problemOf } from "../api.ts";
import { usePage } from "../context.ts";
import { useLive } from "../live.ts";
import type { LiveRun } from "../live.ts";

export interface RuleStarter {
  /** The run that this page follows, or the last one. */
  readonly live: LiveRun | undefined;
  readonly isRunning: boolean;
  /** Runs the whole rule. */
  run(): void;
  /** Runs the rule for one tag, or for a repository. */
  runOnly(source: string): void;
  preview(): void;
  /** The id of a run that was started in the background, until one has ended. */
  readonly startedId: string | undefined;
  readonly problem: Problem | undefined;
}

export function useStarter({ rule, last }: RuleInfo): RuleStarter {
  const { api, setup } = usePage();
  const [started, setStarted] = useState<{ id: string; lastId: string | undefined }>();
  const [problem, setProblem] = useState<Problem>();
  const { runs, start: startLive } = useLive();
  const live = runs.get(rule);

  async function startInBackground(): Promise<void> {
    try {
      const { rules } = await api.call<StartedSync>("v1/syncs", {
        body: { rules: [rule] },
        headers: { prefer: "respond-async" },
      });
      setStarted({ id: rules[0]?.id ?? "", lastId: last?.id });
      setProblem(undefined);
    } catch (error) {
      setProblem(problemOf(error));
    }
  }

  const start = (title: string, body: Readonly<Record<string, unknown>>): void =>
    startLive(rule, {
      title,
      isPreview: body.dryRun === true,
      requests: [{ path: "v1/syncs", body: { rules: [rule], ...body } }],
    });
  return {
    live,
    isRunning: live !== undefined && live.endedAt === undefined,
    run: () => setup.host.durableRules ? void startInBackground() : start(`Run of ${rule}`, {}),
    runOnly: (source) => start(`Run of ${rule}, only ${source}`, { only: onlyOf(source) }),
    preview: () => start(`Preview of ${rule}`, { dryRun: true }),
    startedId: started && started.lastId === last?.id ? started.id : undefined,
    problem,
  };
}

/** A part of a rule has no digest. */
export function onlyOf(source: string): string {
  return source.replace(/@.*$/, "");
}
