/** Maps errors to problem details and HTTP statuses. https://www.rfc-editor.org/rfc/rfc9457 */
import { CopyError } from "./copy/copy_error.ts";
import { withoutContent } from "./copy/step.ts";
import type { Step } from "./copy/step.ts";
import { CrossdockError, MissingContentError, ParseError } from "./errors.ts";
import type { ErrorCode, Side } from "./errors.ts";
import { isDigest } from "./oci/digest.ts";
import type { Digest } from "./oci/digest.ts";

/**
 * Status and title of each code: the engine's codes, and `internal`. A failure of a registry is a 5xx; an error that the caller
 * can correct is a 4xx.
 */
export const PROBLEMS = {
  usage: { status: 400, title: "The request is invalid" },
  unauthorized: { status: 502, title: "A credential is missing or was rejected" },
  denied: { status: 403, title: "Not allowed" },
  not_found: { status: 404, title: "Not found" },
  conflict: { status: 409, title: "The destination has different content" },
  unsupported: { status: 422, title: "The content cannot be copied as requested" },
  rejected: { status: 403, title: "Rejected by the admission policy" },
  limit: { status: 422, title: "A limit is exceeded" },
  integrity: { status: 502, title: "Bytes do not match their digest or size" },
  network: { status: 502, title: "A registry is unreachable" },
  tls: { status: 502, title: "TLS with a registry failed" },
  timeout: { status: 504, title: "A registry did not respond in time" },
  rate_limited: { status: 429, title: "Too many requests" },
  registry: { status: 502, title: "A registry returned an unexpected response" },
  aborted: { status: 503, title: "Aborted" },
  internal: { status: 500, title: "A bug in crossdock" },
} as const satisfies Readonly<Record<ErrorCode | "internal", { status: number; title: string }>>;

/** The code of an error of the engine, or `internal` for a bug. */
export type ProblemCode = ErrorCode | "internal";

/** Problem details, RFC 9457. */
export interface Problem {
  /** `urn:crossdock:problem:` followed by the code. */
  readonly type: string;
  /** The code in words. */
  readonly title: string;
  /** The HTTP status. */
  readonly status: number;
  /** What happened. */
  readonly detail: string;
  /** What kind of error it is. */
  readonly code: ProblemCode;
  /** The registry that the error concerns. */
  readonly side?: Side | undefined;
  /** What to do next. */
  readonly hint?: string | undefined;
  /** The registry's Retry-After, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The invalid parts of the request. */
  readonly errors?:
    | readonly ({
      /** JSON pointer to the field of the body, such as `#/source`. */
      readonly pointer?: string | undefined;
      /** Name of the path, query or header parameter. */
      readonly parameter?: string | undefined;
      readonly detail: string;
    })[]
    | undefined;
  /** The step that failed. */
  readonly step?: Step | undefined;
  /**
   * Digests of the blobs and manifests that the destination named as missing when it rejected a manifest. To continue, perform
   * their steps again, blobs first and with `"resend": true`, then the step that failed.
   */
  readonly missing?: readonly Digest[] | undefined;
  /** The response's `X-Request-Id`. */
  readonly requestId?: string | undefined;
}

/** An invalid part of a request. */
export type FieldMistake = NonNullable<Problem["errors"]>[number];

/** Rejects a request before anything is sent to a registry. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    options: {
      status?: number;
      title?: string;
      hint?: string;
      errors?: readonly FieldMistake[];
      headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail);
    const { hint, errors, status, title, headers = {} } = options;
    this.headers = headers;
    this.problem = {
      ...describe(code, detail),
      ...(status === undefined ? {} : { status }),
      ...(title === undefined ? {} : { title }),
      ...(hint === undefined ? {} : { hint }),
      ...(errors ? { errors } : {}),
    };
  }
}

/** Maps an error to a problem for a client. An unexpected error could hold a secret, so its message is left out. */
export function toProblem(error: unknown): Problem {
  if (error instanceof RequestError) return error.problem;
  if (error instanceof ParseError) {
    return { ...describe("usage", error.message), ...(error.hint ? { hint: error.hint } : {}) };
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return describe("aborted", "the request was cancelled");
  }
  if (!(error instanceof CrossdockError)) {
    return describe("internal", "unexpected error: see the server's log");
  }
  const { code, message, side, retryAfterMs, field } = error;
  const missing = listMissing(error);
  const isStep = missing.length > 0 && !(error instanceof CopyError);
  const hint = isStep ? MISSING_HINT : toApiHint(error.hint);
  return {
    ...describe(code, message),
    // The process is at a limit, and not the request.
    ...(code === "limit" && retryAfterMs !== undefined ? { status: 503 } : {}),
    // A digest that the caller named is not a fault of a registry.
    ...(code === "integrity" && field !== undefined ? { status: 422 } : {}),
    ...(side ? { side } : {}),
    ...(hint ? { hint } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(field === undefined ? {} : { errors: [{ pointer: `#/${field}`, detail: message }] }),
    ...(error instanceof CopyError ? { step: withoutContent(error.step) } : {}),
    ...(missing.length > 0 ? { missing } : {}),
  };
}

/** For the caller of a single step. A copy performs the steps again itself. */
const MISSING_HINT =
  'perform the steps of the digests in "missing" again, blobs first and with "resend": true, then this step';

function listMissing(error: CrossdockError): Digest[] {
  const missing = error instanceof CopyError ? error.cause : error;
  return missing instanceof MissingContentError ? [...missing.digests].filter(isDigest) : [];
}

function describe(code: ProblemCode, detail: string): Problem {
  return {
    type: `urn:crossdock:problem:${code}`,
    title: PROBLEMS[code].title,
    status: PROBLEMS[code].status,
    detail,
    code,
  };
}

/** Flags that the engine's hints name, and the fields or variables with the same meaning for a client of the API. */
const TRANSLATIONS: readonly (readonly [RegExp, string])[] = [
  [/--if-exists (\w+)/g, '"ifExists": "$1"'],
  [/--index (\w+)/g, '"index": "$1"'],
  [/--platform\b/g, '"platforms"'],
  [/--recheck\b/g, '"recheck": true'],
  [/--timeout\b/g, "CROSSDOCK_TIMEOUT_MS"],
  [/\buse --src-tls off or --dest-tls off/g, "add the registry to CROSSDOCK_PLAIN_HTTP"],
  [/\buse --src-tls on or --dest-tls on/g, "remove it from CROSSDOCK_PLAIN_HTTP"],
];

/** Translates a hint for a client of the API. Returns `undefined` if it names a flag without an equivalent there. */
export function toApiHint(hint: string | undefined): string | undefined {
  const translated = TRANSLATIONS.reduce(
    (text, [flag, words]) => text?.replace(flag, words),
    hint,
  );
  return translated && /(^|\s)--[a-z]/.test(translated) ? undefined : translated;
}

/** A step with longer JSON, and more missing digests, are omitted where people read a problem. */
const MAX_STEP_CHARS = 4096;
const MAX_MISSING = 50;

/** Shortens a problem: omits the manifest's content, the whole step if it is still too long, and a long list of digests. */
export function boundProblem({ step, missing, ...rest }: Problem): Problem {
  const problem = missing && missing.length <= MAX_MISSING ? { ...rest, missing } : rest;
  if (!step) return problem;
  const bounded = withoutContent(step);
  const isLong = JSON.stringify(bounded).length > MAX_STEP_CHARS;
  return isLong ? problem : { ...problem, step: bounded };
}
