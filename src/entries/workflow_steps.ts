import { NonRetryableError } from "cloudflare:workflows";
import type { WorkflowStep } from "cloudflare:workers";
import { CopyFailure, isPermanent, readCopyFailure } from "../durable/copy_failure.ts";
import { durableDelayMs } from "../durable/delay.ts";
import type { DurableSteps } from "../durable/steps.ts";

/**
 * A request of a step has tried four times for itself, within a minute or so. These are for what lasts longer: the waits add up to
 * five minutes, or to as much as the registries ask for.
 */
const RETRIES = 5;

/**
 * A step ends by itself, as a registry that goes silent is given up: this is for the case that not even that is heard of.
 * The slowest that is waited for is 128 KiB a second, and at that 10 GiB take as long.
 */
const TIMEOUT = "24 hours";

const CONFIG = {
  retries: {
    limit: RETRIES,
    delay: ({ ctx, error }: { ctx: { attempt: number }; error: Error }): number =>
      durableDelayMs(ctx.attempt, error.message),
    backoff: "constant",
  },
  timeout: TIMEOUT,
} as const;

/**
 * What a step gives may have 1 MiB, unless it is a stream; a character has up to three bytes.
 * https://developers.cloudflare.com/workflows/reference/limits/
 */
const STREAM_ABOVE_CHARS = 256 * 1024;

/** A binding to this Worker's own entrypoint. */
export interface SelfBinding {
  fetch(url: URL, init: RequestInit): Promise<Response>;
}

/** The steps of a Workflow, which ask this Worker itself, so that each is a request with limits of its own. */
export function toDurableSteps(
  step: WorkflowStep,
  { self, requestId }: { self: SelfBinding; requestId: string },
): DurableSteps {
  return {
    async run<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
      try {
        const kept: string | ReadableStream<Uint8Array> = await step.do(name, CONFIG, async () => {
          const text = JSON.stringify(await workOrGiveUp(work));
          return text.length > STREAM_ABOVE_CHARS ? new Blob([text]).stream() : text;
        });
        return JSON.parse(typeof kept === "string" ? kept : await new Response(kept).text());
      } catch (error) {
        // Of a NonRetryableError that leaves the Workflow not every version of the platform keeps the message.
        const problem = error instanceof Error ? readCopyFailure(error.message) : undefined;
        throw problem ? new CopyFailure(problem) : error;
      }
    },
    async sleepUntil(name, at): Promise<void> {
      // Kept, so that a Workflow that goes on waits for the same: `step.sleepUntil` refuses a time that is past by then.
      const ms = await step.do(`${name}: how long`, () => Promise.resolve(at - Date.now()));
      if (ms > 0) await step.sleep(name, ms);
    },
    post: (path, body) =>
      self.fetch(new URL(path, "https://crossdock.internal"), {
        method: "POST",
        headers: { "content-type": "application/json", "x-request-id": requestId },
        body: JSON.stringify(body),
      }),
    now: () => Date.now(),
  };
}

/** Only by its name does the platform know an error after which trying again would not help. */
async function workOrGiveUp<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CopyFailure && isPermanent(error.problem)) {
      throw new NonRetryableError(error.message);
    }
    throw error;
  }
}
