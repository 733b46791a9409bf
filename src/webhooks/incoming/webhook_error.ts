import { CrossdockError } from "../../errors.ts";

/** Why a webhook was not taken, and the status that its sender is answered with. */
export type WebhookErrorCode =
  /** 401: the proof is missing or wrong, or too old. */
  | "unauthorized"
  /** 404: the secret that the URL's path has to hold is missing or wrong; nothing says that there is a hook. */
  | "not_found"
  /** 413: the body is longer than any event. */
  | "limit"
  /** 400: the body is not what this sender sends. */
  | "usage";

/** A webhook that was not taken. Its message holds neither a secret nor any of the body. */
export class WebhookError extends CrossdockError {
  override readonly name = "WebhookError";
  declare readonly code: WebhookErrorCode;

  constructor(code: WebhookErrorCode, message: string, options: { hint?: string } = {}) {
    super(code, message, options);
  }
}
