/** Describes the configured rules without a request to a registry. */
import type { HistoryStatus, RunHistory, RunSummary } from "../history/model.ts";
import { parseReference } from "../oci/reference.ts";
import type { PullsLeft } from "../registry/pulls_left.ts";
import { nextRun } from "../sync/next_run.ts";
import type { SyncRule } from "../sync/rule.ts";

/** A rule of the configuration, and when it ran and runs. */
export interface RuleInfo extends Pick<SyncRule, "type" | "source" | "targets"> {
  /** The name of the rule. */
  readonly rule: string;
  /** Whether runs delete tags that the rule no longer selects. */
  readonly prune: boolean;
  /** Absent for a rule that runs only for webhooks and callers. */
  readonly schedule?: {
    /** Five fields, or a name such as `@daily`. */
    readonly cron?: string | undefined;
    /** The time zone of `cron`. */
    readonly timeZone?: string | undefined;
    /** Milliseconds. */
    readonly everyMs?: number | undefined;
  } | undefined;
  /** The next time of the schedule, in milliseconds since the epoch. */
  readonly next?: number | undefined;
  /** The run of the rule or of a part of it that is running, if the host lists such runs. */
  readonly running?: RunSummary | undefined;
  /** The newest run of the whole rule that has ended, and was not aborted. */
  readonly last?: RunSummary | undefined;
  /** The same for a part of the rule, for a webhook or a caller, if it is newer than `last`. */
  readonly lastPart?: RunSummary | undefined;
  /** The newest run that has ended, if it was aborted. */
  readonly aborted?: RunSummary | undefined;
  /** Milliseconds since the epoch: a rate limit postponed a part of the running or the last run. */
  readonly postponedUntil?: number | undefined;
  /** The remaining pulls that the source reported last, since the server started. */
  readonly pulls?: PullsLeft | undefined;
}

/** The rules of the configuration. */
export interface RuleList {
  /** In their order. */
  readonly rules: readonly RuleInfo[];
  /** Where runs are kept. */
  readonly history: HistoryStatus;
}

export interface ListRulesOptions {
  readonly now: number;
  readonly history: Pick<RunHistory, "list"> | undefined;
  readonly pullsLeft: (registry: string) => PullsLeft | undefined;
}

/** As many runs as the history lists at once. Older ones are not the last of a rule that runs. */
const MAX_RUNS = 1000;

export async function listRules(
  rules: readonly SyncRule[],
  { now, history, pullsLeft }: ListRulesOptions,
): Promise<RuleInfo[]> {
  const { runs } = await history?.list({ limit: MAX_RUNS }) ?? { runs: [] };
  return rules.map(({ name, type, source, targets, schedule, prune }): RuleInfo => {
    const own = runs.filter(({ rule }) => rule === name);
    const running = own.find(({ state }) => state === "running");
    const ended = own.filter(({ state }) => state !== "running");
    const complete = ended.filter(({ state }) => state !== "aborted");
    const last = complete.find(({ only }) => only === undefined);
    const [newest] = complete;
    const postponedUntil = Math.max(
      ...[running, last, newest].map((run) => run?.postponedUntil ?? 0),
    );
    return {
      rule: name,
      type,
      source,
      targets,
      prune: prune !== undefined,
      schedule: schedule && "cron" in schedule ? { timeZone: hostZone(), ...schedule } : schedule,
      next: schedule && nextRun(schedule, now),
      running,
      last,
      lastPart: newest === last ? undefined : newest,
      aborted: ended[0]?.state === "aborted" ? ended[0] : undefined,
      postponedUntil: postponedUntil > now ? postponedUntil : undefined,
      pulls: pullsLeft(registryOf(source, type)),
    };
  });
}

function registryOf(source: string, type: SyncRule["type"]): string {
  return parseReference(type === "registry" ? `${source}/any` : source).registry;
}

function hostZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
