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
import { putOffUntil } from "./rule_runner.ts";
import type { RuleEnd, RuleRunner } from "./rule_runner.ts";

export interface HookReceiverOptions {
  readonly config: ServerConfig;
  /** `fetch` is for Google's keys. */
  readonly runtime: Pick<Runtime, "fetch" | "now" | "sleep">;
  readonly runRule: RuleRunner;
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

/** More do not wait for a registry's limit at once. */
const MAX_WAITING = 1000;

/** A registry's limit is waited for no longer than that after the first time. */
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

/** Never rejects. */
async function look(
  event: PushEvent,
  { about, rules }: RuleMatch,
  waitMs: number,
  options: Admitting,
): Promise<void> {
  const { runtime, runRule, memory, stopping } = options;
  const only = toOnly(about);
  // Whether a repository already has what an event is about cannot be told from what comes of it.
  const isWhole = event.tag !== undefined && about.tag === undefined;
  const waits = isWhole ? [Math.max(waitMs, AGAIN_MS[0])] : [waitMs, ...AGAIN_MS];
  let ends: RuleEnd[] = [];
  for (const wait of waits) {
    try {
      if (wait > 0) await runtime.sleep(wait, stopping);
    } catch {
      return leave(about, options);
    }
    const occasion = { by: "hook", at: runtime.now(), only } as const;
    ends = await Promise.all(rules.map((rule) => runRule(rule, occasion)));
    if (ends.every((end, i) => hasSeen(rules[i], end, event))) break;
  }
  // What could not be looked at is looked at when the sender tells it again.
  if (ends.includes("failed")) forgetRun(memory, about);
  await Promise.all(rules.map((rule, i) => goOn(about, rule, putOffUntil(ends[i]), options)));
}

function leave(about: Reference, { log }: Admitting): void {
  log("info", "event is left to the clock", { about: formatReference(about) });
}

/** Looks again at what a limit put off, as soon as that lets it, until it does. Never rejects. */
async function goOn(
  about: Reference,
  rule: SyncRule,
  from: number | undefined,
  options: Admitting,
): Promise<void> {
  const { runtime, runRule, waiting, stopping, canWait = true } = options;
  const key = `${rule.name} ${formatReference(about)}`;
  for (let until = from; until !== undefined && from !== undefined;) {
    // That look is still to come, and sees this push as well.
    if (waiting.has(key)) return;
    const isTooLong = until > from + MAX_WAITING_MS;
    if (!canWait || isTooLong || waiting.size >= MAX_WAITING) return leave(about, options);
    waiting.add(key);
    try {
      await sleepUntil(until, runtime, stopping);
    } catch {
      return leave(about, options);
    } finally {
      waiting.delete(key);
    }
    const occasion = { by: "hook", at: runtime.now(), only: toOnly(about) } as const;
    until = putOffUntil(await runRule(rule, occasion));
  }
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
