import { Webhook } from "standardwebhooks";
import { ParseError } from "../../errors.ts";
import { tagOf, toPushEvent } from "./event.ts";
import type { PushEvent, PushFields } from "./event.ts";
import type { Proof } from "./proof.ts";

/** What a request came to. */
export type Received =
  /** Tags were pushed. */
  | { readonly kind: "events"; readonly events: readonly PushEvent[] }
  /** It is the sender's and well formed, and nothing that a copy follows from: a test, a deletion, a package of npm. */
  | { readonly kind: "ignored"; readonly why: string }
  /** The sender wants to know whether somebody is there and has to be given exactly this. */
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };

/** A request as it came. */
export interface WebhookRequest {
  /** `POST`, or `OPTIONS` of senders that ask first. */
  readonly method: string;
  readonly headers: Headers;
  /** Reads the exact bytes of the body. Called once, after the checks that need only the headers and the path. */
  readonly readBody: () => Promise<Uint8Array<ArrayBuffer>>;
  /** The last component of the path, where the route has one for it. */
  readonly pathSecret?: string | undefined;
}

/** A request that was verified. */
export interface Message {
  readonly headers: Headers;
  /** The body, parsed as JSON. */
  readonly body: unknown;
}

/** How a sender signs: an HMAC over the body as hexadecimal digits in a header, or as Standard Webhooks has it. */
export type Signature =
  | {
    readonly hash: "SHA-1" | "SHA-256";
    /** The first of these that a request has is the one that counts. */
    readonly headers: readonly [string, ...string[]];
    /** What stands before the digits. */
    readonly prefix: string;
  }
  | "standard-webhooks";

/** A service that tells of pushes. */
export interface Sender {
  /** For people. */
  readonly title: string;
  /** How it can prove who it is. `path` alone: it cannot, and its URL has to hold a secret. */
  readonly proofs: readonly Proof["kind"][];
  /** Given where `proofs` has `signature`. */
  readonly signature?: Signature;
  /** Answers an OPTIONS request, of a sender that asks before it sends. */
  readonly answerOptions?: (headers: Headers) => Received;
  /**
   * Reads what was verified.
   *
   * @throws WebhookError `usage` if it is not what this sender sends
   */
  readonly read: (message: Message) => Received;
}

export function ignored(why: string): Received {
  return { kind: "ignored", why };
}

/** The events of those pushes that moved a tag; children of an index and referrers are pushed by digest. */
export function pushed(pushes: readonly PushFields[]): Received {
  const events = pushes.filter((fields) => tagOf(fields) !== undefined).map(toPushEvent);
  return events.length > 0 ? { kind: "events", events } : ignored("no tag was pushed");
}

/**
 * Checks that a sender can give this proof.
 *
 * @throws ParseError that quotes no secret
 */
export function checkProof(
  { title, proofs, signature }: Sender,
  { kind, secrets = [] }: { kind: Proof["kind"]; secrets?: readonly string[] },
): void {
  if (!proofs.includes(kind)) {
    throw new ParseError(`${title} has no proof by ${kind}, expected ${proofs.join(" or ")}`);
  }
  if (kind !== "signature" || signature !== "standard-webhooks") return;
  for (const secret of secrets) {
    try {
      new Webhook(secret);
    } catch {
      // Without its cause, which could quote the secret.
      throw new ParseError("a secret is not base64, expected whsec_ and base64");
    }
  }
}
