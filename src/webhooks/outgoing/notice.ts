/** Notices about copies, sent as CloudEvents in JSON. */
import type { ReferrerState } from "../../copy/model.ts";
import type { ErrorCode } from "../../errors.ts";

interface NoticeBase {
  /** `registry/repository:tag` */
  readonly source: string;
  readonly destination: string;
  /** The rule of the copy, if it has one. */
  readonly rule?: string | undefined;
}

export type Notice =
  /** An image was copied. */
  | NoticeBase & {
    readonly type: "copied";
    readonly digest: string;
    readonly bytesStreamed: number;
    readonly durationMs: number;
    /** Referrers and digest tags by kind, if the copy includes them. */
    readonly referrerState?: ReferrerState | undefined;
  }
  /** A copy failed. `message` contains no secret. */
  | NoticeBase & {
    readonly type: "failed";
    readonly code: ErrorCode | "internal";
    readonly message: string;
    readonly hint?: string | undefined;
  }
  /** A destination whose last copy failed now has the source's image. */
  | NoticeBase & { readonly type: "in_step"; readonly digest: string };

/**
 * A notice as an event in the JSON format of CloudEvents. Plain JSON.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
export interface CloudEvent {
  readonly specversion: "1.0";
  /** The same in each attempt, so that a receiver can detect duplicates. */
  readonly id: string;
  /** The sender: a URI reference. */
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
 * Converts a notice into an event.
 *
 * @param options.id unique among the events of this server
 * @param options.now milliseconds since the epoch
 * @param options.origin the sender, as a URI reference. Default `/crossdock`
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

/** A receiver of notices. Holds secrets: do not log it. */
export interface OutgoingWebhook {
  readonly url: string;
  readonly secrets: readonly string[];
  readonly events: readonly Notice["type"][];
}
