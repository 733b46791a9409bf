/**
 * Runs that this page has started and follows. They belong to the page and not to a view, so a run continues while its viewer
 * looks at other views. The server aborts a run when the page is closed.
 */
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../src/problem.ts";
import type { CopyEvent } from "../src/copy/model.ts";
import type { StreamEvent, SyncStreamEvent } from "../src/stream_events.ts";
import type { PruneReport, TagReport } from "../src/sync/model.ts";
import { problemOf } from "./api.ts";
import type { AnyEvent, Api } from "./api.ts";
import { usePage } from "./context.ts";

/** A copy that is running. */
export interface LiveCopy {
  readonly source: string;
  /** Bytes of each blob so far. */
  readonly blobs: Map<string, number>;
  /** Bytes of the blobs that the target may lack. */
  totalBytes: number;
}

/** What has arrived of a run. It changes while the run is running. */
export interface LiveRun {
  readonly title: string;
  /** Whether it writes nothing. */
  readonly isPreview: boolean;
  readonly startedAt: number;
  /** Repeats the run. */
  readonly again: LiveOptions;
  readonly cancel: () => void;
  readonly tags: TagReport[];
  readonly pruned: PruneReport[];
  readonly warnings: string[];
  /** By destination. */
  readonly copies: Map<string, LiveCopy>;
  /** Milliseconds since the epoch. Absent while the run is running. */
  endedAt?: number;
  /** Milliseconds since the epoch: a rate limit postponed the rest. */
  postponedUntil?: number;
  /** Why the run ended without its report. */
  problem?: Problem;
  /** Whether the viewer cancelled it. */
  isCancelled?: boolean;
}

/** A run of rules, or one copy. */
type LiveRequest =
  | { readonly path: "v1/syncs"; readonly body: unknown }
  | {
    readonly path: "v1/copies";
    readonly body: unknown;
    readonly source: string;
    readonly destination: string;
  };

interface LiveOptions {
  readonly title: string;
  readonly isPreview?: boolean;
  /** They run one after the other. */
  readonly requests: readonly LiveRequest[];
}

/** The shortest time between two updates of the view. */
const UPDATE_MS = 300;

/**
 * The runs of each caller by what they are about: the name of a rule, or the id of the run that is retried. A token that replaces
 * an expired one has the same name; another caller sees none of them.
 */
const all = new Map<string, Map<string, LiveRun>>();
const listeners = new Set<() => void>();
/** How often the runs have changed. */
let changes = 0;
let running = 0;

let timer: ReturnType<typeof setTimeout> | undefined;

function update(): void {
  timer ??= setTimeout(show, UPDATE_MS);
}

function show(): void {
  clearTimeout(timer);
  timer = undefined;
  changes++;
  for (const listener of listeners) listener();
}

/** Cancels all runs, and forgets them. Asks first if one is running, and returns whether the viewer agrees. */
export function endRuns(): boolean {
  const question = "The server aborts the runs that this page follows when you sign out. Sign out?";
  if (running > 0 && !confirm(question)) return false;
  for (const run of [...all.values()].flatMap((runs) => [...runs.values()])) run.cancel();
  all.clear();
  return true;
}

export interface Live {
  readonly runs: ReadonlyMap<string, LiveRun>;
  /** Starts a run and follows it. It replaces an earlier one that has ended. */
  readonly start: (key: string, options: LiveOptions) => void;
  readonly close: (key: string) => void;
}

/** The runs that the caller has started in this page. */
export function useLive(): Live {
  const { api, setup } = usePage();
  const [, setChanges] = useState(changes);
  useEffect(() => {
    const listener = (): void => setChanges(changes);
    listeners.add(listener);
    // They may have changed since the first rendering, which comes before this effect.
    listener();
    return () => void listeners.delete(listener);
  }, []);
  const owner = setup.caller?.token ?? "";
  const runs = all.get(owner) ?? new Map<string, LiveRun>();
  all.set(owner, runs);
  return {
    runs,
    start: (key, options) => startLive(runs, api, key, options),
    close(key): void {
      runs.delete(key);
      show();
    },
  };
}

