/** Makes one run of what is told several times, and of several pushes in a row. */
import { formatReference } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import type { PushEvent } from "./event.ts";

/** The latest run for one name, and the event that it was for. */
export interface Run extends Pick<PushEvent, "id" | "digest"> {
  /** Milliseconds since the epoch; in the future if it was put off. The event's members are left out where it was for several. */
  readonly at: number;
}

/** Runs by `registry/repository[:tag]`, oldest first: plain data. Begin with an empty one. */
export type RunMemory = Map<string, Run>;

export type Admission =
  /** Look there now. */
  | { readonly run: "now" }
  /** Look there at that time, in milliseconds since the epoch: there was a look a moment ago, which may not have seen this push. */
  | { readonly run: "later"; readonly at: number }
  /** Nothing to do: that look is still to come, or the event is the same again. */
  | { readonly run: "no" };

/** The longest that a burst of events about one push was seen to take is a few seconds; a second push may wait as long. */
const WINDOW_MS = 10_000;

/** More names are forgotten, oldest first: a forgotten name costs a look that was not needed. */
const MAX_RUNS = 10_000;

/**
 * Decides what an event is worth and remembers it. No push goes unseen: one that comes after a look began is looked at again
 * when the window is over, together with all that come until then.
 *
 * A run that was admitted and could not be started has to be forgotten by {@linkcode forgetRun}, so that the sender's next
 * attempt is not taken for a duplicate.
 *
 * @param options.now milliseconds since the epoch
 * @param options.windowMs how long one look serves. Default 10 000
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
    // That look serves several pushes now, so that none of them can be told from a later one by its digest.
    remember(memory, key, { at: last.at });
    return { run: "no" };
  }
  const at = last.at + windowMs;
  remember(memory, key, { ...pick(event), at });
  return { run: "later", at };
}

/** Takes back what was admitted last for a name. */
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
