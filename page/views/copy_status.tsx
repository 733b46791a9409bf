/** A copy while it runs, and how it ended. */
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Report } from "../../src/copy/model.ts";
import { count, formatBytes, formatDuration, formatNumber } from "../parts/format.ts";
import { ProblemBox } from "../parts/states.tsx";
import { CodeBlock, CopyButton, State } from "../parts/text.tsx";
import { toLink } from "../route.ts";
import type { DurableWatch } from "./copy_durable.ts";
import { Referrers, Verdict, Warnings } from "./copy_plan.tsx";
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
          {problem.code === "network" && problem.status === 0 && (
            <p>The server stops a copy when it loses the connection to the page.</p>
          )}
        </ProblemBox>
      )}
      {state === "cancelled" && (
        <div class="note" role="status">
          <p>
            <strong>Cancelled.</strong>{" "}
            Blobs that have arrived stay at the destination. Another copy does not send them again.
          </p>
          <TagNote run={run} />
          <button type="button" onClick={onRetry}>Start again</button>
        </div>
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
  const planSteps = planned?.plan.stages.flatMap((stage) => stage.steps) ?? [];
  for (const step of planSteps) {
    const key = step.type === "blob" ? step.descriptor.digest : undefined;
    const found = key === undefined ? undefined : steps.get(key);
    if (step.type !== "blob") continue;
    const { size } = step.descriptor;
    const isMoved = found?.state === "there" || found?.state === "mounted";
    const isUpload = step.found !== "present" && step.mountFrom.length === 0;
    if (isMoved || found?.state === "sent") done++;
    if (isMoved || !isUpload && !found?.bytes) continue;
    total += size;
    sent += found?.bytes ?? 0;
  }
  const blobs = planSteps.filter(({ type }) => type === "blob").length;
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
  const again = onRetry && <button type="button" onClick={onRetry}>Start again</button>;
  return (
    <section aria-label="Copy" {...useLostFocus(copy?.state)}>
      {isRunning && (
        <div class="progress">
          <p class="row">
            <State kind="busy">{copy?.state ?? "starting"}</State>
            <span>
              Copy <code title={id}>{id.slice(0, 12)}</code>
            </span>
            <button type="button" onClick={cancel}>Cancel</button>
          </p>
          <progress aria-label="The copy runs" />
          <p class="quiet">
            It continues without this page. This page asks for its state every five seconds; the
            server does not know how far it is. A link to this page shows it again.
          </p>
        </div>
      )}
      {copy?.state === "cancelled" && (
        <div class="note" role="status">
          <p>
            <strong>Cancelled.</strong>{" "}
            Blobs that have arrived stay at the destination. Another copy does not send them again.
          </p>
          {again}
        </div>
      )}
      {copy?.problem && <ProblemBox problem={copy.problem}>{again}</ProblemBox>}
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
    </section>
  );
}

export function ReportBox({ report }: { readonly report: Report }): JSX.Element {
  const { result, digest, destination, blobs, bytesStreamed, manifests, requests, durationMs } =
    report;
  return (
    <section class="report" aria-label="Report">
      <h2>
        <State kind={result === "skipped" ? "warn" : "good"}>{RESULTS[result]}</State>
      </h2>
      <dl>
        <Fact name="Destination">
          <a href={toLink("inspect", { query: { reference: destination } })}>{destination}</a>
        </Fact>
        <Fact name="Digest">
          <code>{digest}</code> <CopyButton text={digest} label="Copy the digest" />
        </Fact>
        {report.additionalTags && <Fact name="Also tagged">{report.additionalTags.join(", ")}
        </Fact>}
        <Fact name="Sent">
          {formatBytes(bytesStreamed)} in {count(blobs.streamed, "blob")}
        </Fact>
        <Fact name="Not sent">
          {formatNumber(blobs.present)} there, {formatNumber(blobs.mounted)} mounted
          {blobs.foreign > 0 && `, ${formatNumber(blobs.foreign)} foreign`}
        </Fact>
        <Fact name="Manifests">
          {formatNumber(manifests)} put
          {report.referrers > 0 && `, ${count(report.referrers, "referrer")} among them`}
        </Fact>
        <Fact name="Time">{formatDuration(durationMs)}</Fact>
        <Fact name="Requests">
          {formatNumber(requests.source)} to the source, {formatNumber(requests.destination)}{" "}
          to the destination
        </Fact>
      </dl>
      <Referrers state={report.referrerState} />
      {report.admission && <Verdict verdict={report.admission} />}
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

function Fact(
  { name, children }: { readonly name: string; readonly children: ComponentChildren },
): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