function startLive(
  runs: Map<string, LiveRun>,
  api: Api,
  key: string,
  options: LiveOptions,
): void {
  const { title, isPreview = false, requests } = options;
  const old = runs.get(key);
  if (old && old.endedAt === undefined) return;
  const controller = new AbortController();
  const { signal } = controller;
  const run: LiveRun = {
    title,
    isPreview,
    startedAt: Date.now(),
    again: options,
    cancel: () => controller.abort(),
    tags: [],
    pruned: [],
    warnings: [],
    copies: new Map(),
  };
  runs.set(key, run);
  if (running++ === 0) addEventListener("beforeunload", warn);
  show();
  follow(run, api, requests, signal).catch((error) => {
    if (signal.aborted) run.isCancelled = true;
    else run.problem = problemOf(error);
  }).finally(() => {
    run.endedAt = Date.now();
    run.copies.clear();
    if (--running === 0) removeEventListener("beforeunload", warn);
    update();
  });
}

/** The browser asks whether to leave. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

async function follow(
  run: LiveRun,
  api: Api,
  requests: readonly LiveRequest[],
  signal: AbortSignal,
): Promise<void> {
  for (const request of requests) {
    const { path, body } = request;
    for await (const event of api.stream<AnyEvent>(path, { body, signal })) {
      if (request.path === "v1/syncs") apply(run, event as SyncStreamEvent);
      else applyCopy(run, request, event as StreamEvent);
      update();
    }
  }
}

function apply(run: LiveRun, event: SyncStreamEvent): void {
  switch (event.type) {
    case "copy":
      return applyToCopy(run, event, event.event);
    case "tag-ended":
      run.copies.delete(event.tag.destination);
      return void run.tags.push(event.tag);
    case "prune-ended":
      return void run.pruned.push(event.pruned);
    case "warning":
      return void run.warnings.push(event.message);
    case "rule-ended": {
      const { postponedUntil } = event.report;
      if (postponedUntil !== undefined) run.postponedUntil = postponedUntil;
    }
  }
}

/** A copy is shown as a run with one tag. */
function applyCopy(
  run: LiveRun,
  { source, destination }: { readonly source: string; readonly destination: string },
  event: StreamEvent,
): void {
  if (event.type === "heartbeat" || event.type === "error") return;
  if (event.type !== "report") return applyToCopy(run, { source, destination }, event);
  const { report } = event;
  const { result, digest, warnings } = report;
  run.copies.delete(destination);
  run.tags.push({ source, destination, result, digest, report });
  run.warnings.push(...warnings);
}

function applyToCopy(
  { copies }: LiveRun,
  { source, destination }: { readonly source: string; readonly destination: string },
  event: CopyEvent,
): void {
  const copy: LiveCopy = copies.get(destination) ?? { source, blobs: new Map(), totalBytes: 0 };
  copies.set(destination, copy);
  if (event.type === "plan") {
    const sizes = new Map(
      event.plan.stages.flatMap(({ steps }) =>
        steps.flatMap((step): [string, number][] =>
          step.type === "blob" ? [[step.descriptor.digest, step.descriptor.size]] : []
        )
      ),
    );
    copy.totalBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }
  if (event.type === "progress") copy.blobs.set(event.digest, event.bytes);
  if (event.type !== "step-finished" || event.step.type !== "blob") return;
  const { digest, size } = event.step.descriptor;
  const isSent = event.outcome.type === "blob" && event.outcome.state === "streamed";
  // A blob that was mounted, or was there, needed no transfer.
  if (isSent) copy.blobs.set(digest, size);
  else copy.totalBytes -= size;
}

/** The bytes of a running copy so far. */
export function doneBytes({ blobs }: LiveCopy): number {
  return [...blobs.values()].reduce((sum, bytes) => sum + bytes, 0);
}
