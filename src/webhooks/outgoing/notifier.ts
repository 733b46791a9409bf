/** Sends notices about the copies of rules. */
import type { Runtime } from "../../runtime.ts";
import type { TagReport } from "../../sync/model.ts";
import type { CloudEvent, Notice, OutgoingWebhook } from "./notice.ts";
import { toCloudEvent } from "./notice.ts";
import { send } from "./send.ts";
import type { DeliverOptions } from "./send.ts";
import { describeError } from "../../log.ts";
import type { Log } from "../../log.ts";
import { toProblem } from "../../problem.ts";

export interface NotifierOptions {
  readonly targets: readonly OutgoingWebhook[];
  readonly runtime: Pick<Runtime, "fetch" | "now" | "random" | "sleep">;
  readonly guard: DeliverOptions["guard"];
  readonly log: Log;
  /** Keeps the host alive until a delivery has ended. */
  readonly background: (job: Promise<unknown>) => void;
  /** Aborted when the host must end now. */
  readonly signal?: AbortSignal | undefined;
  /** Aborted when the host gets a signal to stop. Failed attempts are then not repeated. */
  readonly stopping?: AbortSignal | undefined;
}

/** Takes the result of one image of a rule. Never waits, never throws. */
export type Notifier = (rule: string, tag: TagReport) => void;

/** The oldest failed destinations are dropped beyond that. Their notice `in_step` is then not sent. */
const MAX_FAILED = 10_000;

/**
 * Creates a notifier. It stores the failed destinations with their error codes, in memory. It sends the same failure once, and
 * `in_step` after the next success.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const failed = new Map<string, string>();
  return (rule, tag) => {
    for (const notice of toNotices(rule, tag, failed)) sendToSubscribers(notice, options);
    if (tag.error && tag.result === "failed") remember(failed, tag.destination, tag.error.code);
    else if (hasDigest(tag)) failed.delete(tag.destination);
  };
}

/** Finds the targets whose `events` include a notice. */
export function listSubscribers(
  { type }: Pick<Notice, "type">,
  targets: readonly OutgoingWebhook[],
): OutgoingWebhook[] {
  return targets.filter(({ events }) => events.includes(type));
}

function sendToSubscribers(notice: Notice, options: NotifierOptions): void {
  const { targets, background, runtime } = options;
  const subscribers = listSubscribers(notice, targets);
  if (subscribers.length === 0) return;
  const event = toCloudEvent(notice, { id: crypto.randomUUID(), now: runtime.now() });
  for (const target of subscribers) background(sendOrLog(event, target, options));
}

async function sendOrLog(
  event: CloudEvent,
  { url: text, secrets }: OutgoingWebhook,
  { runtime, guard, log, signal, stopping }: NotifierOptions,
): Promise<void> {
  const url = new URL(text);
  try {
    await send(event, { url, secrets }, { runtime, guard, signal, waitSignal: stopping });
  } catch (error) {
    const problem = toProblem(error);
    log("error", "webhook was not delivered", {
      // The rest of the URL may have a secret.
      host: url.host,
      type: event.type,
      id: event.id,
      problem,
      ...(problem.code === "internal" ? describeError(error) : {}),
    });
  }
}

function toNotices(rule: string, tag: TagReport, failed: ReadonlyMap<string, string>): Notice[] {
  const { source, destination, result, error, report } = tag;
  const about = { source, destination, rule };
  if (result === "failed" && error) {
    const { code, message, hint } = error;
    if (failed.get(destination) === code) return [];
    return [{ ...about, type: "failed", code, message, hint }];
  }
  if (!hasDigest(tag)) return [];
  const { digest } = tag;
  return [
    ...(result === "copied" && report
      ? [{
        ...about,
        type: "copied" as const,
        digest,
        bytesStreamed: report.bytesStreamed,
        durationMs: report.durationMs,
        referrerState: report.referrerState,
      }]
      : []),
    ...(failed.has(destination) ? [{ ...about, type: "in_step" as const, digest }] : []),
  ];
}

/** Whether the destination now has the source's image. */
function hasDigest(tag: TagReport): tag is TagReport & { digest: string } {
  return (tag.result === "copied" || tag.result === "unchanged") && tag.digest !== undefined;
}

function remember(failed: Map<string, string>, destination: string, code: string): void {
  failed.delete(destination);
  failed.set(destination, code);
  for (const oldest of failed.keys()) {
    if (failed.size <= MAX_FAILED) break;
    failed.delete(oldest);
  }
}
