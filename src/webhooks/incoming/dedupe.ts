/** Merges events: repeated deliveries of one push, and several pushes in a short time, become one run. */
import { formatReference } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import type { PushEvent } from "./event.ts";

/** The latest run for a reference, and its event. */
interface Run extends Pick<PushEvent, "id" | "digest"> {
  /** Milliseconds since the epoch; in the future if the run is postponed. A run for several events has no `id` and `digest`. */
  readonly at: number;
}

/** Runs by `registry/repository[:tag]`, oldest first. Plain data. Start with an empty map. */
export type RunMemory = Map<string, Run>;

export type Admission =
  /** Run the rules now. */
  | { readonly run: "now" }
  /** Run the rules at a time, in milliseconds since the epoch: the last run has just started and may not see this push. */
  | { readonly run: "later"; readonly at: number }
  /** Do nothing: a later run sees this push, or the event is a duplicate. */
  | { readonly run: "no" };

/** The events of one push arrive within a few seconds. A second push waits at most this long. */
const WINDOW_MS = 10_000;

/** The oldest runs are dropped beyond that. A dropped run costs at most one needless run. */
const MAX_RUNS = 10_000;

/**
 * Decides whether and when an event runs the rules, and stores the decision. No push is missed: events after the start of a run
 * share one more run at the end of the window.
 *
 * Call {@linkcode forgetRun} if an admitted run fails, so that the sender's next attempt is not rejected as a duplicate.
 *
 * @param options.now milliseconds since the epoch
 * @param options.windowMs the shortest time between two runs, in milliseconds. Default 10 000
 */
export function admitEvent(
  memory: RunMemory,
  about: Reference,
  { event, now, windowMs = WINDOW_MS }: {
    readonly event: Pick<PushEvent, "id" | "digest">;
    readonly now: number;
    readonly windowMs?: number;
  },
): Admission {
  const key = formatReference(about);
  const last = memory.get(key);
  if (last === undefined || now >= last.at + windowMs) {
    remember(memory, key, { ...pick(event), at: now });
    return { run: "now" };
  }
  if (isSame(last, event)) return { run: "no" };
  if (now < last.at) {
    // The run is now for several pushes, so the digest of one must not mark a later event as a duplicate.
    remember(memory, key, { at: last.at });
    return { run: "no" };
  }
  const at = last.at + windowMs;
  remember(memory, key, { ...pick(event), at });
  return { run: "later", at };
}

/** Removes the latest run of a reference. */
export function forgetRun(memory: RunMemory, about: Reference): void {
  memory.delete(formatReference(about));
}

function isSame(a: Pick<PushEvent, "id" | "digest">, b: Pick<PushEvent, "id" | "digest">): boolean {
  return a.id !== undefined && a.id === b.id || a.digest !== undefined && a.digest === b.digest;
}

function pick({ id, digest }: Pick<PushEvent, "id" | "digest">): Pick<PushEvent, "id" | "digest"> {
  return { ...(id === undefined ? {} : { id }), ...(digest === undefined ? {} : { digest }) };
}

function remember(memory: RunMemory, key: string, run: Run): void {
  memory.delete(key);
  memory.set(key, run);
  for (const oldest of memory.keys()) {
    if (memory.size <= MAX_RUNS) break;
    memory.delete(oldest);
  }
}
