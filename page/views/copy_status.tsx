/** A copy while it runs, and how it ended. */
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Report } from "../../src/copy/model.ts";
import { usePage } from "../context.ts";
import { count, formatBytes, formatDuration, formatNumber } from "../parts/format.ts";
import { cutDigest } from "../parts/reference_name.ts";
import { ProblemBox } from "../parts/states.tsx";
import { CodeBlock, CopyButton, State } from "../parts/text.tsx";
import { toLink } from "../route.ts";
import type { DurableWatch } from "./copy_durable.ts";
import { PlanVerdict, Referrers, Warnings } from "./copy_plan.tsx";
import type { PlannedCopy } from "./copy_plan.tsx";
import type { CopyRun } from "./copy_run.ts";

export function RunStatus(
  { run, planned, onCancel, onRetry }: {
    readonly run: CopyRun;
    readonly planned: PlannedCopy | undefined;
    readonly onCancel: () => void;
    readonly onRetry: () => void;
  },
): JSX.Element {
  const { state, problem, notes, noteCount } = run;
  return (
    <section aria-label="Copy" {...useLostFocus(state)}>
      {state === "running" && <Progress run={run} planned={planned} onCancel={onCancel} />}
      {state === "failed" && problem && (
        <ProblemBox problem={problem} onRetry={onRetry}>
          <TagNote run={run} />
        </ProblemBox>
      )}
      {state === "cancelled" && (
        <Cancelled onRetry={onRetry}>
          <TagNote run={run} />
        </Cancelled>
      )}
      {notes.length > 0 && (
        <details open={noteCount <= 5}>
          <summary>{count(noteCount, "retry or warning", "retries and warnings")}</summary>
          <Warnings warnings={notes} />
        </details>
      )}
    </section>
  );
}

function Cancelled(
  { onRetry, children }: {
    readonly onRetry: (() => void) | undefined;
    readonly children?: ComponentChildren;
  },
): JSX.Element {
  return (
    <div class="note" role="status">
      <p>
        <strong>Cancelled.</strong> Another copy does not send again what has arrived.
      </p>
      {children}
      {onRetry && <button type="button" onClick={onRetry}>Start again</button>}
    </div>
  );
}

/** Takes the focus when the state changes, if the button that had it is gone. */
function useLostFocus(
  state: string | undefined,
): { readonly tabIndex: number; readonly ref: RefObject<HTMLElement | null> } {
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body) ref.current?.focus({ preventScroll: true });
  }, [state]);
  return { tabIndex: -1, ref };
}

/** What a copy that ended early means for the tag. */
function TagNote({ run: { steps } }: { readonly run: CopyRun }): JSX.Element {
  const tags = [...steps].filter(([key]) => key.startsWith("tag ") && !/^tag sha\d+-/.test(key));
  const isSet = tags.some(([, { state }]) => state === "put");
  return (
    <p>
      {isSet
        ? "A tag of the destination is set already."
        : tags.length > 0
        ? "The tag was being set: it has the old digest or the new one."
        : "The tag at the destination has not moved."}
    </p>
  );
}

function Progress(
  { run: { steps, rate }, planned, onCancel }: {
    readonly run: CopyRun;
    readonly planned: PlannedCopy | undefined;
    readonly onCancel: () => void;
  },
): JSX.Element {
  let total = 0;
  let sent = 0;
  let done = 0;
  let blobs = 0;
  for (const step of planned?.plan.stages.flatMap((stage) => stage.steps) ?? []) {
    if (step.type !== "blob") continue;
    const { state, bytes = 0, isDone } = steps.get(step.descriptor.digest) ?? {};
    blobs++;
    if (isDone) done++;
    const isPlanned = step.found !== "present" && step.mountFrom.length === 0;
    if (isDone ? state !== "sent" : !isPlanned && bytes === 0) continue;
    total += step.descriptor.size;
    sent += bytes;
  }
  const share = total > 0 ? sent / total : 1;
  const left = rate && total > sent
    ? formatDuration(Math.ceil((total - sent) / rate) * 1000)
    : undefined;
  return (
    <div class="progress">
      <p class="row">
        <strong>{total > 0 ? `${Math.floor(share * 100)} %` : "Copying"}</strong>
        {total > 0 && <span>{formatBytes(sent)} of {formatBytes(total)}</span>}
        {rate !== undefined && <span>{formatBytes(rate)}/s</span>}
        {left && <span>{left} left</span>}
        <span>{formatNumber(done)} of {count(blobs, "blob")}</span>
        <button type="button" onClick={onCancel}>Cancel</button>
      </p>
      <progress aria-label="Bytes sent" value={share} max={1} />
      <p class="quiet">
        Keep this page open: the server stops the copy when the connection ends.
      </p>
    </div>
  );
}

