/**
 * Every way in which crossdock fails, as classes with a literal `name` and a `code`.
 *
 * A message says the action, quotes the value, then what is against what was wanted; `hint` says what to do next.
 * None of them ever holds a credential: URLs are redacted before they get here.
 */

export const SIDES = ["source", "destination"] as const;

/** Which registry of a copy is meant. */
export type Side = (typeof SIDES)[number];

/** What went wrong, in one word that callers can switch on. The first group is the caller's to mend. */
export const ERROR_CODES = [
  /** A name, digest, option, step or config file that cannot be used. Nothing was sent. */
  "usage",
  /** No credential, or one that the registry did not take. */
  "unauthorized",
  /** The credential is known and may not do this. */
  "denied",
  /** The repository, tag, manifest or blob is not there. */
  "not_found",
  /** The destination holds something else and was not to be overwritten, or its tag is immutable. */
  "conflict",
  /** The content cannot be copied as asked: schema 1, a platform that is not there, an index that would change. */
  "unsupported",
  /** Content above a stated bound: a manifest of more than 4 MiB, an index too deep or too wide. */
  "limit",
  /** Bytes that do not match their digest, size or media type. */
  "integrity",
  /** The name does not resolve, nobody listens, or the connection broke. */
  "network",
  /** The TLS handshake failed, or one side speaks TLS and the other plain HTTP. */
  "tls",
  /** The other side went silent for longer than the time-out. */
  "timeout",
  /** The registry asks for patience, beyond what was allowed for retries. */
  "rate_limited",
  /** Any other answer that the registry should not have given. */
  "registry",
  /** The caller's signal was aborted. */
  "aborted",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Options that every crossdock error takes besides its message. */
export interface CrossdockErrorOptions {
  cause?: unknown;
  /** What to do next, one sentence without a full stop. */
  hint?: string | undefined;
  /** Which registry was spoken to, once known. */
  side?: Side | undefined;
  /** Whether the same thing may well succeed a moment later. Default false. */
  isTemporary?: boolean | undefined;
  /** How long the other side asked to be left alone, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** The field of the request or step that has to be another, where there is one. */
  field?: string | undefined;
}

/** The base of all errors that crossdock throws on purpose, but for text that does not parse. */
export class CrossdockError extends Error {
  override readonly name: string = "CrossdockError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly isTemporary: boolean;
  readonly retryAfterMs: number | undefined;
  readonly field: string | undefined;
  side: Side | undefined;

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

/** Text that does not parse: a reference, a digest, a platform, a config file. Always the caller's to mend. */
export class ParseError extends SyntaxError {
  override readonly name = "ParseError";
  readonly code = "usage" satisfies ErrorCode;
  readonly hint: string | undefined;

  constructor(message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}

/** How a connection failed, as far as the host could tell. */
export type NetworkFailure =
  /** The name does not resolve. */
  | "dns"
  /** Nobody listens at the address. */
  | "refused"
  /** The connection was cut before the answer was complete. */
  | "reset"
  /** We spoke TLS and the other side answered in something else, most likely plain HTTP. */
  | "not_tls"
  /** The certificate is not trusted, has expired or is for another name. */
  | "certificate"
  /** Something that the host did not name. */
  | "unknown";

/** No answer came: the request failed below HTTP. Thrown by every {@linkcode Runtime}. */
export class NetworkError extends CrossdockError {
  override readonly name = "NetworkError";
  readonly failure: NetworkFailure;

  constructor(failure: NetworkFailure, message: string, options: CrossdockErrorOptions = {}) {
    const isTls = failure === "not_tls" || failure === "certificate";
    super(isTls ? "tls" : "network", message, { isTemporary: !isTls, ...options });
    this.failure = failure;
  }
}

/** The other side said nothing for longer than the time-out. Slow is fine, silent is not. */
export class SilenceError extends CrossdockError {
  override readonly name = "SilenceError";

  constructor(what: string, timeoutMs: number, options: CrossdockErrorOptions = {}) {
    super("timeout", `${what}: nothing for ${timeoutMs / 1000} s`, {
      hint: "try again, or allow a longer silence with --timeout",
      isTemporary: true,
      ...options,
    });
  }
}
