import { CrossdockError, NetworkError } from "../errors.ts";
import type { NetworkFailure } from "../errors.ts";
import type { HttpRequest } from "../runtime.ts";

/** A proxy, and the environment variable that names it. */
export interface Proxy {
  readonly url: URL;
  readonly variable: string;
}

/** The name, message and hint for one kind of failure. */
interface Diagnosis {
  readonly failure: NetworkFailure;
  /** Matched against `<name> <code> <message>` of each error in the chain of causes. */
  readonly pattern: RegExp;
  readonly what: string;
  readonly hint?: string;
}

interface ProxyDiagnosis extends Pick<Diagnosis, "pattern" | "what"> {
  /** Whether a retry has the same result. */
  readonly isPermanent?: true;
}

const CA_HINT =
  "pass its CA with --src-ca or --dest-ca, or accept any certificate with --src-tls unverified or --dest-tls unverified";
const CLIENT_HINT =
  "pass a client certificate with --src-cert or --dest-cert, and its key with --src-key or --dest-key";
const PLAIN_HINT =
  "the registry seems to use plain HTTP; use --src-tls off or --dest-tls off to allow that";
const TLS_HINT = "if the registry uses TLS, use --src-tls on or --dest-tls on";

/**
 * The error texts of the hosts; the first match wins. Deno has only sentences (of hyper and rustls). Node and Bun have codes, and
 * older versions of Bun have other codes than Node. workerd has only two sentences for all failures.
 */
const DIAGNOSES: readonly Diagnosis[] = [
  {
    // Before all others: the reference is random text and could match another pattern.
    failure: "unknown",
    pattern: /internal error; reference = /,
    what: "the name does not resolve, or the TLS handshake failed",
    hint: "check the registry's name and certificate, and whether it uses TLS",
  },
  {
    failure: "certificate",
    pattern:
      /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|certificate (has )?expired|certificate (is )?not (yet )?valid( yet|:)/i,
    what: "its certificate has expired or is not valid yet",
    hint: "check the clock of this machine and the registry's certificate",
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
    failure: "certificate",
    pattern:
      /CERTIFICATE_REQUIRED|CertificateRequired|certificate required|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA|BadCertificate|UnknownCA/,
    what: "it requires a client certificate, or does not accept this one",
    hint: CLIENT_HINT,
  },
  {
    failure: "not_tls",
    pattern:
      /WRONG_VERSION_NUMBER|wrong version number|PACKET_LENGTH_TOO_LONG|packet length too long|HTTP_REQUEST\b|InvalidContentType|corrupt message|does the server speak TLS/i,
    what: "the server does not use TLS",
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
    what: "connection refused",
    hint: "check the host and port, and that the registry is running",
  },
  {
    failure: "unknown",
    pattern: /HPE_|HTTPParserError|invalid HTTP version|does not match the HTTP/i,
    what: "the response is not HTTP",
  },
  {
    failure: "reset",
    pattern:
      /ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET|ConnectionClosed|ConnectionReset|ERR_SOCKET_CLOSED|ERR_STREAM_DESTROYED|ERR_STREAM_PREMATURE_CLOSE|socket hang up|other side closed|connection (was )?(closed|reset|aborted)|broken pipe|handshake eof|unexpected eof|socket is closed|error reading a body|end of file before message/i,
    what: "the connection was closed before the response",
  },
  {
    failure: "reset",
    pattern: /Network connection lost/,
    what: "the connection was refused or closed",
    hint: "check the host and port, that the registry is running, and whether it uses TLS",
  },
  {
    failure: "unknown",
    pattern: /ETIMEDOUT|CONNECT_TIMEOUT|timed out/i,
    what: "connection timed out",
    hint: "check the host, port and firewall",
  },
  {
    failure: "unknown",
    pattern: /EHOSTUNREACH|ENETUNREACH|unreachable/i,
    what: "no route to the host",
    hint: "check the host and the network",
  },
];

/** Failures of a proxy. Without a match the failure is the registry's, or its own connection through the proxy. */
const PROXY_DIAGNOSES: readonly ProxyDiagnosis[] = [
  {
    pattern: /HTTP\/1\.\d 407|statusCode 407/,
    what: "the proxy requires a user name and a password",
    isPermanent: true,
  },
  {
    pattern: /ERR_PROXY_TUNNEL(?=[^]*HTTP\/1\.\d 4\d\d)/,
    what: "the proxy does not allow the connection",
    isPermanent: true,
  },
  {
    pattern: /ERR_PROXY_TUNNEL(?=[^]*HTTP\/1\.\d 5\d\d)/,
    what: "the proxy cannot connect to the host",
  },
  { pattern: /ERR_PROXY/, what: "the proxy did not open a connection" },
  {
    pattern: /ENOTFOUND|EAI_AGAIN|EAI_NO|DNS_?Exception/,
    what: "the proxy's name does not resolve",
  },
  { pattern: /ECONNREFUSED/, what: "the proxy refused the connection" },
  {
    pattern: /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    what: "the proxy is unreachable",
  },
];

/** A longer chain is probably cyclic. */
const MAX_CAUSES = 8;

/**
 * Converts an error thrown by the host to a NetworkError. The message contains only host and port: no path, query or credential.
 */
export function toNetworkError(error: unknown, url: URL, proxy?: Proxy): NetworkError {
  const words = describeCauses(error);
  const where = proxy ? `${url.host} through the proxy ${proxy.url.host}` : url.host;
  if (proxy) {
    const proxyFailure = PROXY_DIAGNOSES.find(({ pattern }) => pattern.test(words));
    if (proxyFailure) {
      return new NetworkError("proxy", `connect to ${where}: ${proxyFailure.what}`, {
        cause: error,
        isTemporary: !proxyFailure.isPermanent,
        hint: toProxyHint(proxyFailure.what, url, proxy),
      });
    }
  }
  const found = DIAGNOSES.find(({ pattern }) => pattern.test(words));
  const isNotHttp = found === undefined ? false : found.what === "the response is not HTTP";
  const mayBeTls = url.protocol === "http:" && (found?.failure === "reset" || isNotHttp);
  return new NetworkError(
    found?.failure ?? "unknown",
    `connect to ${where}: ${found?.what ?? "the request failed"}`,
    { cause: error, hint: found?.hint ?? (mayBeTls ? TLS_HINT : undefined) },
  );
}

function toProxyHint(what: string, url: URL, { variable }: Proxy): string {
  return what.includes("password")
    ? `set ${variable} to http://USER:PASSWORD@HOST:PORT`
    : `check ${variable}, or add ${url.hostname} to NO_PROXY to connect directly`;
}

/** Returns the signal's reason if it is aborted, a CrossdockError unchanged, and any other error as a NetworkError. */
export function toRequestError(
  error: unknown,
  { signal, url, proxy }: Pick<HttpRequest, "signal" | "url"> & { proxy?: Proxy | undefined },
): unknown {
  if (signal?.aborted) return signal.reason;
  return error instanceof CrossdockError ? error : toNetworkError(error, url, proxy);
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
