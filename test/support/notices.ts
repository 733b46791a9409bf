import { Webhook } from "standardwebhooks";
import type { CloudEvent } from "../../src/webhooks/outgoing/notice.ts";
import { serve } from "./serve.ts";
import type { Server } from "./serve.ts";

/** A receiver of outgoing webhooks. */
export interface NoticeReceiver extends Server {
  readonly url: string;
  /** The events with a valid signature, in the order of arrival. */
  readonly events: readonly CloudEvent[];
  /** The number of requests so far. */
  readonly attempts: number;
  /** Responds to the next requests with this status and does not record their events. */
  refuse(status: number, times: number): void;
}

/** A signing secret: `whsec_` and base64. */
export const NOTICE_SECRET = `whsec_${btoa("a secret of thirty-two characters")}`;

/** Verifies each request with the standardwebhooks library and records its event. */
export async function startNoticeReceiver(): Promise<NoticeReceiver> {
  const events: CloudEvent[] = [];
  let refusals: number[] = [];
  let attempts = 0;
  const server = await serve(async (request) => {
    const body = await request.text();
    attempts += 1;
    const event = new Webhook(NOTICE_SECRET).verify(body, Object.fromEntries(request.headers));
    const status = refusals.shift();
    if (status !== undefined) return new Response(null, { status });
    events.push(event as CloudEvent);
    return new Response(null, { status: 204 });
  });
  return {
    ...server,
    events,
    get attempts(): number {
      return attempts;
    },
    refuse(status, times): void {
      refusals = Array<number>(times).fill(status);
    },
  };
}
