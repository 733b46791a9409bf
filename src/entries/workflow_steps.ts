import { NonRetryableError } from "cloudflare:workflows";
import type { WorkflowStep } from "cloudflare:workers";
import { abortable } from "../abortable.ts";
import { CopyFailure, isPermanent } from "../durable/copy_failure.ts";
import { readCopyFailure } from "../durable/read_copy_failure.ts";
import { durableDelayMs } from "../durable/delay.ts";
import type { DurableSteps } from "../durable/steps.ts";

/**
 * The request of a step has retried four times itself, within about a minute. These retries are for longer failures: the delays
 * add up to five minutes, or to what the registries require by Retry-After.
 */
const RETRIES = 5;

/**
 * A step normally ends by the timeout of its registry requests. This timeout is for a request that never returns. It is enough
 * for 10 GiB at 128 KiB per second.
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
 * The result of a step is limited to 1 MiB unless it is a stream. A character takes up to three bytes.
 * https://developers.cloudflare.com/workflows/reference/limits/
 */
const STREAM_ABOVE_CHARS = 256 * 1024;

/** The service binding to this Worker's entrypoint `Internal`. */
export interface SelfBinding {
  fetch(url: URL, init: RequestInit): Promise<Response>;
}

/** Implements durable steps with a Workflow. Each sends its requests to this Worker, so that each request has its own limits. */
export function toDurableSteps(
  step: WorkflowStep,
  { self, requestId }: { self: SelfBinding; requestId: string },
): DurableSteps {
  return {
    async run<Value>(
      name: string,
      work: () => Promise<Value>,
      signal?: AbortSignal,
    ): Promise<Value> {
      try {
        const storing: Promise<string | ReadableStream<Uint8Array>> = step.do(
          name,
          CONFIG,
          async () => {
            // The platform cannot cancel a step that waits for its next attempt.
            if (signal?.aborted) throw new NonRetryableError("another step failed");
            const text = JSON.stringify(await convertPermanent(work));
            return text.length > STREAM_ABOVE_CHARS ? new Blob([text]).stream() : text;
          },
        );
        const stored = await abortable(storing, signal);
        return JSON.parse(typeof stored === "string" ? stored : await new Response(stored).text());
      } catch (error) {
        // Some versions of the platform lose the message of a NonRetryableError that leaves the Workflow.
        const problem = error instanceof Error ? readCopyFailure(error.message) : undefined;
        throw problem ? new CopyFailure(problem) : error;
      }
    },
    async sleepUntil(name, at): Promise<void> {
      // A resumed Workflow must wait for the same duration. `step.sleepUntil` would reject a time that has passed by then.
      const ms = await step.do(`${name}: how long`, () => Promise.resolve(at - Date.now()));
      if (ms > 0) await step.sleep(name, ms);
    },
    post: (path, body, signal) =>
      self.fetch(new URL(path, "https://crossdock.internal"), {
        method: "POST",
        headers: { "content-type": "application/json", "x-request-id": requestId },
        body: JSON.stringify(body),
        signal: signal ?? null,
      }),
    now: () => Date.now(),
  };
}

/** Converts permanent failures to NonRetryableError, which the platform recognizes by its name and does not retry. */
async function convertPermanent<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CopyFailure && isPermanent(error.problem)) {
      throw new NonRetryableError(error.message);
    }
    throw error;
  }
}
