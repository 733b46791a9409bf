/** Proxies and CA certificates of the environment, on each host. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { NetworkError } from "../../src/errors.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import type { TlsOptions } from "../../src/runtime.ts";
import { setEnvironment } from "../support/environment.ts";
import { startProxy } from "../support/proxy_server.ts";
import type { ProxyServer } from "../support/proxy_server.ts";
import { certificate } from "./certificate.ts";
import { OneBufferReader } from "./one_buffer_reader.ts";
import { freePort } from "./support.ts";

const runtime = await createRuntime();
const MIB = 1024 * 1024;

const UNSET = {
  ...{ http_proxy: undefined, https_proxy: undefined, all_proxy: undefined, no_proxy: undefined },
  ...{ HTTP_PROXY: undefined, HTTPS_PROXY: undefined, ALL_PROXY: undefined, NO_PROXY: undefined },
};

function useProxy(url: string, exceptions = ""): Disposable {
  return setEnvironment({ ...UNSET, HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: exceptions });
}

/** A server that answers with the number of bytes of the body. */
async function startServer(scheme: "http" | "https"): Promise<AsyncDisposable & { port: number }> {
  const server = scheme === "https" ? createHttpsServer(certificate) : createHttpServer();
  server.on("tlsClientError", () => {});
  server.on("request", (request, response) => {
    let bytes = 0;
    request.on("data", (data: Uint8Array) => bytes += data.byteLength);
    request.on("end", () => response.end(`${request.method} ${bytes}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends a request without a body, one with a small body, and an upload. Returns the texts of the responses. */
async function sendEach(url: URL, tls?: TlsOptions): Promise<string[]> {
  const headers = new Headers();
  const uploadSize = 2 * MIB;
  return [
    await (await runtime.fetch({ method: "GET", url, headers, tls })).text(),
    await (await runtime.fetch({ method: "POST", url, headers, tls, body: "abc" })).text(),
    await (await runtime.upload({
      ...{ method: "PUT", url, headers, tls, sizeBytes: uploadSize },
      body: new OneBufferReader(uploadSize),
    })).text(),
  ];
}

const EXPECTED = ["GET 0", "POST 3", `PUT ${2 * MIB}`];

test("fetch() and upload() send plain HTTP through a proxy that alone knows the name", async () => {
  await using proxy = await startProxy();
  await using server = await startServer("http");
  using _ = useProxy(proxy.url);
  const url = new URL(`http://dst.registry.test:${server.port}/v2/`);
  assert.deepEqual(await sendEach(url), EXPECTED);
  assert.equal(proxy.requests[0], `GET ${url}`);
  assert.ok(proxy.bytes > 2 * MIB, `${proxy.bytes} bytes`);
});

test("fetch() and upload() send TLS through a proxy by CONNECT, with each TLS option", async () => {
  await using server = await startServer("https");
  for (
    const [name, tls] of [
      ["localhost", { caCerts: [certificate.cert] }],
      ["dst.registry.test", { unverified: true }],
    ] as const
  ) {
    await using proxy = await startProxy();
    using _ = useProxy(proxy.url);
    const url = new URL(`https://${name}:${server.port}/v2/`);
    assert.deepEqual(await sendEach(url, tls), EXPECTED);
    assert.equal(proxy.requests[0], `CONNECT ${url.host}`);
    assert.ok(proxy.bytes > 2 * MIB, `${proxy.bytes} bytes`);
  }
});

test("fetch() and upload() do not send hosts of NO_PROXY through the proxy", async () => {
  await using proxy = await startProxy();
  await using plain = await startServer("http");
  await using secure = await startServer("https");
  using _ = useProxy(proxy.url, "10.0.0.1,127.0.0.0/8,.localhost");
  const tls = { caCerts: [certificate.cert] };
  assert.deepEqual(await sendEach(new URL(`http://127.0.0.1:${plain.port}/`)), EXPECTED);
  assert.deepEqual(await sendEach(new URL(`https://localhost:${secure.port}/`), tls), EXPECTED);
  assert.deepEqual(proxy.requests, []);
});

async function assertProxyFails(proxyUrl: string, what: RegExp, hint: RegExp): Promise<void> {
  await using plain = await startServer("http");
  await using secure = await startServer("https");
  using _ = useProxy(proxyUrl);
  for (const [scheme, { port }] of [["http", plain], ["https", secure]] as const) {
    const url = new URL(`${scheme}://dst.registry.test:${port}/v2/`);
    const headers = new Headers();
    const upload = { method: "PUT", url, headers, sizeBytes: 3, body: new OneBufferReader(3) };
    for (
      const send of [
        () => runtime.fetch({ method: "GET", url, headers }),
        () => runtime.upload(upload),
      ]
    ) {
      await assert.rejects(send(), (error) => {
        assert.ok(error instanceof NetworkError, String(error));
        assert.equal(error.failure, "proxy", error.message);
        const { host } = new URL(proxyUrl);
        assert.ok(error.message.startsWith(`connect to ${url.host} through the proxy ${host}: `));
        assert.match(error.message, what);
        assert.match(error.hint ?? "", hint);
        return true;
      });
    }
  }
}

test("fetch() and upload() name a proxy that refuses the connection", async () => {
  const url = `http://user:secret@127.0.0.1:${await freePort()}`;
  await assertProxyFails(url, /the proxy refused the connection$/, /check HTTPS?_PROXY.*NO_PROXY/);
});

test("fetch() and upload() name a proxy whose name does not resolve", async () => {
  await assertProxyFails("http://proxy.invalid:3128", /the proxy's name does not/, /_PROXY/);
});

test("fetch() and upload() name a proxy that requires a password", async () => {
  await using proxy = await startProxy();
  await assertProxyFails(`http://${proxy.host}`, /password$/, /_PROXY to http:\/\/USER:PASSWORD@/);
});

async function assertTunnelFails(refusal: string, what: RegExp): Promise<void> {
  await using proxy: ProxyServer = await startProxy({ refusal });
  using _ = useProxy(proxy.url);
  const url = new URL("https://dst.registry.test/v2/");
  await assert.rejects(runtime.fetch({ method: "GET", url, headers: new Headers() }), (error) => {
    assert.ok(error instanceof NetworkError);
    assert.match(error.message, what);
    assert.equal(error.isTemporary, refusal.startsWith("5"));
    return true;
  });
}

test("fetch() names a proxy that rejects CONNECT", async () => {
  await assertTunnelFails("403 Forbidden", /through the proxy .* does not allow/);
  await assertTunnelFails("502 Bad Gateway", /through the proxy .* cannot connect to the host/);
});
