/** Tells others what became of the copies that rules made. */
import type { Runtime } from "../../runtime.ts";
import type { TagReport } from "../../sync/model.ts";
import type { CloudEvent, Notice, OutgoingWebhook } from "./notice.ts";
import { toCloudEvent } from "./notice.ts";
import { send } from "./send.ts";
import { describeError } from "../../log.ts";
import type { Log } from "../../log.ts";
import { toProblem } from "../../problem.ts";

export interface NotifierOptions {
  readonly targets: readonly OutgoingWebhook[];
  readonly runtime: Pick<Runtime, "fetch" | "now" | "random" | "sleep">;
  /** Asked before every attempt whether it may go there. */
  readonly guard: (url: URL) => void | Promise<void>;
  readonly log: Log;
  /** Keeps the host alive until a delivery has ended. */
  readonly background: (job: Promise<unknown>) => void;
  /** Aborted when the host has to end now. */
  readonly signal?: AbortSignal | undefined;
  /** Aborted when the host is asked to end: what has failed is not tried again. */
  readonly stopping?: AbortSignal | undefined;
}

/** Takes what became of one image of a rule. Never waits, never throws. */
export type Notifier = (rule: string, tag: TagReport) => void;

/** More destinations that failed are forgotten, oldest first: what is forgotten is only that they are in step again. */
const MAX_FAILED = 10_000;

/**
 * Makes a notifier. It remembers which destinations have failed since it was made, and of what: so it tells the same failure
 * once, and then that the destination is in step again. Whatever was before it began, it does not know.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const failed = new Map<string, string>();
  return (rule, tag) => {
    for (const notice of toNotices(rule, tag, failed)) tell(notice, options);
    if (tag.error && tag.result === "failed") remember(failed, tag.destination, tag.error.code);
    else if (hasDigest(tag)) failed.delete(tag.destination);
  };
}

/** The targets that want to be told of a notice. */
export function wantedBy(
  { type }: Pick<Notice, "type">,
  targets: readonly OutgoingWebhook[],
): OutgoingWebhook[] {
  return targets.filter(({ events }) => events.includes(type));
}

function tell(notice: Notice, options: NotifierOptions): void {
  const { targets, background, runtime } = options;
  const wanted = wantedBy(notice, targets);
  if (wanted.length === 0) return;
  const event = toCloudEvent(notice, { id: crypto.randomUUID(), now: runtime.now() });
  for (const target of wanted) background(sendOrLog(event, target, options));
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
      // The rest of the URL may be a secret.
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
      }]
      : []),
    ...(failed.has(destination) ? [{ ...about, type: "in_step" as const, digest }] : []),
  ];
}

/** Whether the destination now has what the source has. */
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
