/** A copy that this page runs as a stream: its events, and what they mean for the tree. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Report } from "../../src/copy/model.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { Problem } from "../../src/problem.ts";
import type { StreamEvent } from "../../src/stream_events.ts";
import type { Api } from "../api.ts";
import { problemOf } from "../api.ts";
import { keyOf } from "./copy_tree.ts";

/** The state of a step that has started. */
export interface StepState {
  readonly state: "sending" | "sent" | "mounted" | "there" | "put" | "failed" | "stopped";
  readonly isDone: boolean;
  /** Bytes of a blob so far. */
  readonly bytes: number;
}

export interface CopyRun {
  readonly state: "running" | "complete" | "failed" | "cancelled";
  readonly steps: ReadonlyMap<string, StepState>;
  /** Retries and warnings, the newest last. */
  readonly notes: readonly string[];
  /** How many there were, as only the last are kept. */
  readonly noteCount: number;
  readonly report?: Report;
  readonly problem?: Problem;
  /** Bytes per second over the last seconds. */
  readonly rate?: number;
}

export interface CopyRunner {
  readonly run: CopyRun | undefined;
  readonly start: (request: CopyRequestInput) => void;
  readonly cancel: () => void;
  readonly reset: () => void;
}

/** Events of many small blobs arrive faster than anyone reads. */
const RENDER_MS = 150;
const RATE_MS = 5000;
const MAX_NOTES = 100;

export function useCopyRun(api: Api): CopyRunner {
  const [run, setRun] = useState<CopyRun>();
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);

  async function start(request: CopyRequestInput): Promise<void> {
    controller.current?.abort();
    const own = controller.current = new AbortController();
    const { signal } = own;
    const steps = new Map<string, StepState>();
    const notes: string[] = [];
    const samples: { at: number; bytes: number }[] = [];
    let noteCount = 0;
    let sent = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    function note(text: string): void {
      noteCount++;
      notes.push(text);
      if (notes.length > MAX_NOTES) notes.shift();
    }

    function set(key: string, state: StepState["state"], bytes = 0): void {
      sent += Math.max(0, bytes - (steps.get(key)?.bytes ?? 0));
      steps.set(key, { state, bytes, isDone: !/sending|failed|stopped/.test(state) });
    }

    function receive(event: StreamEvent): void {
      if (event.type === "progress") {
        set(event.digest, "sending", event.bytes);
      } else if (event.type === "step-started") {
        set(keyOf(event.step), "sending");
      } else if (event.type === "step-finished") {
        const { step, outcome } = event;
        if (step.type !== "blob" || outcome.type !== "blob") set(keyOf(step), "put");
        else if (outcome.state === "streamed") set(keyOf(step), "sent", step.descriptor.size);
        else set(keyOf(step), outcome.state === "present" ? "there" : "mounted");
        // A root that has no referrers is put only by its tag.
        if (step.type === "manifest" && step.tag) {
          set(step.descriptor.digest, "put");
        }
      } else if (event.type === "retry") {
        const { side, attempt, reason } = event;
        note(`Retry ${attempt}, ${side}: ${reason}`);
      } else if (event.type === "warning") note(event.message);
    }

    function show(rest: Pick<CopyRun, "state" | "report" | "problem">): void {
      clearTimeout(timer);
      timer = undefined;
      if (controller.current !== own) return;
      const now = performance.now();
      samples.push({ at: now, bytes: sent });
      while (samples[0] && now - samples[0].at > RATE_MS) samples.shift();
      const [first] = samples;
      const rate = first && now - first.at > 500
        ? (sent - first.bytes) / (now - first.at) * 1000
        : undefined;
      setRun({
        steps: new Map(steps),
        notes: [...notes],
        noteCount,
        ...(rate === undefined ? {} : { rate }),
        ...rest,
      });
    }

    function end(rest: Pick<CopyRun, "state" | "report" | "problem">): void {
      const failed = rest.problem?.step && keyOf(rest.problem.step);
      for (const [key, { state, bytes }] of steps) {
        if (state === "sending") set(key, "stopped", bytes);
      }
      if (failed !== undefined) set(failed, "failed");
      show(rest);
    }

    show({ state: "running" });
    // The rate falls while nothing arrives.
    const clock = setInterval(show, 1000, { state: "running" });
    try {
      const options = { body: request, signal };
      for await (const event of api.stream<StreamEvent>("v1/copies", options)) {
        if (event.type === "report") return end({ state: "complete", report: event.report });
        receive(event);
        timer ??= setTimeout(show, RENDER_MS, { state: "running" });
      }
    } catch (error) {
      end(signal.aborted ? { state: "cancelled" } : { state: "failed", problem: problemOf(error) });
    } finally {
      clearInterval(clock);
    }
  }

  return {
    run,
    start: (request) => void start(request),
    cancel: () => controller.current?.abort(),
    reset(): void {
      controller.current?.abort();
      controller.current = undefined;
      setRun(undefined);
    },
  };
}
