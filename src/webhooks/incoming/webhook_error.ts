import { CrossdockError } from "../../errors.ts";

/** The longest body. Event Grid sends batches of up to 1 MiB. The events of other senders have a few KiB. */
export const MAX_WEBHOOK_BYTES = 1024 * 1024;

/** Why a webhook was rejected, and the status of the answer. */
export type WebhookErrorCode =
  /** 401: the proof is missing, wrong or too old. */
  | "unauthorized"
  /** 404: the secret in the URL's path is missing or wrong. The answer does not reveal that there is a hook. */
  | "not_found"
  /** 413: the body is too long. */
  | "limit"
  /** 400: the body is not an event of this sender. */
  | "usage";

/** A webhook that was rejected. Its message contains no secret and no part of the body. */
export class WebhookError extends CrossdockError {
  override readonly name = "WebhookError";
  declare readonly code: WebhookErrorCode;

  constructor(code: WebhookErrorCode, message: string, options: { hint?: string } = {}) {
    super(code, message, options);
  }
}
