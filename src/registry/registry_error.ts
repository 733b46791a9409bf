/** Converts an unexpected response of a registry to an error. */
import { toText } from "@std/streams/to-text";
import * as z from "zod";
import { CrossdockError } from "../errors.ts";
import type { CrossdockErrorOptions, ErrorCode } from "../errors.ts";
import { parseRetryAfter } from "../retry.ts";
import { safeParseJson } from "../schema.ts";
import { limitBody } from "../streams/limit_body.ts";

/**
 * One error in the JSON body of a registry's response. Codes are from the spec or specific to the registry.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export interface RegistryErrorDetail {
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
}

/** Some registries send numbers, and some omit the code or the message. */
const text = z.union([z.string(), z.number().transform(String)]).catch("");

/** Lenient: an entry that is not an object must not hide the others. */
const errorsSchema = z.object({
  errors: z.array(
    z.object({ code: text, message: text, detail: z.unknown().optional() })
      .optional().catch(undefined),
  ),
});

/** Error bodies have a few hundred bytes. The limit fits a list of thousands of missing blobs; longer HTML is cut. */
const MAX_ERROR_BYTES = 64 * 1024;

const ERROR_BODY_LIMITS = {
  maxBytes: MAX_ERROR_BYTES,
  timeoutMs: 10_000,
  toSilence: () => new Error("silence"),
};

/** Statuses that a retry may resolve. go-containerregistry retries the same ones. */
const TEMPORARY_STATUSES = new Set([408, 425, 429, 499, 500, 502, 503, 504, 522]);

/** The registry returned an unexpected response. */
export class RegistryError extends CrossdockError {
  override readonly name = "RegistryError";
  readonly method: string;
  /** The URL without query and user info. */
  readonly url: string;
  readonly status: number;
  readonly errors: readonly RegistryErrorDetail[];

  constructor(
    answer: { method: string; url: URL; status: number; errors: readonly RegistryErrorDetail[] },
    message: string,
    options: CrossdockErrorOptions = {},
  ) {
    super(toCode(answer.status, answer.errors), message, {
      isTemporary: TEMPORARY_STATUSES.has(answer.status) ||
        hasCode(answer.errors, "TOOMANYREQUESTS"),
      ...options,
    });
    this.method = answer.method;
    this.url = redactUrl(answer.url);
    this.status = answer.status;
    this.errors = answer.errors;
  }
}

/** Whether an error is a response of a registry with one of these error codes. */
export function hasErrorCode(error: unknown, ...codes: string[]): error is RegistryError {
  return error instanceof RegistryError && codes.some((code) => hasCode(error.errors, code));
}

/** Converts an unexpected response to an error. Never throws; consumes or cancels the body. */
export async function toRegistryError(
  response: Response,
  request: { method: string; url: URL; what: string; registry: string },
  { redact = (text) => text, isQuoted = true, ...options }: CrossdockErrorOptions & {
    now: number;
    /** Removes secrets from the text of the registry. */
    redact?: (text: string) => string;
    /** Whether the message may quote the body. Default: true. */
    isQuoted?: boolean;
  },
): Promise<RegistryError> {
  const body = redact(await readErrorText(response));
  const text = isQuoted ? body : "";
  const errors = parseErrors(text);
  const answer = { method: request.method, url: request.url, status: response.status, errors };
  const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), options.now);
  const code = toCode(answer.status, errors);
  return new RegistryError(
    answer,
    `${request.what}: ${request.registry} answered ${
      redact(describeStatus(response, errors, text))
    }`,
    {
      retryAfterMs,
      ...options,
      hint: options.hint ?? hintFor(code, text, retryAfterMs, options.now),
    },
  );
}

/** Removes query and user info, which may contain a signature or a token. */
export function redactUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

async function readErrorText(response: Response): Promise<string> {
  try {
    return await toText(limitBody(response, ERROR_BODY_LIMITS));
  } catch {
    return "";
  }
}

function parseErrors(text: string): RegistryErrorDetail[] {
  const { errors = [] } = safeParseJson(text, errorsSchema).data ?? {};
  return errors.flatMap((error) => error ?? []).slice(0, 1000).map(({ code, ...rest }) => ({
    code: printable(code || "UNKNOWN").slice(0, 100),
    ...rest,
  }));
}

function describeStatus(
  response: Response,
  errors: readonly RegistryErrorDetail[],
  text: string,
): string {
  const status = response.statusText
    ? `${response.status} ${printable(response.statusText.slice(0, 100))}`
    : `${response.status}`;
  if (errors.length > 0) {
    const shown = errors.slice(0, 5).map((error) =>
      `${error.code}${showMessage(error)}${showDetail(error.detail)}`
    );
    const more = errors.length > 5 ? ` and ${errors.length - 5} more` : "";
    return `${status}: ${shown.join(", ")}${more}`;
  }
  const isHtml = /^\s*</.test(text);
  return text.trim() === "" || isHtml
    ? status
    : `${status}: ${printable(text.trim().slice(0, 200))}`;
}

function showMessage(error: RegistryErrorDetail): string {
  return error.message ? ` (${printable(error.message.slice(0, 200))})` : "";
}

/** Shows the digest or name in `detail`. Distribution sends it as text, as `{digest}` or as `{Name, Digest}`. */
function showDetail(detail: unknown): string {
  if (typeof detail === "string") return detail ? `: ${printable(detail.slice(0, 200))}` : "";
  if (typeof detail !== "object" || detail === null) return "";
  const { digest, Digest } = detail as { digest?: unknown; Digest?: unknown };
  const found = digest ?? Digest;
  return typeof found === "string" ? `: ${printable(found.slice(0, 200))}` : "";
}

/** Replaces control characters, because text from a registry is shown on terminals and in logs. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ");
}

function hasCode(errors: readonly RegistryErrorDetail[], code: string): boolean {
  return errors.some((error) => error.code === code);
}

function toCode(status: number, errors: readonly RegistryErrorDetail[]): ErrorCode {
  if (status === 429 || hasCode(errors, "TOOMANYREQUESTS")) return "rate_limited";
  if (
    errors.some((error) => /immutable/i.test(`${error.code} ${error.message}`)) || status === 409
  ) return "conflict";
  if (status === 401) return "unauthorized";
  if (status === 403) return "denied";
  if (status === 404) return "not_found";
  if (status === 413) return "limit";
  return "registry";
}

function hintFor(
  code: ErrorCode,
  text: string,
  retryAfterMs: number | undefined,
  now: number,
): string | undefined {
  if (/HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port/i.test(text)) {
    return "the registry requires TLS, but the request used plain HTTP; use --src-tls on or --dest-tls on";
  }
  switch (code) {
    case "rate_limited":
      return retryAfterMs === undefined
        ? "the registry limits requests; try again later, or log in for a higher limit"
        : `the registry limits requests; try again after ${
          new Date(now + retryAfterMs).toISOString()
        }`;
    case "denied":
      return "the registry accepts the credential but denies this action; check the permissions on the repository";
    case "conflict":
      return "the registry does not allow overwriting this tag; use another tag";
    default:
      return undefined;
  }
}
