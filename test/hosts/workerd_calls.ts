/** Calls from the tests to the Worker in workerd_worker.ts, as JSON. */
import type { EngineOptions } from "../../src/copier.ts";
import type { CrossdockError, NetworkFailure } from "../../src/errors.ts";
import type { HttpRequest, TlsOptions } from "../../src/runtime.ts";
import type { BodyLimits } from "../../src/streams/limit_body.ts";

/** One call. */
export type Call = FetchCall | UploadCall | HashCall | SleepCall | CopyCall;

interface Interruptible {
  /** A URL. The signal of the call is aborted when it responds. */
  readonly abortBy?: string;
}

export interface FetchCall extends Interruptible, Pick<HttpRequest, "method"> {
  readonly type: "fetch";
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Whether the body is sent as bytes. */
  readonly asBytes?: boolean;
  readonly tls?: TlsOptions;
  /** Limits of limitBody(), through which the response body is read. */
  readonly limits?: Pick<BodyLimits, "maxBytes" | "timeoutMs">;
}

export interface UploadCall extends Interruptible {
  readonly type: "upload";
  readonly url: string;
  readonly body: UploadBody;
  /** The announced length of the body. */
  readonly sizeBytes: number;
  readonly tls?: TlsOptions;
  /** A URL. The call ends when it responds. */
  readonly holdBy?: string;
  /** Whether the signal is aborted before the upload starts. */
  readonly isAborted?: boolean;
}

export type UploadBody =
  /** A reader of `sizeBytes` that waits forever or throws after `chunks` pieces of 64 KiB. */
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
  /** Whether the hash is discarded without a result. */
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

/** The result of a call. */
export interface Result {
  readonly response?: {
    readonly status: number;
    readonly headers: Record<string, string>;
    /** The body in base64. */
    readonly body: string;
  };
  /** A hash, in hex. */
  readonly hex?: string;
  readonly error?: CallError;
  /** The state of the reader that was uploaded. */
  readonly reader?: { readonly bytes: number; readonly cancelled: number };
  /** Unhandled rejections since the Worker started. */
  readonly unhandled: readonly string[];
}

export interface CallError extends Partial<Pick<CrossdockError, "code" | "hint" | "side">> {
  readonly name: string;
  readonly message: string;
  readonly failure?: NetworkFailure;
  readonly cause?: CallError;
}