/** A copy that continues without this page. */
export function DurableStatus(
  { durable: { id, copy, problem, isRunning, cancel, reload }, onRetry }: {
    readonly durable: DurableWatch;
    readonly onRetry?: () => void;
  },
): JSX.Element {
  const { mayCopy } = usePage();
  return (
    <section aria-label="Copy" {...useLostFocus(copy?.state)}>
      {isRunning && (
        <div class="progress">
          <p class="row">
            <State kind="busy">{copy?.state ?? "starting"}</State>
            <span>
              Copy <code title={id}>{id.slice(0, 12)}</code>
            </span>
            {mayCopy && <button type="button" onClick={cancel}>Cancel</button>}
          </p>
          <progress aria-label="The copy runs" />
          <p class="quiet">
            It continues without this page, which asks for its state every five seconds. The server
            does not know how far it is.
          </p>
        </div>
      )}
      {copy?.state === "cancelled" && <Cancelled onRetry={onRetry} />}
      {copy?.problem && <ProblemBox problem={copy.problem} {...(onRetry ? { onRetry } : {})} />}
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
    </section>
  );
}

export function ReportBox({ report }: { readonly report: Report }): JSX.Element {
  const { result, digest, destination, blobs, requests, additionalTags = [] } = report;
  const notSent = ([["present", "there"], ["mounted", "mounted"], ["foreign", "foreign"]] as const)
    .flatMap(([name, word]) => blobs[name] > 0 ? [`${formatNumber(blobs[name])} ${word}`] : []);
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    [
      "Destination",
      <span key="to">
        <a href={toLink("inspect", { query: { reference: destination } })}>
          {cutDigest(destination)}
        </a>{" "}
        (<a href={toLink("inspect", { query: { reference: report.source, with: destination } })}>
          compare with the source
        </a>)
      </span>,
    ],
    [
      "Digest",
      <span key="digest">
        <code>{digest}</code> <CopyButton text={digest} label="Copy the digest" />
      </span>,
    ],
    ...(additionalTags.length > 0 ? [["Also tagged", additionalTags.join(", ")] as const] : []),
    ["Sent", `${formatBytes(report.bytesStreamed)} in ${count(blobs.streamed, "blob")}`],
    ...(notSent.length > 0 ? [["Not sent", notSent.join(", ")] as const] : []),
    [
      "Put",
      `${count(report.manifests, "manifest")}, ${count(report.referrers, "referrer")} among them`,
    ],
    ["Time", formatDuration(report.durationMs)],
    [
      "Requests",
      `${formatNumber(requests.source)} to the source, ${
        formatNumber(requests.destination)
      } to the destination`,
    ],
  ];
  return (
    <section class="report" aria-label="Report">
      <h2>
        <State kind={result === "skipped" ? "warn" : "good"}>{RESULTS[result]}</State>
      </h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Referrers state={report.referrerState} />
      {report.admission && <PlanVerdict verdict={report.admission} />}
      <Warnings warnings={report.warnings} />
      <details>
        <summary>Report as JSON</summary>
        <CodeBlock label="JSON" text={JSON.stringify(report, undefined, 2)} />
      </details>
    </section>
  );
}

const RESULTS = {
  copied: "Copied",
  unchanged: "Unchanged: the destination had everything",
  skipped: "Skipped: the destination has the tag with another digest",
} as const;
