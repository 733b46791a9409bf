import type { Received, WebhookRequest } from "./sender.ts";
import { senders } from "./senders.ts";
import type { SenderName } from "./senders.ts";
import { verifyBody, verifyHead } from "./verify_proof.ts";
import type { VerifyOptions } from "./verify_proof.ts";
import { MAX_WEBHOOK_BYTES, WebhookError } from "./webhook_error.ts";

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
 * @throws WebhookError, whose code determines the status of the answer; temporary CrossdockError if Google's keys cannot be fetched
 * @throws TypeError for a proof that the sender does not support; `checkProof` finds this when the configuration is read
 */
export async function receive(
  name: SenderName,
  request: WebhookRequest,
  options: VerifyOptions,
): Promise<Received> {
  const sender = senders[name];
  if (!sender.proofs.includes(options.proof.kind)) {
    throw new TypeError(`${sender.title} does not support the proof ${options.proof.kind}`);
  }
  await verifyHead(sender, request, options);
  const body = await request.readBody();
  if (body.byteLength > MAX_WEBHOOK_BYTES) {
    throw new WebhookError(
      "limit",
      `read event of ${sender.title}: expected at most ${MAX_WEBHOOK_BYTES} bytes`,
    );
  }
  await verifyBody(sender, { headers: request.headers, body }, options);
  if (request.method === "OPTIONS") {
    if (sender.answerOptions) return sender.answerOptions(request.headers);
    throw new WebhookError("usage", `read event of ${sender.title}: expected POST, got OPTIONS`);
  }
  return sender.read({ headers: request.headers, body: parseJson(body, request.headers) });
}

function parseJson(body: Uint8Array<ArrayBuffer>, headers: Headers): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    // Without the cause, which quotes the body.
    const isEncoded = !/^(?:identity)?$/i.test(headers.get("content-encoding") ?? "");
    throw new WebhookError("usage", "read event: the body is not JSON", {
      hint: isEncoded
        ? "turn off the compression of the body at the sender"
        : "set the content type to application/json at the sender",
    });
  }
}
