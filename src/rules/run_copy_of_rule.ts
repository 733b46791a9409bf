import type { Report } from "../copy/model.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import type { ServerConfig } from "../config/server_config.ts";
import type { Log } from "../log.ts";
import type { ComposedRules } from "./compose_rules.ts";
import { CopyFailure } from "../durable/copy_failure.ts";
import { runDurableCopy } from "../durable/durable_copy.ts";
import type { DurableSteps } from "../durable/steps.ts";
import { notifyDurably } from "../webhooks/outgoing/notify_durably.ts";

/**
 * Runs a durable copy that a rule started, and sends the notices about its result.
 *
 * @throws CopyFailure as `runDurableCopy` does
 */
export async function runCopyOfRule(
  { request, rule }: { readonly request: CopyRequestInput; readonly rule: string },
  steps: DurableSteps,
  { config, log, deliverNotice: deliver }: Pick<ComposedRules, "deliverNotice"> & {
    readonly config: ServerConfig;
    readonly log: Log;
  },
): Promise<Report> {
  const { source, destination } = request;
  const about = { source, destination, rule };
  const notifying = { targets: config.sync.webhooks.outgoing, deliver, log };
  try {
    const report = await runDurableCopy(request, steps, config);
    const { digest, bytesStreamed, durationMs, result } = report;
    if (result === "copied") {
      const notice = { ...about, type: "copied", digest, bytesStreamed, durationMs } as const;
      await notifyDurably(notice, steps, notifying);
    }
    return report;
  } catch (error) {
    if (error instanceof CopyFailure) {
      const { code, detail, hint } = error.problem;
      const notice = { ...about, type: "failed", code, message: detail, hint } as const;
      await notifyDurably(notice, steps, notifying);
    }
    throw error;
  }
}
