import { CrossdockError, NetworkError } from "../errors.ts";
import type { NetworkFailure } from "../errors.ts";
import type { HttpRequest } from "../runtime.ts";

/** What a failure is called, and what can be done about it. */
interface Diagnosis {
  readonly failure: NetworkFailure;
  /** Tried on `<code> <message>` of each error in the chain of causes. */
  readonly pattern: RegExp;
  readonly what: string;
  readonly hint?: string;
}

const CA_HINT =
  "pass its CA with --src-ca or --dest-ca, or use --src-tls unverified or --dest-tls unverified to take any certificate";
const PLAIN_HINT =
  "the registry seems to speak plain HTTP; use --src-tls off or --dest-tls off if that is meant";
const TLS_HINT = "if the registry speaks TLS, leave out --src-tls off or --dest-tls off";

/**
 * The hosts' own words, first match first: Deno has sentences only (of hyper and rustls), Node and Bun have codes, and
 * Bun's had names of their own before they became Node's. workerd has two sentences for all that can go wrong.
 */
const DIAGNOSES: readonly Diagnosis[] = [
  {
    // Before all others: what follows is random, and might hold one of their words.
    failure: "unknown",
    pattern: /internal error; reference = /,
    what: "the name does not resolve, or there was no TLS that both sides take",
    hint: "check the registry's name and certificate, and whether it speaks TLS",
  },
  {
    failure: "certificate",
    pattern:
      /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|certificate (has )?expired|certificate (is )?not (yet )?valid( yet|:)/i,
    what: "its certificate has expired or is not valid yet",
    hint: "check the clock and the registry's certificate",
  },
  {
    failure: "certificate",
    pattern: /ALTNAME_INVALID|NotValidForName|not valid for (any )?name/i,
    what: "its certificate is for another name",
    hint: "check the registry's name, or use --src-tls unverified or --dest-tls unverified",
  },
  {
    failure: "certificate",
    pattern:
      /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|CERT_UNTRUSTED|CERT_SIGNATURE|CERT_REVOKED|INVALID_CA|INVALID_PURPOSE|self[- ]signed certificate|invalid peer certificate|UnknownIssuer/i,
    what: "its certificate is not trusted",
    hint: CA_HINT,
  },
  {
    failure: "not_tls",
    pattern:
      /WRONG_VERSION_NUMBER|wrong version number|PACKET_LENGTH_TOO_LONG|packet length too long|HTTP_REQUEST\b|InvalidContentType|corrupt message|does the server speak TLS/i,
    what: "it does not speak TLS",
    hint: PLAIN_HINT,
  },
  {
    failure: "dns",
    pattern: /ENOTFOUND|EAI_AGAIN|EAI_NO|dns error|failed to lookup|DNS_?Exception/i,
    what: "the name does not resolve",
    hint: "check the registry's name",
  },
  {
    failure: "refused",
    pattern: /ECONNREFUSED|ConnectionRefused|FailedToOpenSocket|connection refused/i,
    what: "nobody listens there",
    hint: "check host and port, and that the registry runs",
  },
  {
    failure: "unknown",
    pattern: /HPE_|HTTPParserError|invalid HTTP version|does not match the HTTP/i,
    what: "the answer is not HTTP",
  },
  {
    failure: "reset",
    pattern:
      /ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET|ConnectionClosed|ConnectionReset|ERR_SOCKET_CLOSED|ERR_STREAM_DESTROYED|ERR_STREAM_PREMATURE_CLOSE|socket hang up|other side closed|connection (was )?(closed|reset|aborted)|broken pipe|handshake eof|unexpected eof|socket is closed|error reading a body|end of file before message/i,
    what: "the connection was cut before the answer",
  },
  {
    failure: "reset",
    pattern: /Network connection lost/,
    what: "the connection was refused or cut",
    hint: "check host and port, that the registry runs, and whether it speaks TLS",
  },
  {
    failure: "unknown",
    pattern: /ETIMEDOUT|CONNECT_TIMEOUT|timed out/i,
    what: "no connection within the host's own time-out",
    hint: "check host, port and firewall",
  },
  {
    failure: "unknown",
    pattern: /EHOSTUNREACH|ENETUNREACH|unreachable/i,
    what: "there is no route to it",
    hint: "check host and network",
  },
];

/** Longer chains are cyclic. */
const MAX_CAUSES = 8;

/**
 * Names a failure below HTTP from what the host threw. The message holds host and port only: no path, query or credential.
 */
export function toNetworkError(error: unknown, url: URL): NetworkError {
  const words = describeCauses(error);
  const found = DIAGNOSES.find(({ pattern }) => pattern.test(words));
  const isNotHttp = found === undefined ? false : found.what === "the answer is not HTTP";
  const mayBeTls = url.protocol === "http:" && (found?.failure === "reset" || isNotHttp);
  return new NetworkError(
    found?.failure ?? "unknown",
    `connect to ${url.host}: ${found?.what ?? "the request failed"}`,
    { cause: error, hint: found?.hint ?? (mayBeTls ? TLS_HINT : undefined) },
  );
}

/** What a host rejects with: the signal's reason, an error of ours as it is, everything else as a NetworkError. */
export function toRequestError(
  error: unknown,
  { signal, url }: Pick<HttpRequest, "signal" | "url">,
): unknown {
  if (signal?.aborted) return signal.reason;
  return error instanceof CrossdockError ? error : toNetworkError(error, url);
}

function describeCauses(error: unknown): string {
  const words: string[] = [];
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    const code = "code" in current ? current.code : "";
    words.push(`${current.name} ${code} ${current.message}`);
    current = current.cause;
  }
  return words.join("\n");
}
