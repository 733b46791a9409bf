import { test } from "node:test";
import assert from "node:assert/strict";
import type { NetworkFailure } from "../../src/errors.ts";
import { toNetworkError, toRequestError } from "../../src/hosts/network_failure.ts";

const url = new URL("https://user:pass@r.example:5000/v2/?token=x");

/** What each host throws, as it was seen on Deno 2.9, Node 24, Bun 1.4 and workerd: code, message, failure, part of the message. */
const seen: readonly [string, string, NetworkFailure, RegExp][] = [
  ["", "client error (Connect): dns error: failed to lookup address information", "dns", /name/],
  [
    "",
    "client error (Connect): tcp connect error: Connection refused (os error 111)",
    "refused",
    /refused/,
  ],
  ["", "Connection reset by peer (os error 104)", "reset", /closed/],
  ["", "client error (SendRequest): connection closed before message completed", "reset", /closed/],
  ["", "client error (Connect): tls handshake eof", "reset", /closed/],
  ["", "client error (SendRequest): invalid HTTP version parsed", "unknown", /not HTTP/],
  ["", "received corrupt message of type InvalidContentType", "not_tls", /TLS/],
  ["", "invalid peer certificate: UnknownIssuer", "certificate", /trusted/],
  ["", "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "certificate", /trusted/],
  [
    "",
    "invalid peer certificate: certificate expired: verification time 1795576382 (UNIX)",
    "certificate",
    /expired/,
  ],
  [
    "",
    "invalid peer certificate: certificate not valid yet: verification time 1 (UNIX)",
    "certificate",
    /expired/,
  ],
  [
    "",
    'invalid peer certificate: certificate not valid for name "127.0.0.1"',
    "certificate",
    /another name/,
  ],
  ["ENOTFOUND", "getaddrinfo ENOTFOUND r.example", "dns", /name/],
  ["EAI_AGAIN", "getaddrinfo EAI_AGAIN r.example", "dns", /name/],
  ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1", "refused", /refused/],
  ["ECONNRESET", "socket hang up", "reset", /closed/],
  ["UND_ERR_SOCKET", "other side closed", "reset", /closed/],
  ["EPIPE", "write EPIPE", "reset", /closed/],
  [
    "EPROTO",
    "write EPROTO 40:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number",
    "not_tls",
    /TLS/,
  ],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "error:0A00010B", "not_tls", /TLS/],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "error:0A0000C6", "not_tls", /TLS/],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate", "certificate", /trusted/],
  ["SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in chain", "certificate", /trusted/],
  [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "unable to verify the first certificate",
    "certificate",
    /trusted/,
  ],
  ["CERT_HAS_EXPIRED", "certificate has expired", "certificate", /expired/],
  ["CERT_NOT_YET_VALID", "certificate is not yet valid", "certificate", /expired/],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "Hostname/IP does not match", "certificate", /another name/],
  ["HPE_INVALID_CONSTANT", "Parse Error: Expected HTTP/, RTSP/ or ICE/", "unknown", /not HTTP/],
  [
    "EPROTO",
    "EPROTO: The TLS handshake failed. Does the server speak TLS on this port?",
    "not_tls",
    /TLS/,
  ],
  ["ConnectionRefused", "Unable to connect.", "refused", /refused/],
  ["ConnectionClosed", "The socket connection was closed unexpectedly.", "reset", /closed/],
  ["", "Network connection lost.", "reset", /refused or closed/],
  ["", "internal error; reference = 3epipe5rljg7g9evn9h5lmgo", "unknown", /name|TLS/],
  ["", "something else", "unknown", /failed/],
];

for (const [code, message, failure, what] of seen) {
  test(`toNetworkError() names ${code || "Deno's"} "${message}"`, () => {
    const cause = Object.assign(new Error(message), code ? { code } : {});
    for (const error of [cause, new TypeError("fetch failed", { cause })]) {
      const named = toNetworkError(error, url);
      assert.equal(named.failure, failure);
      assert.match(named.message, /^connect to r\.example:5000: [^/@?]+$/);
      assert.match(named.message, what);
      assert.equal(named.cause, error);
    }
  });
}

test("toRequestError() passes the signal's reason on", () => {
  const reason = new Error("enough");
  assert.equal(toRequestError(new Error("x"), { url, signal: AbortSignal.abort(reason) }), reason);
});
