// deno-lint-ignore-file explicit-function-return-type
/**
 * A local instance of Sigstore for make_fixtures.sh: Fulcio, Rekor and a timestamp authority of the package @sigstore/mock behind one
 * HTTP server. Runs on Node 24. Arguments: the port, and the file for the trust root.
 */
import { createHash, generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

const [port, rootFile, packages] = process.argv.slice(2);
const require = createRequire(join(packages, "package.json"));
const { fulcioHandler, initializeCA, initializeCTLog } = require("@sigstore/mock/dist/fulcio");
const { initializeTLog, rekorHandler } = require("@sigstore/mock/dist/rekor");
const { initializeTSA, tsaHandler } = require("@sigstore/mock/dist/timestamp");

const { TimeStampReq } = require("pkijs");

const url = `http://127.0.0.1:${port}`;
const newKeys = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const [caKeys, logKeys, tsaKeys] = [newKeys(), newKeys(), newKeys()];
const ctlog = await initializeCTLog(newKeys());
const ca = await initializeCA(caKeys, ctlog);
const tlog = await initializeTLog(url, logKeys);
const tsa = await initializeTSA(tsaKeys);
// Whole seconds: the library does not read some of the fractions that the package writes.
tsa.getCurrentTime = () => new Date(Math.ceil(Date.now() / 1000) * 1000);

// Before the certificates begin, and without an end.
const validFor = { start: "2020-01-01T00:00:00Z" };
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const authority = (name, certificate) => ({
  subject: { organization: "crossdock tests", commonName: name },
  uri: url,
  certChain: { certificates: [certificate].flat().map((one) => ({ rawBytes: base64(one) })) },
  validFor,
});
const log = (publicKey, logId) => ({
  baseUrl: url,
  hashAlgorithm: "SHA2_256",
  publicKey: { rawBytes: base64(publicKey), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
  logId: { keyId: base64(logId) },
});
writeFileSync(
  rootFile,
  JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [log(tlog.publicKey, createHash("sha256").update(tlog.publicKey).digest())],
    certificateAuthorities: [authority("ca", ca.rootCertificate)],
    ctlogs: [log(ctlog.publicKey, ctlog.logID)],
    timestampAuthorities: [authority("tsa", [tsa.intCertificate, tsa.rootCertificate])],
  }),
);

const handlers = [
  withBody(fulcioHandler(ca), addToken),
  { path: "/api/v1/signingCert", fn: issueForCosign2 },
  withBody(rekorHandler(tlog), toLogEntry),
  withBody(tsaHandler(tsa), toTimestampRequest),
];

function withBody({ path, fn }, convert) {
  return { path, fn: (body, headers) => fn(convert(body, headers)) };
}

/** cosign sends the token in a header, the client of sigstore-js in the body. */
function addToken(body, { authorization = "" }) {
  const [, oidcIdentityToken] = authorization.split(" ");
  return JSON.stringify({ ...JSON.parse(body.toString()), credentials: { oidcIdentityToken } });
}

/** The first version of the API, which cosign 2 uses. */
async function issueForCosign2(body, headers) {
  const { content } = JSON.parse(body.toString()).publicKey;
  const pem = Buffer.from(content, "base64").toString();
  const request = Buffer.from(
    JSON.stringify({ publicKeyRequest: { publicKey: { content: pem } } }),
  );
  const { response } = await fulcioHandler(ca).fn(addToken(request, headers));
  const { certificates } = JSON.parse(response).signedCertificateEmbeddedSct.chain;
  return { statusCode: 201, response: certificates.join("\n") };
}

/** Rekor logs hashes of an envelope, and the package the whole request. */
function toLogEntry(body) {
  const entry = JSON.parse(body.toString());
  if (entry.kind !== "dsse") return body.toString();
  const { envelope, verifiers: [verifier] } = entry.spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope);
  const hash = (bytes) => ({
    algorithm: "sha256",
    value: createHash("sha256").update(bytes).digest("hex"),
  });
  const spec = {
    envelopeHash: hash(envelope),
    payloadHash: hash(Buffer.from(payload, "base64")),
    signatures: signatures.map(({ sig }) => ({ signature: sig, verifier })),
  };
  return JSON.stringify({ apiVersion: entry.apiVersion, kind: entry.kind, spec });
}

/** cosign sends the request in DER, the client of sigstore-js in JSON. */
function toTimestampRequest(body) {
  const { messageImprint, nonce } = TimeStampReq.fromBER(Uint8Array.from(body).buffer);
  return JSON.stringify({
    artifactHash: base64(messageImprint.hashedMessage.valueBlock.valueHexView),
    hashAlgorithm: "sha256",
    nonce: Number(nonce?.toBigInt() ?? 0n),
    certificates: true,
  });
}

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { pathname: path } = new URL(request.url, url);
  const handler = handlers.find((one) => one.path === path);
  if (!handler) return response.writeHead(404).end(`no ${path}`);
  const result = await handler.fn(Buffer.concat(chunks), request.headers);
  // cosign expects 200 from Fulcio.
  const status = result.statusCode === 201 && /v2\/signingCert/.test(path)
    ? 200
    : result.statusCode;
  const [uuid = ""] = /entries/.test(path) ? Object.keys(JSON.parse(result.response)) : [];
  const type = result.contentType ?? "text/plain";
  response.writeHead(status, { "content-type": type, ...(uuid ? { etag: uuid } : {}) });
  response.end(result.response);
}).listen(Number(port), "127.0.0.1");
