/** What the tests ask of the Worker in workerd_worker.ts, as JSON. */
import type { EngineOptions } from "../../src/copier.ts";
import type { CrossdockError, NetworkFailure } from "../../src/errors.ts";
import type { HttpRequest, TlsOptions } from "../../src/runtime.ts";
import type { BodyLimits } from "../../src/streams/limit_body.ts";

/** One call. */
export type Call = FetchCall | UploadCall | HashCall | SleepCall | CopyCall;

interface Interruptible {
  /** A URL; the call's signal is aborted when it answers. */
  readonly abortBy?: string;
}

export interface FetchCall extends Interruptible, Pick<HttpRequest, "method"> {
  readonly type: "fetch";
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Send the body as bytes. */
  readonly asBytes?: boolean;
  readonly tls?: TlsOptions;
  /** Read the body of the response through limitBody(). */
  readonly limits?: Pick<BodyLimits, "maxBytes" | "timeoutMs">;
}

export interface UploadCall extends Interruptible {
  readonly type: "upload";
  readonly url: string;
  readonly body: UploadBody;
  /** What is said of the body's length. */
  readonly sizeBytes: number;
  readonly tls?: TlsOptions;
  /** A URL; the call ends when it answers. */
  readonly holdBy?: string;
  /** Abort before the upload starts. */
  readonly isAborted?: boolean;
}

export type UploadBody =
  /** A reader of so many bytes, which stands still or throws after so many pieces of 64 KiB. */
  | {
    readonly type: "reader";
    readonly sizeBytes: number;
    readonly after?: { readonly chunks: number; readonly then: "wait" | "throw" };
  }
  /** A response that the Worker fetches first. */
  | { readonly type: "fetched"; readonly url: string }
  /** A response that the Worker makes. */
  | { readonly type: "made"; readonly sizeBytes: number };

export interface HashCall {
  readonly type: "hash";
  readonly algorithm: "sha256" | "sha512";
  readonly pieces: readonly string[];
  /** Never ask for the result. */
  readonly isGivenUp?: boolean;
}

export interface SleepCall extends Interruptible {
  readonly type: "sleep";
  readonly ms: number;
}

export interface CopyCall {
  readonly type: "copy";
  readonly source: string;
  readonly destination: string;
  readonly verify?: "stream" | "destination";
  readonly engine?: Pick<EngineOptions, "retries" | "timeoutMs">;
}

/** What became of a call. */
export interface Result {
  readonly response?: {
    readonly status: number;
    readonly headers: Record<string, string>;
    /** Base64. */
    readonly body: string;
  };
  /** A hash, in hex. */
  readonly hex?: string;
  readonly error?: CallError;
  /** Of a reader that was sent. */
  readonly reader?: { readonly bytes: number; readonly cancelled: number };
  /** Rejections that nobody handled, since the Worker started. */
  readonly unhandled: readonly string[];
}

export interface CallError extends Partial<Pick<CrossdockError, "code" | "hint" | "side">> {
  readonly name: string;
  readonly message: string;
  readonly failure?: NetworkFailure;
  readonly cause?: CallError;
}
