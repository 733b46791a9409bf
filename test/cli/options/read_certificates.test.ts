import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { certificate } from "../../hosts/certificate.ts";
import { engineCli } from "../engine_cli.ts";

const { cert, key } = certificate;
const files = {
  "/ca.pem": cert,
  "/me.pem": cert,
  "/me.key": key,
  "/both.pem": `${cert}${key}`,
  "/certs/ca.crt": cert,
  "/certs/me.cert": cert,
  "/certs/me.key": key,
};

/** A registry that answers only clients with the certificate of these tests. */
async function startRegistry(): Promise<AsyncDisposable & { host: string }> {
  const server = createServer(
    { ...certificate, ca: cert, requestCert: true, rejectUnauthorized: true },
    (_, response) => {
      response.setHeader("content-type", "application/json");
      response.end('{"tags":["1"]}');
    },
  );
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

for (
  const flags of [
    ["--ca", "/ca.pem", "--cert", "/me.pem", "--key", "/me.key"],
    ["--tls", "unverified", "--cert", "/both.pem"],
    ["--cert-dir", "/certs"],
  ]
) {
  test(`crossdock tags ${flags.join(" ")} reads a registry that requires a client certificate`, async () => {
    await using registry = await startRegistry();
    const { stdout, stderr } = await engineCli({ files }).run(
      "tags",
      ...flags,
      `${registry.host}/app`,
    );
    assert.equal(stderr, "");
    assert.equal(stdout, "1\n");
  });
}

test("crossdock tags names the flags if a registry requires a client certificate", async () => {
  await using registry = await startRegistry();
  const flags = ["--tls", "on", "--ca", "/ca.pem"];
  const { exitCode, stderr } = await engineCli({ files }).run(
    "tags",
    ...flags,
    `${registry.host}/app`,
  );
  assert.equal(exitCode, 8);
  assert.match(stderr, /requires a client certificate/);
  assert.match(stderr, /^hint: pass a client certificate with --cert, and its key with --key$/m);
});

test("crossdock sync sends the client certificate of creds", async () => {
  await using registry = await startRegistry();
  const config = {
    creds: [{ registry: registry.host, regcert: cert, clientCert: cert, clientKey: key }],
    sync: [{ type: "repository", source: `${registry.host}/app`, target: "localhost:1/app" }],
  };
  const cli = engineCli({ files: { "crossdock.yaml": JSON.stringify(config) } });
  const { stdout } = await cli.run("sync", "--status", "--retries", "0");
  assert.match(stdout, new RegExp(`${registry.host}/app:1`));
});
