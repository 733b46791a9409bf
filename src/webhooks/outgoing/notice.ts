/** What is told to others of copies: CloudEvents in JSON. */
import type { ErrorCode } from "../../errors.ts";

interface About {
  /** `registry/repository:tag` */
  readonly source: string;
  readonly destination: string;
  /** The rule that wanted it, where it was one. */
  readonly rule?: string | undefined;
}

export type Notice =
  /** Something was copied. */
  | About & {
    readonly type: "copied";
    readonly digest: string;
    readonly bytesStreamed: number;
    readonly durationMs: number;
  }
  /** A copy failed. `message` is an error's, which holds no secret. */
  | About & {
    readonly type: "failed";
    readonly code: ErrorCode | "internal";
    readonly message: string;
    readonly hint?: string | undefined;
  }
  /** What had failed, or was behind, has at the destination what the source has. */
  | About & { readonly type: "in_step"; readonly digest: string };

/**
 * A notice on its way: an event in CloudEvents' JSON format. Plain JSON, fit for a queue.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
export interface CloudEvent {
  readonly specversion: "1.0";
  /** The same in every attempt, so that a receiver knows it again. */
  readonly id: string;
  /** Who tells it: a URI reference. */
  readonly source: string;
  readonly type: `crossdock.${Notice["type"]}`;
  /** The destination. */
  readonly subject: string;
  /** RFC 3339 */
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly data: Omit<Notice, "type">;
}

/**
 * Makes an event of a notice.
 *
 * @param options.id unique among all of this server's
 * @param options.now milliseconds since the epoch
 * @param options.origin who tells it, as a URI reference. Default `/crossdock`
 */
export function toCloudEvent(
  notice: Notice,
  { id, now, origin = "/crossdock" }: {
    readonly id: string;
    readonly now: number;
    readonly origin?: string;
  },
): CloudEvent {
  const { type, ...data } = notice;
  return {
    specversion: "1.0",
    id,
    source: origin,
    type: `crossdock.${type}`,
    subject: notice.destination,
    time: new Date(now).toISOString(),
    datacontenttype: "application/json",
    data,
  };
}

/** Who is told of copies. Holds a secret: not for logs. */
export interface OutgoingWebhook {
  readonly url: string;
  readonly secrets: readonly string[];
  readonly events: readonly Notice["type"][];
}
