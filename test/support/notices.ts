import { Webhook } from "standardwebhooks";
import type { CloudEvent } from "../../src/webhooks/outgoing/notice.ts";
import { serve } from "./serve.ts";
import type { Server } from "./serve.ts";

/** Somebody who is told of copies. */
export interface NoticeReceiver extends Server {
  readonly url: string;
  /** Events whose signature was right, in the order in which they came. */
  readonly events: readonly CloudEvent[];
  /** How often somebody tried. */
  readonly attempts: number;
  /** Answers the next attempts with this status and keeps none of them. */
  refuse(status: number, times: number): void;
}

/** `whsec_` and base64, for tests. */
export const NOTICE_SECRET = `whsec_${btoa("a secret of thirty-two characters")}`;

/** Verifies what comes by the library of whoever receives, and keeps it. */
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
