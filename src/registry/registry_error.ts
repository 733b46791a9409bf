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
  /** `MANIFEST_UNKNOWN` */
  readonly code: string;
  /** For people; empty if the registry sent none. */
  readonly message: string;
  /** Data in the form of the registry. */
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

/** Statuses that a retry may resolve. Cloudflare sends 520 to 524 if the server behind it is down, silent or unreachable. */
const TEMPORARY_STATUSES = new Set([
  ...[408, 425, 429, 499, 500, 502, 503, 504],
  ...[520, 521, 522, 523, 524],
]);

/** The registry returned an unexpected response. */
export class RegistryError extends CrossdockError {
  /** The name of the class. */
  override readonly name = "RegistryError";
  /** The method of the request. */
  readonly method: string;
  /** The URL without query and user info. */
  readonly url: string;
  /** The HTTP status of the response. */
  readonly status: number;
  /** The errors in the response's body. */
  readonly errors: readonly RegistryErrorDetail[];

  /** Takes the request, and the status and errors of its response. */
  constructor(
    code: ErrorCode,
    answer: { method: string; url: URL; status: number; errors: readonly RegistryErrorDetail[] },
    message: string,
    options: CrossdockErrorOptions = {},
  ) {
    super(code, message, {
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

/** The server that sent a response. */
type Responder =
  /** The registry's own origin. */
  | "registry"
  /** The token server of the registry. */
  | "token server"
  /** A host that the registry refers to: its storage or a web front. */
  | "other"
  /** The host of a foreign layer, from its descriptor. */
  | "foreign layer"
  /** A proxy between this machine and the registry. */
  | "proxy";

interface FailedRequest {
  readonly method: string;
  readonly url: URL;
  readonly what: string;
  readonly registry: string;
  readonly responder: Exclude<Responder, "proxy">;
  /** The proxy that passed on the request and can read it. It may have answered itself. */
  readonly proxy?: string | undefined;
}

/**
 * Converts an unexpected response to an error. Never throws; consumes or cancels the body. The text, the code and the hint of a
 * registry's error come only from the registry itself.
 */
export async function toRegistryError(
  response: Response,
  { responder: expected, proxy, ...request }: FailedRequest,
  { redact = (text) => text, ...options }: CrossdockErrorOptions & {
    now: number;
    /** Removes what was sent to the registry from its text. */
    redact?: (text: string) => string;
  },
): Promise<RegistryError> {
  const body = redact(await readErrorText(response));
  const responder: Responder = response.status === 407 ? "proxy" : expected;
  const isRegistry = responder === "registry";
  const found = parseErrors(body);
  const errors = isRegistry ? found : [];
  const text = isRegistry ? body : "";
  const maybeProxy = proxy !== undefined && responder !== "proxy" && found.length === 0 &&
    mayBeOfProxy(response, body);
  const isWebPage = isHtml(response, body);
  const code = isRegistry && isTlsPort(body)
    ? "tls"
    : codeOf(response, { ...request, responder, errors: found, isWebPage });
  const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), options.now);
  const answer = { method: request.method, url: request.url, status: response.status, errors };
  const status = describeStatus(response, errors, text);
  const ending = code === "tls"
    ? "; the server requires TLS, but the request used plain HTTP"
    : isRegistry && isWebPage && response.status === 404
    ? " with a web page, which no registry sends"
    : "";
  const way = maybeProxy ? `, through the proxy ${proxy}` : "";
  const facts = { ...request, code, responder, isWebPage, retryAfterMs, now: options.now };
  return new RegistryError(
    code,
    answer,
    `${request.what}: ${nameOf(responder, request)} answered ${redact(status)}${ending}${way}`,
    // The caller's hint is about the credential for the registry. A web page is probably not the registry's own refusal.
    {
      retryAfterMs,
      ...options,
      hint: maybeProxy
        ? `the proxy may have answered itself: check HTTP_PROXY, or add ${request.url.hostname} to NO_PROXY to connect directly`
        : (isRegistry && !(isWebPage && code === "denied") ? options.hint : undefined) ??
          hintFor(facts),
    },
  );
}

/** Headers that proxies add to their own errors: RFC 9209, Squid, and older ones. */
const PROXY_HEADERS = ["proxy-status", "x-squid-error", "proxy-agent", "proxy-connection"];

/** Whether a proxy may have sent a response: it does not look like one of a registry. */
function mayBeOfProxy({ headers }: Response, body: string): boolean {
  if (PROXY_HEADERS.some((name) => headers.has(name))) return true;
  return !headers.has("docker-distribution-api-version") && !/^\s*[{[]/.test(body);
}

function nameOf(responder: Responder, { url, registry }: { url: URL; registry: string }): string {
  switch (responder) {
    case "registry":
      return registry;
    case "token server":
      return `token server ${url.host} of ${registry}`;
    case "other":
    case "foreign layer":
      return url.host;
    case "proxy":
      return `the proxy before ${url.host}`;
  }
}

function isHtml(response: Response, body: string): boolean {
  return /^text\/html\b/i.test(response.headers.get("content-type") ?? "") ||
    /^\s*<(!doctype\s+html|html)\b/i.test(body);
}

/** Texts of Go, nginx and Apache for a request in plain HTTP to a port with TLS. */
function isTlsPort(body: string): boolean {
  return /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled server/i
    .test(body);
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
  const isMarkup = /^\s*</.test(text);
  return text.trim() === "" || isMarkup
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

/** The facts about a response that decide its code. */
interface Answer extends Pick<FailedRequest, "method" | "url"> {
  readonly responder: Responder;
  readonly errors: readonly RegistryErrorDetail[];
  readonly isWebPage: boolean;
}

function codeOf(response: Response, answer: Answer): ErrorCode {
  const { responder, errors, isWebPage } = answer;
  if (responder === "proxy") return "network";
  const hasVersion = response.headers.has("docker-distribution-api-version");
  if (responder === "registry") {
    return response.status === 404 && isWebPage && !hasVersion && errors.length === 0
      ? "registry"
      : toCode(response.status, answer);
  }
  // A registry may redirect to another registry. Storage and web hosts do not answer like one.
  if (responder === "other" && (hasVersion || errors.length > 0)) {
    return toCode(response.status, answer);
  }
  if (response.status === 413) return "limit";
  if (responder === "foreign layer" && response.status === 404) return "not_found";
  return responder === "token server" && response.status === 429 ? "rate_limited" : "registry";
}

function toCode(status: number, { method, url, errors }: Answer): ErrorCode {
  if (status === 429 || hasCode(errors, "TOOMANYREQUESTS")) return "rate_limited";
  // Only a write of a manifest can be rejected because of a tag.
  const writesTag = (method === "PUT" || method === "DELETE") && /\/manifests\//.test(url.pathname);
  const isImmutable = errors.some(({ code, message }) => /immutable/i.test(`${code} ${message}`));
  if (writesTag && (isImmutable || status === 409)) return "conflict";
  if (status === 401) return "unauthorized";
  if (status === 403) return "denied";
  if (status === 404) return "not_found";
  if (status === 413) return "limit";
  return "registry";
}

function hintFor({ code, responder, isWebPage, method, url, registry, retryAfterMs, now }: {
  readonly method: string;
  readonly code: ErrorCode;
  readonly responder: Responder;
  readonly isWebPage: boolean;
  readonly url: URL;
  readonly registry: string;
  readonly retryAfterMs: number | undefined;
  readonly now: number;
}): string | undefined {
  if (responder === "proxy") {
    return "the proxy requires a credential; put it into the URL in HTTP_PROXY or HTTPS_PROXY";
  }
  const later = retryAfterMs === undefined
    ? "try again later"
    : `try again after ${new Date(now + retryAfterMs).toISOString()}`;
  if (responder === "other") {
    return `${url.host} is not ${registry}, but a host that it refers to, such as its storage; ` +
      `${later}, and check that no proxy or firewall blocks ${url.host}`;
  }
  if (responder === "foreign layer") return undefined;
  if (responder === "token server") {
    return code === "rate_limited" ? `the token server limits requests; ${later}` : undefined;
  }
  switch (code) {
    case "tls":
      return "use --src-tls on or --dest-tls on";
    case "rate_limited":
      return retryAfterMs === undefined
        ? "the registry limits requests; try again later, or use a credential with a higher limit"
        : `the registry limits requests; ${later}`;
    case "not_found":
      return method === "GET" && /\/blobs\/sha/.test(url.pathname)
        ? "the registry has a manifest without this blob: push the image to it again"
        : "check the name; some registries answer 404 if a credential is missing";
    case "denied":
      return isWebPage
        ? "the response is a web page: check that no proxy or firewall blocks the request, then the permissions on the repository"
        : "the registry denies this action to the credential; check its permissions on the repository";
    case "conflict":
      return "the registry does not allow overwriting this tag; use another tag";
    case "registry":
      return isWebPage
        ? "check the registry name: another service answers at this host"
        : undefined;
    default:
      return undefined;
  }
}
