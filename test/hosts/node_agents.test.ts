/** Requests that connect only to the addresses that a guard has checked, and client certificates (mTLS), on each host. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { CrossdockError, NetworkError } from "../../src/errors.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import type { CheckedAddresses } from "../../src/runtime.ts";
import { setEnvironment } from "../support/environment.ts";
import { startProxy } from "../support/proxy_server.ts";
import { certificate } from "./certificate.ts";
import { OneBufferReader } from "./one_buffer_reader.ts";
import { get } from "./requests.ts";

const runtime = await createRuntime();

interface CountingServer extends AsyncDisposable {
  readonly port: number;
  readonly hosts: (string | undefined)[];
  readonly connections: () => number;
}

async function startServer({ scheme = "http" } = {}): Promise<CountingServer> {
  const server = scheme === "https" ? createTlsServer(certificate) : createServer();
  const hosts: (string | undefined)[] = [];
  let connections = 0;
  server.on(scheme === "https" ? "secureConnection" : "connection", () => connections++);
  server.on("tlsClientError", () => {});
  server.on("request", (request, response) => {
    hosts.push(request.headers.host);
    request.resume();
    request.on("end", () => response.end("answer"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    hosts,
    connections: () => connections,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function checkedAs(checkedFor: string, ...addresses: string[]): CheckedAddresses {
  return { addresses, checkedFor };
}

test("fetch() and upload() connect to checked addresses and reuse the connection", async () => {
  await using server = await startServer();
  const url = new URL(`http://registry.test:${server.port}/v2/`);
  const checked = checkedAs("a", "127.0.0.1");
  for (let i = 0; i < 3; i++) {
    const response = await runtime.fetch({ ...get(url), checked });
    assert.equal(await response.text(), "answer");
  }
  const body = new OneBufferReader(3);
  const upload = { ...get(url), method: "PUT", sizeBytes: 3, body, checked };
  assert.equal(await (await runtime.upload(upload)).text(), "answer");
  assert.deepEqual(server.hosts, Array(4).fill(url.host));
  assert.equal(server.connections(), 1);
});

test("fetch() uses no connection that was checked for another registry", async () => {
  await using server = await startServer();
  const url = new URL(`http://localhost:${server.port}/v2/`);
  const send = (checked?: CheckedAddresses) => runtime.fetch({ ...get(url), checked });
  await (await send(checkedAs("a", "127.0.0.1"))).text();
  await assert.rejects(send(checkedAs("b", "127.0.0.9")), { failure: "refused" });
  await assert.rejects(send(checkedAs("b", "127.0.0.9", "127.0.0.8")), { failure: "refused" });
  await (await send(checkedAs("b", "127.0.0.1"))).text();
  assert.equal(server.connections(), 2);
});

test("fetch() tries each of several checked addresses", async () => {
  await using server = await startServer();
  for (const first of ["::1", "127.0.0.9"]) {
    const url = `http://registry.test:${server.port}/`;
    const checked = checkedAs(first, first, "127.0.0.1");
    assert.equal(await (await runtime.fetch({ ...get(url), checked })).text(), "answer");
  }
});

test("fetch() verifies the certificate of a checked address by the name", async () => {
  await using server = await startServer({ scheme: "https" });
  const tls = { caCerts: [certificate.cert] };
  const send = (name: string, options: object) =>
    runtime.fetch({
      ...get(`https://${name}:${server.port}/`),
      checked: checkedAs("a", "127.0.0.1"),
      ...options,
    });
  for (let i = 0; i < 3; i++) {
    assert.equal(await (await send("localhost", { tls })).text(), "answer");
  }
  assert.equal(server.connections(), 1);
  for (const [name, options] of [["registry.test", { tls }], ["localhost", {}]] as const) {
    await assert.rejects(send(name, options), (error) => {
      assert.ok(error instanceof NetworkError, String(error));
      assert.equal(error.failure, "certificate", error.message);
      return true;
    });
  }
});

test("fetch() lets a proxy resolve the name", async () => {
  await using proxy = await startProxy();
  await using server = await startServer();
  using _ = setEnvironment({ http_proxy: proxy.url, no_proxy: "" });
  const url = `http://dst.registry.test:${server.port}/`;
  const checked = checkedAs("a", "127.0.0.9");
  assert.equal(await (await runtime.fetch({ ...get(url), checked })).text(), "answer");
  assert.deepEqual(proxy.requests, [`GET ${url}`]);
});

const caCerts = [certificate.cert];

/** A server that answers only clients with the certificate of these tests. */
async function startMutualServer(): Promise<AsyncDisposable & { url: string }> {
  const server = createTlsServer(
    { ...certificate, ca: certificate.cert, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      request.resume();
      request.on("end", () => response.end("hello"));
    },
  );
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

test("fetch() and upload() send a client certificate", async () => {
  await using server = await startMutualServer();
  for (const options of [{ caCerts }, { unverified: true }]) {
    const tls = { ...options, clientCertificate: certificate };
    const response = await runtime.fetch({ ...get(server.url), tls });
    assert.equal(await response.text(), "hello");
    const upload = {
      ...get(server.url),
      method: "PUT",
      sizeBytes: 3,
      body: new OneBufferReader(3),
      tls,
    };
    assert.equal(await (await runtime.upload(upload)).text(), "hello");
  }
});

test("fetch() names the missing client certificate", async () => {
  await using server = await startMutualServer();
  await assert.rejects(runtime.fetch({ ...get(server.url), tls: { caCerts } }), (error) => {
    assert.ok(error instanceof NetworkError, String(error));
    assert.match(
      `${error.failure} ${error.message}`,
      /^certificate .*requires a client certificate/,
    );
    assert.match(error.hint ?? "", /--src-cert or --dest-cert/);
    return true;
  });
});

test("fetch() rejects a key that does not belong to the client certificate", async () => {
  await using server = await startMutualServer();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  for (const other of [key, "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"]) {
    const tls = { caCerts, clientCertificate: { cert: certificate.cert, key: other } };
    await assert.rejects(runtime.fetch({ ...get(server.url), tls }), (error) => {
      assert.ok(error instanceof CrossdockError, String(error));
      assert.equal(error.code, "usage", error.message);
      assert.doesNotMatch(`${error.message} ${error.stack}`, /MIGH/);
      return true;
    });
  }
});
