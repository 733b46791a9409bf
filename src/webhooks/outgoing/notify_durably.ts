import { toCloudEvent } from "./notice.ts";
import type { CloudEvent, Notice, OutgoingWebhook } from "./notice.ts";
import { CopyFailure } from "../../durable/copy_failure.ts";
import type { DurableSteps } from "../../durable/steps.ts";
import type { Log } from "../../log.ts";
import { listSubscribers } from "./notifier.ts";
import { toProblem } from "../../problem.ts";

export interface NotifyDurablyOptions {
  readonly targets: readonly OutgoingWebhook[];
  /** Makes one attempt. */
  readonly deliver: (event: CloudEvent, target: OutgoingWebhook) => Promise<void>;
  readonly log: Log;
}

/** Sends a notice. Each delivery is a durable step with retries. A delivery that fails finally is logged. */
export async function notifyDurably(
  notice: Notice,
  steps: DurableSteps,
  { targets, deliver, log }: NotifyDurablyOptions,
): Promise<void> {
  const subscribers = listSubscribers(notice, targets);
  if (subscribers.length === 0) return;
  // Stored, so that every delivery attempt has the same event id.
  const event = await steps.run(
    "notice",
    () => Promise.resolve(toCloudEvent(notice, { id: crypto.randomUUID(), now: steps.now() })),
  );
  for (const [i, target] of subscribers.entries()) {
    const { host } = new URL(target.url);
    try {
      await steps.run(`notice ${i + 1} to ${host}`, async () => {
        await deliver(event, target).catch((error) => {
          throw new CopyFailure(toProblem(error));
        });
        return null;
      });
    } catch (error) {
      const problem = error instanceof CopyFailure ? error.problem : toProblem(error);
      log("error", "webhook was not delivered", { host, type: event.type, id: event.id, problem });
    }
  }
}
