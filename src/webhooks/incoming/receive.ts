/** From the bytes of a request to events: the one way in for whoever has a route. */
import type { Received, WebhookRequest } from "./sender.ts";
import { senders } from "./senders.ts";
import type { SenderName } from "./senders.ts";
import { verifyBody, verifyHead } from "./verify_proof.ts";
import type { VerifyOptions } from "./verify_proof.ts";
import { WebhookError } from "./webhook_error.ts";

/** The longest that any sender means to send is Event Grid's batch of 1 MiB; the others are a few KiB. */
export const MAX_WEBHOOK_BYTES = 1024 * 1024;

/**
 * Verifies a request and reads its events. The body is read only after the checks that need no body, and parsed after all checks.
 *
 * ```ts
 * const received = await receive("github", { method: "POST", headers, readBody }, {
 *   proof: { kind: "signature", secrets: [secret] },
 *   runtime,
 * });
 * ```
 *
 * @throws WebhookError, whose codes say the status to answer with; CrossdockError that is temporary when Google's keys cannot
 * be had
 * @throws TypeError for a proof that the sender cannot give; `checkProof` tells when a configuration is read
 */
export async function receive(
  name: SenderName,
  request: WebhookRequest,
  options: VerifyOptions,
): Promise<Received> {
  const sender = senders[name];
  if (!sender.proofs.includes(options.proof.kind)) {
    throw new TypeError(`${sender.title} has no proof by ${options.proof.kind}`);
  }
  await verifyHead(sender, request, options);
  const body = await request.readBody();
  if (body.byteLength > MAX_WEBHOOK_BYTES) {
    throw new WebhookError(
      "limit",
      `read event of ${sender.title}: it is longer than ${MAX_WEBHOOK_BYTES} bytes`,
    );
  }
  await verifyBody(sender, { headers: request.headers, body }, options.proof);
  if (request.method === "OPTIONS") {
    if (sender.answerOptions) return sender.answerOptions(request.headers);
    throw new WebhookError("usage", `${sender.title} sends events by POST`);
  }
  return sender.read({ headers: request.headers, body: parseJson(body) });
}

function parseJson(body: Uint8Array<ArrayBuffer>): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    // Without its cause, which quotes the body.
    throw new WebhookError("usage", "read event: the body is not JSON", {
      hint: "choose application/json as the content type at the sender",
    });
  }
}
