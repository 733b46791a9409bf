/** What becomes of a registry's request: verified, matched to rules, and answered before any work is done. */
import { formatReference, parseReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { Runtime } from "../runtime.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { TagReport } from "../sync/model.ts";
import { sleepUntil } from "../sync/sleep_until.ts";
import { admitEvent, forgetRun } from "../webhooks/incoming/dedupe.ts";
import type { RunMemory } from "../webhooks/incoming/dedupe.ts";
import type { PushEvent } from "../webhooks/incoming/event.ts";
import type { GoogleKeys } from "../webhooks/incoming/google_token.ts";
import { receive } from "../webhooks/incoming/receive.ts";
import type { Received, WebhookRequest } from "../webhooks/incoming/sender.ts";
import { WebhookError } from "../webhooks/incoming/webhook_error.ts";
import type { ServerConfig } from "../config/server_config.ts";
import { withFields } from "../log.ts";
import type { Log } from "../log.ts";
import { matchRules } from "../webhooks/incoming/match_rules.ts";
import type { RuleMatch } from "../webhooks/incoming/match_rules.ts";
import type { RuleDispatcher, RuleEnd } from "./dispatch.ts";

export interface HookReceiverOptions {
  readonly config: ServerConfig;
  /** `fetch` is for Google's keys. */
  readonly runtime: Pick<Runtime, "fetch" | "now" | "sleep">;
  readonly dispatch: RuleDispatcher;
  /** Keeps the host alive until a job has ended. */
  readonly background: (job: Promise<unknown>) => void;
  /** Aborted when the host is asked to end: what was put off is left to the clock. */
  readonly stopping?: AbortSignal | undefined;
  /** Whether the host lives long enough to wait for a registry's limit. Default: true. */
  readonly canWait?: boolean | undefined;
}

/** What a sender is told. */
export type HookAnswer =
  | Exclude<Received, { kind: "events" }>
  /** Rules are run behind the answer, or did run a moment ago. */
  | { readonly kind: "accepted" };

/**
 * Takes a request to `/hooks/{name}`.
 *
 * @throws WebhookError `not_found` where there is no such hook, and else as `receive` does
 */
export type HookReceiver = (
  name: string,
  request: WebhookRequest,
  log: Log,
) => Promise<HookAnswer>;

/** Makes a receiver, which remembers what it looked at in the last seconds: plain data that requests share. */
export function createHookReceiver(options: HookReceiverOptions): HookReceiver {
  const { config, runtime } = options;
  const { rules, webhooks } = config.sync;
  const memory: RunMemory = new Map();
  const waiting = new Set<string>();
  const googleKeys: GoogleKeys = {};

  return async (name, request, log) => {
    const hook = webhooks.incoming.get(name);
    if (!hook) throw new WebhookError("not_found", "there is nothing here");
    const { sender, proof, place } = hook;
    const received = await receive(sender, request, { proof, runtime, googleKeys });
    if (received.kind !== "events") return received;
    const matches = received.events.flatMap((event) =>
      matchRules(event, place, rules).map((match) => ({ event, match }))
    );
    if (matches.length === 0) return { kind: "ignored", why: "no rule is about it" };
    for (const { event, match } of matches) {
      const own = { memory, waiting, log: withFields(log, { hook: name }) };
      admit(event, match, { ...options, ...own });
    }
    return { kind: "accepted" };
  };
}

interface Admitting extends HookReceiverOptions {
  readonly memory: RunMemory;
  /** What waits for a registry's limit: rules and names. */
  readonly waiting: Set<string>;
  readonly log: Log;
}

/**
 * When to look again, after the look before, in milliseconds. CNCF distribution tells of a manifest a moment before its tag
 * is there.
 * https://github.com/distribution/distribution/blob/00f0ef83d54a9df22a703bd07f01308aaf565d08/registry/handlers/manifests.go
 */
const AGAIN_MS = [2000, 10_000] as const;

/** Events that wait for a rate limit at once. */
const MAX_WAITING = 1000;

/** Longest wait for rate limits of one event, after the first one ended. */
const MAX_WAITING_MS = 24 * 60 * 60 * 1000;

function admit(event: PushEvent, match: RuleMatch, options: Admitting): void {
  const { memory, runtime, background, log } = options;
  const admission = admitEvent(memory, match.about, { event, now: runtime.now() });
  const about = formatReference(match.about);
  if (admission.run === "no") return log("debug", "event is not the first of its kind", { about });
  const rules = match.rules.map(({ name }) => name);
  log("info", "event", { about, rules, run: admission.run });
  const waitMs = admission.run === "later" ? admission.at - runtime.now() : 0;
  background(look(event, match, waitMs, options));
}

/** Runs the rules of an event, and again where they did not see its push. Never rejects. */
async function look(
  event: PushEvent,
  { about, rules }: RuleMatch,
  waitMs: number,
  options: Admitting,
): Promise<void> {
  const { runtime, dispatch, memory, stopping } = options;
  const only = toOnly(about);
  // A run of a whole repository cannot show whether it saw this event's push.
  const isWhole = event.tag !== undefined && about.tag === undefined;
  const waits = isWhole ? [Math.max(waitMs, AGAIN_MS[0])] : [waitMs, ...AGAIN_MS];
  let ends: RuleEnd[] = [];
  for (const wait of waits) {
    try {
      if (wait > 0) await runtime.sleep(wait, stopping);
    } catch {
      return leave(about, options);
    }
    const at = runtime.now();
    ends = await Promise.all(rules.map((rule) => {
      const waitUntil = waitForLimit(rule, about, options);
      return dispatch(rule, { by: "hook", at, only, waitUntil });
    }));
    if (ends.every((end, i) => hasSeen(rules[i], end, event))) break;
  }
  // The sender may repeat an event whose rule failed.
  if (ends.includes("failed")) forgetRun(memory, about);
}

function leave(about: Reference, { log }: Admitting): void {
  log("info", "event is left to the clock", { about: formatReference(about) });
}

/** Lets the run of an event wait for a rate limit: the first one for a rule and a name, others would find the same. */
function waitForLimit(
  rule: SyncRule,
  about: Reference,
  options: Admitting,
): (time: number) => Promise<boolean> {
  const { runtime, waiting, stopping, canWait = true } = options;
  const key = `${rule.name} ${formatReference(about)}`;
  let latest: number | undefined;
  return async (time) => {
    // The run that waits is still to come, and sees this push as well.
    if (waiting.has(key)) return false;
    latest ??= time + MAX_WAITING_MS;
    try {
      if (canWait && time <= latest && waiting.size < MAX_WAITING) {
        waiting.add(key);
        await sleepUntil(time, runtime, stopping).finally(() => waiting.delete(key));
        return true;
      }
    } catch {
      // The host is about to end.
    }
    leave(about, options);
    return false;
  };
}

/** Whether a run found what the event is about: the tag is there, and is what the sender says, as far as it says so. */
function hasSeen(rule: SyncRule | undefined, end: RuleEnd, { tag, digest }: PushEvent): boolean {
  if (typeof end === "string" || tag === undefined) return true;
  return end.tags.every((found) => {
    const { result } = found;
    if (result === "missing") return false;
    const isKnown = ["copied", "started", "unchanged"].includes(result);
    if (!isKnown || digest === undefined) return true;
    const source = rule && sourceDigest(rule, found);
    // Where it cannot be told, a copy was of something new.
    return source === undefined ? result !== "unchanged" : source === digest;
  });
}

/** What the source's name meant; `undefined` where the target is to have another digest and nothing else tells. */
function sourceDigest({ copy }: SyncRule, { digest, report }: TagReport): string | undefined {
  if (report) return parseReference(report.source).digest;
  const isRemade = (copy.platforms ?? []).length > 0 && copy.index !== "sparse";
  return isRemade ? undefined : digest;
}

function toOnly({ registry, repository, tag }: Reference): { repository: string; tag?: string } {
  const name = formatReference({ registry, repository });
  return { repository: name, ...(tag === undefined ? {} : { tag }) };
}
