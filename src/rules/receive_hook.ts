/** Receives webhooks of registries: verifies a request, matches it to rules, and answers before the rules run. */
import { Slots } from "../copy/slots.ts";
import { CrossdockError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { Runtime } from "../runtime.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { TagReport } from "../sync/model.ts";
import type { FindImageOptions, SubjectImage } from "../sync/find_image.ts";
import type { RunScope } from "../sync/run_rule.ts";
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
import type { RuleDispatcher, RuleEnd, RuleOccasion } from "./dispatch.ts";
import { describeFailure } from "./run_logged.ts";

export interface HookReceiverOptions {
  readonly config: ServerConfig;
  /** `fetch` is for Google's keys. */
  readonly runtime: Pick<Runtime, "fetch" | "now" | "sleep">;
  readonly dispatch: RuleDispatcher;
  /** Finds the image of a pushed manifest, by {@linkcode findImage}. */
  readonly findImage: (
    about: Reference & { readonly digest: Digest },
    options: FindImageOptions,
  ) => Promise<SubjectImage | undefined>;
  /** Keeps the host alive until a job has ended. */
  readonly background: (job: Promise<unknown>) => void;
  /** Aborted when the host gets a signal to stop. Postponed events then wait for the next run of their rules. */
  readonly stopping?: AbortSignal | undefined;
  /** Whether the host runs long enough to wait for a rate limit. Default: true. */
  readonly canWait?: boolean | undefined;
}

/** The answer to a sender. */
type HookAnswer =
  | Exclude<Received, { kind: "events" }>
  /** Rules run after the answer, or have just run. */
  | { readonly kind: "accepted" };

/**
 * Handles a request to `/hooks/{name}`.
 *
 * @throws WebhookError `not_found` if there is no such hook; the errors of `receive`
 */
export type HookReceiver = (
  name: string,
  request: WebhookRequest,
  log: Log,
) => Promise<HookAnswer>;

/** Creates a receiver. It stores the runs of the last seconds as plain data, which requests share. */
export function createHookReceiver(options: HookReceiverOptions): HookReceiver {
  const { config, runtime, canWait = true } = options;
  const { rules, webhooks } = config.sync;
  const memory: RunMemory = new Map();
  const followed: RunMemory = new Map();
  const waiting = new Set<string>();
  const following = new Set<PushEvent>();
  const running = new Map<string, number>();
  const googleKeys: GoogleKeys = {};
  const shared = canWait ? openTurns() : undefined;

  return async (name, request, log) => {
    const hook = webhooks.incoming.get(name);
    if (!hook) throw new WebhookError("not_found", "not found");
    const { sender, proof, place } = hook;
    const received = await receive(sender, request, { proof, runtime, googleKeys });
    if (received.kind !== "events") return received;
    const matches = received.events.flatMap((event) =>
      matchRules(event, place, rules).map((match) => ({ event, match }))
    );
    if (matches.length === 0) return { kind: "ignored", why: "no rule matches" };
    const hookLog = withFields(log, { hook: name });
    // On Workers, a request must not wait for a promise of another request.
    const turns = shared ?? openTurns();
    const seen = { memory, followed, waiting, following, running };
    const admitting = { ...options, ...seen, hook: name, turns, log: hookLog };
    for (const { event, match } of matches) {
      const { digest } = match.about;
      if (digest === undefined) admit(event, match, admitting);
      else options.background(followDigest(event, digest, match, admitting));
    }
    return { kind: "accepted" };
  };
}

interface AdmitOptions extends HookReceiverOptions {
  readonly hook: string;
  readonly memory: RunMemory;
  /** The latest events of pushes by digest. */
  readonly followed: RunMemory;
  /** The runs that wait for a rate limit: rule and reference. */
  readonly waiting: Set<string>;
  /** The events whose image is not known yet. */
  readonly following: Set<PushEvent>;
  /** By repository: the events of referrers whose rules run, or wait for their turn. */
  readonly running: Map<string, number>;
  /** Limits the requests of many referrers that are pushed at once. */
  readonly turns: Turns;
  readonly log: Log;
}

interface Turns {
  readonly reads: Slots;
  readonly runs: Slots;
}

/** Limits the manifests of events that are read at once, and the runs for referrers: each resolves up to 16 tags at once. */
function openTurns(): Turns {
  return { reads: new Slots(4), runs: new Slots(4) };
}

/**
 * Events of referrers in one repository that run their rules for their image only. Each searches the tags of the repository, so
 * further events share runs of the whole repository.
 */
const MAX_RUNNING = 8;

/** Manifests of events that wait to be read. Thousands of referrers are more likely when a whole repository is signed again. */
const MAX_FOLLOWING = 10_000;

/**
 * The waits before an event runs again, in milliseconds. CNCF distribution sends the event of a manifest shortly before its tag
 * exists.
 * https://github.com/distribution/distribution/blob/00f0ef83d54a9df22a703bd07f01308aaf565d08/registry/handlers/manifests.go
 */
export const RETRY_WAITS_MS = [2000, 10_000] as const;

/** Events that wait for a rate limit at once. */
const MAX_WAITING = 1000;

/** Longest wait for rate limits of one event, after the first one ended. */
const MAX_WAITING_MS = 24 * 60 * 60 * 1000;

function admit(
  event: PushEvent,
  match: RuleMatch,
  options: AdmitOptions,
  subject?: SubjectImage,
): void {
  const { memory, running, runtime, background, log } = options;
  const { registry, repository } = match.about;
  const place = formatReference({ registry, repository });
  const count = running.get(place) ?? 0;
  const isMany = subject !== undefined && count >= MAX_RUNNING;
  const { about, rules } = isMany ? { ...match, about: { registry, repository } } : match;
  const admission = admitEvent(memory, about, { event, now: runtime.now() });
  const name = formatReference(about);
  if (admission.run === "no") return log("debug", "duplicate event", { about: name });
  log("info", "event", { about: name, rules: rules.map(({ name }) => name), run: admission.run });
  const waitMs = admission.run === "later" ? admission.at - runtime.now() : 0;
  const run = runEvent(event, { about, rules }, { waitMs, subject, isMany }, options);
  if (!subject) return background(run);
  running.set(place, count + 1);
  background(run.finally(() => {
    const left = (running.get(place) ?? 1) - 1;
    if (left > 0) running.set(place, left);
    else running.delete(place);
  }));
}

/**
 * Finds the image of a manifest that was pushed by digest, or under a tag made from a digest, and admits the event for that image.
 * Events of several referrers of one image thus share a run. A manifest that is no referrer runs no rule. Never rejects.
 */
async function followDigest(
  event: PushEvent,
  digest: Digest,
  { about, from, rules }: RuleMatch,
  options: AdmitOptions,
): Promise<void> {
  const { followed, following, runtime, log } = options;
  const name = formatReference(about);
  const mayBeImage = event.tag !== undefined;
  // A manifest never changes, so one event of a digest is enough. A tag made from a digest can move.
  if (!mayBeImage && admitEvent(followed, about, { event, now: runtime.now() }).run !== "now") {
    return log("debug", "duplicate event", { about: name });
  }
  // The sender may repeat an event whose image is not found.
  if (following.size >= MAX_FOLLOWING) {
    forgetRun(followed, about);
    return logLeft(about, options);
  }
  following.add(event);
  try {
    const search = { mayBeImage, mayBeElsewhere: from !== undefined };
    const image = await searchImage({ ...from ?? about, digest }, search, options);
    if (image === "left") return logLeft(about, options);
    if (image === "not found") return forgetRun(followed, about);
    if (!image) return log("debug", "event of a manifest that is no referrer", { about: name });
    admit(event, { about: { ...about, digest: image.digest }, rules }, options, image);
  } finally {
    following.delete(event);
  }
}

/** Finds an image, and retries if the event comes before the manifest can be read. Returns `left` if the host stops. */
async function searchImage(
  about: Reference & { readonly digest: Digest },
  search: FindImageOptions,
  { findImage, turns, runtime, stopping, log }: AdmitOptions,
): Promise<SubjectImage | "left" | "not found" | undefined> {
  for (const wait of [0, ...RETRY_WAITS_MS]) {
    let free: (() => void) | undefined;
    try {
      if (wait > 0) await runtime.sleep(wait, stopping);
      free = await turns.reads.take(stopping);
    } catch {
      return "left";
    }
    try {
      return await findImage(about, { ...search, signal: stopping });
    } catch (error) {
      const fields = { about: formatReference(about), ...describeFailure(error) };
      log("warn", "image of an event was not found", fields);
      if (!(error instanceof CrossdockError) || error.code !== "not_found") break;
    } finally {
      free();
    }
  }
  return "not found";
}

/** Runs the rules of an event, and runs them again if they did not see its push. Never rejects. */
async function runEvent(
  event: PushEvent,
  { about, rules }: RuleMatch,
  { waitMs, subject, isMany }: {
    readonly waitMs: number;
    /** The image that a referrer belongs to. */
    readonly subject: SubjectImage | undefined;
    /** Whether the run is for the referrers of several images of the repository. */
    readonly isMany: boolean;
  },
  options: AdmitOptions,
): Promise<void> {
  const { runtime, dispatch, memory, stopping, hook } = options;
  const more = isMany ? { related: true } : subject ? { subject } : {};
  const scopes = rules.map((): RunScope => ({ ...toOnly(about), ...more }));
  // A run of a whole repository cannot show whether it saw this event's push.
  const isWhole = isMany || event.tag !== undefined && about.tag === undefined && !subject;
  const waits = isWhole ? [Math.max(waitMs, RETRY_WAITS_MS[0])] : [waitMs, ...RETRY_WAITS_MS];
  let ends: RuleEnd[] = [];
  for (const wait of waits) {
    try {
      if (wait > 0) await runtime.sleep(wait, stopping);
    } catch {
      return logLeft(about, options);
    }
    const at = runtime.now();
    ends = await Promise.all(rules.map(async (rule, i) => {
      const waitUntil = waitForLimit(rule, about, options);
      const occasion = { by: "hook", hook, at, only: scopes[i], waitUntil } as const;
      return await (subject ? runInTurn(occasion, options, rule) : dispatch(rule, occasion));
    }));
    const hasSeenPush = (end: RuleEnd, i: number): boolean =>
      subject ? hasSeenReferrer(end) : hasSeen(rules[i], end, event);
    if (ends.every(hasSeenPush)) break;
    // The tag of the image is known now, so that the next run need not search for it.
    if (subject) {
      ends.forEach((end, i) => scopes[i] = { ...scopes[i], ...toOnly(imageOf(end, about)) });
    }
  }
  // The sender may repeat an event whose rule failed.
  if (ends.includes("failed")) forgetRun(memory, about);
}

/**
 * Runs a rule for a referrer when it is its turn. A run that waits for a rate limit lets others run. If the host stops before, the
 * rule does not run.
 */
async function runInTurn(
  occasion: RuleOccasion,
  { dispatch, turns: { runs }, stopping }: AdmitOptions,
  rule: SyncRule,
): Promise<RuleEnd> {
  let free = await runs.take(stopping).catch(() => undefined);
  if (!free) return "failed";
  const waitUntil = async (time: number): Promise<boolean> => {
    free?.();
    free = undefined;
    const isOver = await occasion.waitUntil?.(time) ?? false;
    // A run that has to end needs no turn.
    if (isOver) free = await runs.take();
    return isOver;
  };
  return await dispatch(rule, { ...occasion, waitUntil }).finally(() => free?.());
}

function logLeft(about: Reference, { log }: AdmitOptions): void {
  log("info", "event waits for the next run of its rules", { about: formatReference(about) });
}

/** Lets an event's run wait for a rate limit. Only one run for each rule and reference waits: it also sees later pushes. */
function waitForLimit(
  rule: SyncRule,
  about: Reference,
  options: AdmitOptions,
): (time: number) => Promise<boolean> {
  const { runtime, waiting, stopping, canWait = true } = options;
  const key = `${rule.name} ${formatReference(about)}`;
  let latest: number | undefined;
  return async (time) => {
    // Hosts that cannot wait leave postponed runs to the dispatcher.
    if (!canWait || waiting.has(key)) return false;
    latest ??= time + MAX_WAITING_MS;
    try {
      if (time <= latest && waiting.size < MAX_WAITING) {
        waiting.add(key);
        await sleepUntil(time, runtime, stopping).finally(() => waiting.delete(key));
        return true;
      }
    } catch {
      // The host stops.
    }
    logLeft(about, options);
    return false;
  };
}

/** Whether a run saw the push of an event: the tag exists and has the event's digest, if the event has one. */
function hasSeen(rule: SyncRule | undefined, end: RuleEnd, { tag, digest }: PushEvent): boolean {
  if (typeof end === "string" || tag === undefined) return true;
  return end.tags.every((found) => {
    const { result } = found;
    if (result === "missing") return false;
    const isKnown = ["copied", "started", "unchanged"].includes(result);
    if (!isKnown || digest === undefined) return true;
    const source = rule && sourceDigest(rule, found);
    // With an unknown digest, only a copy shows that there was something new.
    return source === undefined ? result !== "unchanged" : source === digest;
  });
}

/**
 * Whether a run copied something, and missed no signature that the admission policy requires. A registry may list a new referrer some
 * time after its push.
 */
export function hasSeenReferrer(end: RuleEnd): boolean {
  return typeof end === "string" ||
    end.tags.every(({ result, error }) => result !== "unchanged" && error?.code !== "rejected");
}

/** The image that a run found. */
function imageOf(end: RuleEnd, about: Reference): Reference {
  const [first] = typeof end === "string" ? [] : end.tags;
  return first ? parseReference(first.source) : about;
}

/** The digest of the source; `undefined` if it is unknown because the target gets another digest. */
function sourceDigest({ copy }: SyncRule, { digest, report }: TagReport): string | undefined {
  if (report) return parseReference(report.source).digest;
  const isRebuilt = (copy.platforms ?? []).length > 0 && copy.index !== "sparse";
  return isRebuilt ? undefined : digest;
}

function toOnly({ registry, repository, tag }: Reference): { repository: string; tag?: string } {
  const name = formatReference({ registry, repository });
  return { repository: name, ...(tag === undefined ? {} : { tag }) };
}
