/** The program with the proxies and CA certificates of its environment, and with the permissions of its task on Deno. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificate } from "../hosts/certificate.ts";
import { putImage } from "../support/image.ts";
import { startProxy } from "../support/proxy_server.ts";
import { startRegistry } from "../support/registry.ts";
import { runCrossdock } from "../support/run_crossdock.ts";

/** A registry with one tag and a certificate of a private CA. */
async function startPrivateRegistry(): Promise<AsyncDisposable & { host: string }> {
  const server = createServer(certificate, (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end('{"name":"app","tags":["v1"]}');
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function createCaFolder(): Promise<AsyncDisposable & { folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-ca-"));
  const file = join(folder, "ca.pem");
  await writeFile(file, certificate.cert);
  return { folder, file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test("crossdock trusts the CA of SSL_CERT_FILE, SSL_CERT_DIR and --ca", async () => {
  await using registry = await startPrivateRegistry();
  await using ca = await createCaFolder();
  const list = ["tags", "--tls", "on", `${registry.host}/app`];
  for (
    const [env, flags] of [
      [{ SSL_CERT_FILE: ca.file }, []],
      [{ SSL_CERT_DIR: ca.folder }, []],
      [{}, ["--ca", ca.file]],
    ] as [Record<string, string>, string[]][]
  ) {
    const run = await runCrossdock({ env }, ...list, ...flags);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.equal(run.stdout, "v1\n");
  }
});

test("crossdock names the missing CA, and an SSL_CERT_FILE that it cannot read", async () => {
  await using registry = await startPrivateRegistry();
  const list = ["tags", "--tls", "on", `${registry.host}/app`];
  const without = await runCrossdock({}, ...list);
  assert.equal(without.exitCode, 8, without.stderr);
  assert.match(without.stderr, /certificate is not trusted\n.*hint: pass its CA with --ca/s);
  const wrong = await runCrossdock({ env: { SSL_CERT_FILE: "/nowhere/ca.pem" } }, ...list);
  assert.equal(wrong.exitCode, 8, wrong.stderr);
  assert.match(wrong.stderr, /not trusted, and SSL_CERT_FILE cannot be read\n/);
});

test("crossdock copies between registries that only the proxy reaches", async () => {
  await using proxy = await startProxy();
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putImage(source, "app", { tag: "1", layers: 1, layerBytes: 2 * 1024 * 1024 });
  const [from, to] = [source, destination].map(({ host }) => host.replace(/.*:/, ""));
  const run = await runCrossdock(
    { env: { HTTP_PROXY: proxy.url } },
    ...["copy", "--src-tls", "off", "--dest-tls", "off"],
    ...[`src.registry.test:${from}/app:1`, `dst.registry.test:${to}/copy/app:1`],
  );
  assert.equal(run.exitCode, 0, run.stderr);
  assert.ok(destination.getManifest("copy/app", "1"));
});
