/** What is known about a rule without a request to a registry: its state, its schedule, its last run, the remaining pulls. */
import type { JSX } from "preact";
import type { RunSummary } from "../../src/history/model.ts";
import type { RuleInfo } from "../../src/rules/rule_list.ts";
import { formatDuration, formatNumber } from "../parts/format.ts";
import { FailureLine, formatCounts, RUN_LABELS } from "../parts/results.tsx";
import type { Label } from "../parts/results.tsx";
import { When } from "../parts/text.tsx";
import { toLink } from "../route.ts";
import { TAG_STATES } from "./tags.ts";
import type { TagState } from "./tags.ts";

export type RuleState =
  | "failed"
  | "postponed"
  | "behind"
  | "aborted"
  | "running"
  | "none"
  | "ok"
  | "in-step";

/** In the order in which they are shown. */
export const RULE_STATES: Readonly<Record<RuleState, Label>> = {
  failed: { kind: "bad", text: "failed" },
  postponed: { kind: "warn", text: "postponed" },
  behind: { kind: "warn", text: "not in step" },
  aborted: { kind: "warn", text: "aborted" },
  running: { kind: "busy", text: "running" },
  none: { kind: "none", text: "no run yet" },
  ok: { kind: "good", text: "last run ok" },
  "in-step": { kind: "good", text: "in step" },
};

const ORDER = Object.keys(RULE_STATES) as RuleState[];

export type TagCounts = Readonly<Partial<Record<TagState, number>>>;

/**
 * The state of a rule: the worse one of its newest runs and of its tags.
 *
 * @param tags the known tags
 * @param isCompared whether they were compared after the newest run. If all are in step, no run matters
 */
export function stateOf(info: RuleInfo, tags: TagCounts = {}, isCompared = false): RuleState {
  const state = stateOfRuns(info);
  const known = (Object.keys(tags) as TagState[]).filter((tag) => TAG_STATES[tag].kind !== "none");
  if (known.length === 0 || state === "running") return state;
  if (known.every((tag) => tag === "in-step")) return isCompared ? "in-step" : state;
  const found = tags.failed ? "failed" : tags.postponed ? "postponed" : "behind";
  return ORDER.indexOf(found) < ORDER.indexOf(state) ? found : state;
}

/** The worst result of the last run of the rule and of a newer run of a part. */
function stateOfRuns({ running, last, lastPart, aborted, postponedUntil }: RuleInfo): RuleState {
  if (running) return "running";
  const states = [last, lastPart].flatMap((run) => run ? [run.state] : []);
  if (states.some((state) => RUN_LABELS[state].kind === "bad")) return "failed";
  if (states.includes("postponed") || postponedUntil !== undefined) return "postponed";
  if (states.length > 0) return "ok";
  return aborted ? "aborted" : "none";
}

/** The runs that a comparison has to be newer than. */
export function runsOf({ last, lastPart, aborted }: RuleInfo): string {
  return [last, lastPart, aborted].map((run) => run?.id).join(" ");
}

/** The schedule of a rule, and until when a rate limit postpones it. */
export function NextRun({ info }: { readonly info: RuleInfo }): JSX.Element {
  const { schedule, next, postponedUntil } = info;
  const { cron, timeZone, everyMs } = schedule ?? {};
  return (
    <>
      {next !== undefined && <When at={next} />}{" "}
      <small>
        {!schedule && "only webhooks and callers run it"}
        {cron !== undefined && (
          <>
            <code class="cron">{cron}</code> {timeZone}
          </>
        )}
        {everyMs !== undefined && `every ${formatDuration(everyMs)}`}
        {next !== undefined && <ZonedTime at={next} timeZone={timeZone} />}
      </small>
      {postponedUntil !== undefined && (
        <p>
          A rate limit postpones it; it can go on <When at={postponedUntil} />
        </p>
      )}
    </>
  );
}

const VIEWER_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The time in the rule's zone, and in the viewer's zone if that differs. */
function ZonedTime(
  { at, timeZone }: { readonly at: number; readonly timeZone: string | undefined },
): JSX.Element {
  const there = timeZone === undefined ? undefined : formatInZone(at, timeZone);
  const here = formatInZone(at, VIEWER_ZONE);
  return (
    <span class="zones">
      {there !== undefined && there !== here ? `${there} there, ${here} in ${VIEWER_ZONE}` : here}
    </span>
  );
}

function formatInZone(at: number, timeZone: string): string | undefined {
  try {
    const options = { weekday: "short", hour: "2-digit", minute: "2-digit", timeZone } as const;
    return new Intl.DateTimeFormat(undefined, options).format(at);
  } catch {
    // The browser may know fewer time zones than the server.
    return undefined;
  }
}

/** What runs now, and the newest results, with links to the runs. */
export function LastRun(
  { info: { running, last, lastPart, aborted }, isShort = false }: {
    readonly info: RuleInfo;
    /** Whether the failures of tags are shown elsewhere. */
    readonly isShort?: boolean;
  },
): JSX.Element {
  const line = (run: RunSummary): JSX.Element => {
    const { id, state, startedAt, counts = {}, only } = run;
    return (
      <div key={id}>
        {only !== undefined && (
          <>
            Only <code>{only}</code>
            {" "}
          </>
        )}
        {state === "running" && "Running, started "}
        <a href={toLink("runs", { rest: id })}>
          <When at={startedAt} />
        </a>{" "}
        {state !== "running" && (
          <span class="quiet">{formatCounts(counts) || RUN_LABELS[state].text}</span>
        )}
        {!(isShort && counts.failed) && <FailureLine run={run} />}
      </div>
    );
  };
  const runs = [running, aborted, lastPart, last].flatMap((run) => run ? [line(run)] : []);
  return runs.length > 0 ? <>{runs}</> : <span class="quiet">–</span>;
}

/** The remaining pulls of Docker Hub. */
export function Pulls({ info: { pulls } }: { readonly info: RuleInfo }): JSX.Element | null {
  if (!pulls) return null;
  const { remaining, limit, windowSeconds, at } = pulls;
  return (
    <>
      {formatNumber(remaining)}
      {limit !== undefined && ` of ${formatNumber(limit)}`} pulls left
      {windowSeconds !== undefined && ` per ${formatDuration(windowSeconds * 1000)}`}{" "}
      <small>
        (<When at={at} />)
      </small>
    </>
  );
}
