import type { Report } from "../copy/model.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import type { ServerConfig } from "../config/server_config.ts";
import type { Log } from "../log.ts";
import type { ComposedRules } from "./compose_rules.ts";
import { CopyFailure } from "../durable/copy_failure.ts";
import { runDurableCopy } from "../durable/durable_copy.ts";
import type { DurableSteps } from "../durable/steps.ts";
import { tellDurably } from "../webhooks/outgoing/tell_durably.ts";

/**
 * Makes the durable copy that a rule wanted, and tells whoever wants to be told of it.
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
  const telling = { targets: config.sync.webhooks.outgoing, deliver, log };
  try {
    const report = await runDurableCopy(request, steps, config);
    const { digest, bytesStreamed, durationMs, result } = report;
    if (result === "copied") {
      const notice = { ...about, type: "copied", digest, bytesStreamed, durationMs } as const;
      await tellDurably(notice, steps, telling);
    }
    return report;
  } catch (error) {
    if (error instanceof CopyFailure) {
      const { code, detail, hint } = error.problem;
      await tellDurably({ ...about, type: "failed", code, message: detail, hint }, steps, telling);
    }
    throw error;
  }
}
