/** Receives webhooks in workerd. The query of a request selects the sender and the proof. */
import { createWorkerdRuntime } from "../../src/hosts/workerd.ts";
import type { CloudEvent } from "../../src/webhooks/outgoing/notice.ts";
import type { Proof } from "../../src/webhooks/incoming/proof.ts";
import { receive } from "../../src/webhooks/incoming/receive.ts";
import { deliver } from "../../src/webhooks/outgoing/send.ts";
import type { SenderName } from "../../src/webhooks/incoming/senders.ts";
import { WebhookError } from "../../src/webhooks/incoming/webhook_error.ts";

/** In the query, as JSON under `wanted`. */
export type Wanted =
  | { name: SenderName; proof: Proof; pathSecret: string; keysUrl?: string }
  | { event: CloudEvent; url: string; secret: string };

const host = createWorkerdRuntime();

export default {
  async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams.get("wanted");
    const wanted: Wanted = JSON.parse(query ?? "");
    if ("event" in wanted) {
      const target = { url: new URL(wanted.url), secrets: [wanted.secret] };
      await deliver(wanted.event, target, { runtime: host, guard: () => {} });
      return new Response();
    }
    const { name, proof, pathSecret, keysUrl } = wanted;
    const runtime: typeof host = {
      ...host,
      fetch: (asked) => host.fetch({ ...asked, url: keysUrl ? new URL(keysUrl) : asked.url }),
    };
    const { method, headers } = request;
    const readBody = async (): Promise<Uint8Array<ArrayBuffer>> =>
      new Uint8Array(await request.arrayBuffer());
    try {
      const received = receive(name, { method, headers, readBody, pathSecret }, { proof, runtime });
      return Response.json(await received);
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      return Response.json({ code: error.code, message: error.message });
    }
  },
};
