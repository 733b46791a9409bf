import { ParseError } from "../../errors.ts";
import { namesPush, toPushEvent } from "./event.ts";
import { WebhookError } from "./webhook_error.ts";
import type { PushEvent, PushFields } from "./event.ts";
import type { Proof } from "./proof.ts";
import { isSigningSecret } from "../standard_webhooks.ts";

/** The result of reading a request. */
export type Received =
  /** Tags or manifests were pushed. */
  | { readonly kind: "events"; readonly events: readonly PushEvent[] }
  /** A valid event that needs no copy: a test, a deletion, a package of npm. */
  | { readonly kind: "ignored"; readonly why: string }
  /** A handshake. The sender requires exactly this answer. */
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };

/** A request before it is verified. */
export interface WebhookRequest {
  /** `POST`, or `OPTIONS` for the handshake of some senders. */
  readonly method: string;
  readonly headers: Headers;
  /** Reads the exact bytes of the body. Called once, after the checks that need only the headers and the path. */
  readonly readBody: () => Promise<Uint8Array<ArrayBuffer>>;
  /** The last component of the path, if the route has one for a secret. */
  readonly pathSecret?: string | undefined;
}

/** A request that was verified. */
export interface Message {
  readonly headers: Headers;
  /** The body, parsed as JSON. */
  readonly body: unknown;
}

/** How a sender signs: with an HMAC of the body as hexadecimal digits in a header, or by Standard Webhooks. */
export type Signature =
  | {
    readonly hash: "SHA-1" | "SHA-256";
    /** The first of these headers that a request has counts. */
    readonly headers: readonly [string, ...string[]];
    /** The text before the digits. */
    readonly prefix: string;
  }
  | "standard-webhooks";

/** Each push of an event starts runs. A batch of Event Grid has a few hundred at most. */
const MAX_PUSHES = 1000;

/** A service that sends events about pushes. */
export interface Sender {
  /** The name in messages. */
  readonly title: string;
  /** The proofs that it supports. `path` alone means that it supports none, so its URL must have a secret. */
  readonly proofs: readonly Proof["kind"][];
  /** Present if `proofs` has `signature`. */
  readonly signature?: Signature;
  /** Answers the OPTIONS request of a handshake. */
  readonly answerOptions?: (headers: Headers) => Received;
  /**
   * Reads a verified request.
   *
   * @throws WebhookError `usage` if the body is not an event of this sender
   */
  readonly read: (message: Message) => Received;
}

export function ignored(why: string): Received {
  return { kind: "ignored", why };
}

/**
 * Converts pushes into events. Pushes that have neither a tag nor a digest are left out. A malformed push does not reject the
 * others.
 *
 * @throws WebhookError `usage` if all are malformed, `limit` for too many
 */
export function pushed(pushes: readonly PushFields[]): Received {
  if (pushes.length > MAX_PUSHES) {
    throw new WebhookError("limit", `read event: expected at most ${MAX_PUSHES} pushes`);
  }
  const events: PushEvent[] = [];
  let malformed: unknown;
  for (const fields of pushes) {
    if (!namesPush(fields)) continue;
    try {
      events.push(toPushEvent(fields));
    } catch (error) {
      malformed ??= error;
    }
  }
  if (events.length > 0) return { kind: "events", events };
  if (malformed) throw malformed;
  return ignored("the event names no tag and no digest");
}

/**
 * Checks that a sender supports a proof.
 *
 * @throws ParseError without any secret
 */
export function checkProof(
  { title, proofs, signature }: Sender,
  { kind, secrets = [] }: { kind: Proof["kind"]; secrets?: readonly string[] },
): void {
  if (!proofs.includes(kind)) {
    throw new ParseError(
      `${title} does not support the proof ${kind}, expected ${proofs.join(" or ")}`,
    );
  }
  if (kind !== "signature" || signature !== "standard-webhooks") return;
  if (!secrets.every(isSigningSecret)) {
    throw new ParseError("a secret is not base64, expected whsec_ and base64");
  }
}
