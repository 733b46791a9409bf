import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { startDocumentedApp } from "../documented_app.ts";

const PATHS = [
  { path: "/", mediaType: "text/html; charset=utf-8" },
  { path: "/openapi.json", mediaType: "application/json" },
  { path: "/docs", mediaType: "text/html; charset=utf-8" },
];

for (const { path, mediaType } of PATHS) {
  test(`${path} needs no token once the server is configured`, async () => {
    await using documented = await startDocumentedApp();
    const response = await documented.app.request(path);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), mediaType);
  });

  test(`${path} of an open server needs no token`, async () => {
    const variables = { CROSSDOCK_TOKENS: "", CROSSDOCK_OPEN: "true" };
    await using documented = await startDocumentedApp({ variables });
    assert.equal((await documented.app.request(path)).status, 200);
  });

  test(`${path} is rejected while no caller is configured`, async () => {
    await using documented = await startDocumentedApp({ variables: { CROSSDOCK_TOKENS: "" } });
    const response = await documented.app.request(path);
    assert.equal(response.status, 401);
    assert.equal(response.headers.get("www-authenticate"), "Bearer");
    assert.equal(response.headers.get("etag"), null);
    const { code, hint } = await response.json();
    assert.equal(code, "unauthorized");
    assert.match(hint, /CROSSDOCK_TOKENS/);
    assert.equal((await documented.app.request("/healthz")).status, 200);
  });

  test(`${path} responds with 304 to a request with its ETag`, async () => {
    await using documented = await startDocumentedApp();
    const first = await documented.app.request(path);
    assert.equal(first.headers.get("cache-control"), "no-cache");
    const headers = { "if-none-match": first.headers.get("etag") ?? "" };
    const second = await documented.app.request(path, { headers });
    assert.deepEqual([second.status, await second.text()], [304, ""]);
    const other = await documented.app.request(path, { headers: { "if-none-match": '"other"' } });
    assert.equal(other.status, 200);
  });
}

for (const path of ["/", "/docs"]) {
  test(`${path} has a policy without inline scripts and styles, and names only files that are there`, async () => {
    await using documented = await startDocumentedApp();
    const response = await documented.app.request(path);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
    assert.doesNotMatch(policy, /unsafe|https?:|data:|\*/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    const html = await response.text();
    const files = [...html.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, file]) =>
      `/${file}`
    );
    assert.ok(files.length >= 2, `${files}`);
    for (const file of files) {
      const asset = await documented.app.request(file);
      assert.equal(asset.status, 200, file);
      const caching = /-[A-Z0-9]{8}\.\w+$/.test(file) ? /immutable/ : /^no-cache$/;
      assert.match(asset.headers.get("cache-control") ?? "", caching);
    }
  });
}

test("/assets has nothing but the files of the page", async () => {
  await using documented = await startDocumentedApp();
  for (const name of ["page-00000000.js", "__proto__.js", "index.html", "..%2findex.html"]) {
    const response = await documented.app.request(`/assets/${name}`);
    assert.equal(response.status, 404, name);
    assert.match((await response.json()).hint, /reload the page/);
  }
});

test("the page, /docs and /openapi.json are not found on a host without their files", async () => {
  await using documented = await startDocumentedApp({ host: { pageFiles: undefined } });
  for (const { path } of PATHS) {
    const response = await documented.app.request(path);
    assert.equal(response.status, 404);
    assert.match((await response.json()).hint, /ASSETS/);
  }
});

test("/ is compressed for clients that accept it", async () => {
  await using documented = await startDocumentedApp();
  const plain = await documented.app.request("/");
  const headers = { "accept-encoding": "gzip, deflate, br, zstd" };
  const compressed = await documented.app.request("/", { headers });
  assert.equal(plain.headers.get("content-encoding"), null);
  assert.equal(compressed.headers.get("content-encoding"), "br");
  for (const response of [plain, compressed]) {
    assert.equal(response.headers.get("vary"), "accept-encoding");
  }
  assert.notEqual(plain.headers.get("etag"), compressed.headers.get("etag"));
  const bytes = new Uint8Array(await compressed.arrayBuffer());
  assert.equal(brotliDecompressSync(bytes).toString(), await plain.text());
});

for (
  const [accepted, wanted] of [
    ["br", "br"],
    ["BR;q=0.5, gzip", "br"],
    ["gzip,br;q=1.0", "br"],
    ["br;q=0", null],
    ["gzip, br; q=0.0, deflate", null],
    ["brotli, x-br", null],
    ["*", null],
    ["identity", null],
  ] as const
) {
  test(`/ for a client that accepts ${accepted} is ${wanted ? "" : "not "}compressed`, async () => {
    await using documented = await startDocumentedApp();
    const response = await documented.app.request("/", {
      headers: { "accept-encoding": accepted },
    });
    assert.equal(response.headers.get("content-encoding"), wanted);
  });
}
