/**
 * The error classes of crossdock, each with a literal `name` and a `code`.
 *
 * A message names the action, quotes the value, and states the actual and the expected value. `hint` is the next thing to do.
 * No error contains a credential: URLs are redacted before.
 */

export const SIDES = ["source", "destination"] as const;

/** One of the two registries of a copy. */
export type Side = (typeof SIDES)[number];

/** Codes of errors, for callers to switch on. The caller can fix errors from `usage` to `limit`. */
export const ERROR_CODES = [
  /** Invalid name, digest, option, step or config file. Nothing was written. */
  "usage",
  /** The credential is missing, or the registry rejected it. */
  "unauthorized",
  /** The credential is valid but lacks the permission. */
  "denied",
  /** The repository, tag, manifest or blob does not exist. */
  "not_found",
  /** The destination has other content and must not be overwritten, or its tag is immutable. */
  "conflict",
  /** The content cannot be copied as requested: schema 1, a missing platform, an index that would change. */
  "unsupported",
  /** The admission policy rejected the image. Nothing was written. */
  "rejected",
  /** The content exceeds a limit: a manifest above 4 MiB, an index too deep or too wide. */
  "limit",
  /** Bytes that do not match their digest, size or media type. */
  "integrity",
  /** The name does not resolve, the connection was refused, or it was reset. */
  "network",
  /** The TLS handshake failed, or one side speaks TLS and the other plain HTTP. */
  "tls",
  /** No data arrived for longer than the idle timeout. */
  "timeout",
  /** The registry limits the rate of requests, for longer than the retries may wait. */
  "rate_limited",
  /** Any other unexpected response of a registry. */
  "registry",
  /** The caller aborted the signal. */
  "aborted",
] as const;

/** The code of an error, for callers to switch on. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Options of all crossdock errors. */
export interface CrossdockErrorOptions {
  /** The error that led to this one. */
  cause?: unknown;
  /** What to do next: one sentence without a period. */
  hint?: string | undefined;
  /** The side of the registry, if known. */
  side?: Side | undefined;
  /** Whether a retry may succeed. Default: false. */
  isTemporary?: boolean | undefined;
  /** How long the registry asked to wait, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** The wrong field of the request or step, if one is to blame. */
  field?: string | undefined;
}

/** The base class of all errors that crossdock throws on purpose, except {@linkcode ParseError}. */
export class CrossdockError extends Error {
  /** The name of the class. */
  override readonly name: string = "CrossdockError";
  /** What kind of error it is. */
  readonly code: ErrorCode;
  /** What to do next: one sentence without a period. */
  readonly hint: string | undefined;
  /** Whether a retry may succeed. */
  readonly isTemporary: boolean;
  /** How long the registry asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The wrong field of the request or step, if one is to blame. */
  readonly field: string | undefined;
  /** The side of the registry, if known. */
  side: Side | undefined;

  /** Takes a message with the action, the value, and the actual and the expected state. */
  constructor(code: ErrorCode, message: string, options: CrossdockErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.isTemporary = options.isTemporary ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.field = options.field;
    this.side = options.side;
  }
}

/** Text that does not parse: a reference, digest, platform or config file. The caller has to fix it. */
export class ParseError extends SyntaxError {
  /** The name of the class. */
  override readonly name = "ParseError";
  /** Always `usage`. */
  readonly code = "usage" satisfies ErrorCode;
  /** What to do next: one sentence without a period. */
  readonly hint: string | undefined;

  /** Takes a message with the text and its expected form. */
  constructor(message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}

/** How a connection failed, if the host reports it. */
export type NetworkFailure =
  /** The name does not resolve. */
  | "dns"
  /** The connection was refused. */
  | "refused"
  /** The connection ended before the response was complete. */
  | "reset"
  /** The other side answered without TLS, probably with plain HTTP. */
  | "not_tls"
  /** The certificate is not trusted, has expired, or is for another name. */
  | "certificate"
  /** The proxy is unreachable, or refused to connect. */
  | "proxy"
  /** The host reports no cause. */
  | "unknown";

/** The request failed below HTTP, without a response. Thrown by every {@linkcode Runtime}. */
export class NetworkError extends CrossdockError {
  /** The name of the class. */
  override readonly name = "NetworkError";
  /** How the connection failed. */
  readonly failure: NetworkFailure;

  /** The code is `tls` or `network`, depending on the failure. */
  constructor(failure: NetworkFailure, message: string, options: CrossdockErrorOptions = {}) {
    const isTls = failure === "not_tls" || failure === "certificate";
    super(isTls ? "tls" : "network", message, { isTemporary: !isTls, ...options });
    this.failure = failure;
  }
}

/** No data arrived for longer than the idle timeout. A slow transfer does not fail. */
export class SilenceError extends CrossdockError {
  /** The name of the class. */
  override readonly name = "SilenceError";

  /** Makes the message from the name of the request or transfer that was silent. */
  constructor(what: string, timeoutMs: number, options: CrossdockErrorOptions = {}) {
    super("timeout", `${what}: no data for ${timeoutMs / 1000} s`, {
      hint: "try again, or raise the idle timeout with --timeout",
      isTemporary: true,
      ...options,
    });
  }
}

/** A registry rejected the form of an upload. The next upload uses another one, so this is not a failed attempt. */
export class UploadRetryError extends CrossdockError {
  override readonly name = "UploadRetryError";

  constructor(cause: CrossdockError, next: string, options: CrossdockErrorOptions = {}) {
    super(cause.code, `${cause.message}; ${next}`, {
      cause,
      isTemporary: true,
      retryAfterMs: 0,
      ...options,
    });
  }
}

/** The destination rejected a manifest because it lacks blobs or child manifests. */
export class MissingContentError extends CrossdockError {
  override readonly name = "MissingContentError";
  /** The digests that the registry named. May be empty. */
  readonly digests: ReadonlySet<string>;

  constructor(message: string, digests: Iterable<string>, options: CrossdockErrorOptions = {}) {
    super("registry", message, options);
    this.digests = new Set(digests);
  }
}
