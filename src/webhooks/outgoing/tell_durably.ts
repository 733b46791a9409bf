import { toCloudEvent } from "./notice.ts";
import type { CloudEvent, Notice, OutgoingWebhook } from "./notice.ts";
import { CopyFailure } from "../../durable/copy_failure.ts";
import type { DurableSteps } from "../../durable/steps.ts";
import type { Log } from "../../log.ts";
import { wantedBy } from "./notifier.ts";
import { toProblem } from "../../problem.ts";

export interface TellDurablyOptions {
  readonly targets: readonly OutgoingWebhook[];
  /** Makes one attempt. */
  readonly deliver: (event: CloudEvent, target: OutgoingWebhook) => Promise<void>;
  readonly log: Log;
}

/** Tells others of a copy, each delivery a kept step that is tried again. One that fails for good is a line of the log. */
export async function tellDurably(
  notice: Notice,
  steps: DurableSteps,
  { targets, deliver, log }: TellDurablyOptions,
): Promise<void> {
  const wanted = wantedBy(notice, targets);
  if (wanted.length === 0) return;
  // Kept, so that a receiver knows it again in each attempt.
  const event = await steps.run(
    "notice",
    () => Promise.resolve(toCloudEvent(notice, { id: crypto.randomUUID(), now: steps.now() })),
  );
  for (const [i, target] of wanted.entries()) {
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
