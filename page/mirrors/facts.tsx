/** What is known about a rule without a request to a registry: its state, its schedule, its last run, the remaining pulls. */
import type { JSX } from "preact";
import type { RunSummary } from "../../src/history/model.ts";
import type { RuleInfo } from "../../src/rules/rule_list.ts";
import { formatDuration, formatNumber } from "../parts/format.ts";
import { formatCounts, RUN_LABELS } from "../parts/results.tsx";
import type { Label } from "../parts/results.tsx";
import { When } from "../parts/text.tsx";
import { toLink } from "../route.ts";

export type RuleState = "failed" | "postponed" | "running" | "none" | "ok";

/** In the order in which they are shown. */
export const RULE_STATES: Readonly<Record<RuleState, Label>> = {
  failed: { kind: "bad", text: "failed" },
  postponed: { kind: "warn", text: "postponed" },
  running: { kind: "busy", text: "running" },
  none: { kind: "none", text: "no run yet" },
  ok: { kind: "good", text: "ok" },
};

/** The worst result of the last run of the rule and of a newer run of a part. */
export function stateOf({ running, last, lastPart, postponedUntil }: RuleInfo): RuleState {
  if (running) return "running";
  const kinds = [last, lastPart].flatMap((run) => run ? [RUN_LABELS[run.state].kind] : []);
  if (kinds.includes("bad")) return "failed";
  if (postponedUntil !== undefined) return "postponed";
  if (kinds.includes("warn")) return "postponed";
  return kinds.length > 0 ? "ok" : "none";
}

export function Schedule({ info }: { readonly info: RuleInfo }): JSX.Element {
  const { schedule, next } = info;
  if (!schedule) return <span class="quiet">only webhooks and callers run it</span>;
  const { cron, timeZone, everyMs } = schedule;
  return (
    <>
      {next !== undefined && <When at={next} />}{" "}
      <small>
        {cron !== undefined && (
          <>
            <code>{cron}</code> {timeZone}
          </>
        )}
        {everyMs !== undefined && `every ${formatDuration(everyMs)}`}
        {next !== undefined && <ZonedTime at={next} timeZone={timeZone} />}
      </small>
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

/** When a run was, and its result, with a link to its page. */
export function RunLine(
  { run, isShort = false }: {
    readonly run: RunSummary;
    /** Whether the failures of tags are shown elsewhere. */
    readonly isShort?: boolean;
  },
): JSX.Element {
  const { id, state, startedAt, counts = {}, failure } = run;
  return (
    <>
      <a href={toLink("runs", { rest: id })}>
        <When at={startedAt} />
      </a>{" "}
      <span class="quiet">{formatCounts(counts) || RUN_LABELS[state].text}</span>
      {failure && !(isShort && counts.failed) && <p class="cause">{failure}</p>}
    </>
  );
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
