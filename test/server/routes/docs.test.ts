import assert from "node:assert/strict";
import { test } from "node:test";
import { startDocumentedApp } from "../documented_app.ts";

const PATHS = [
  { path: "/openapi.json", mediaType: "application/json" },
  { path: "/docs", mediaType: "text/html; charset=UTF-8" },
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

test("/docs has a policy that blocks all other resources", async () => {
  await using documented = await startDocumentedApp();
  const response = await documented.app.request("/docs");
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; /);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
});

test("/docs and /openapi.json are not found on a host without their files", async () => {
  await using documented = await startDocumentedApp({ host: { apiFiles: undefined } });
  for (const { path } of PATHS) {
    const response = await documented.app.request(path);
    assert.equal(response.status, 404);
    assert.match((await response.json()).hint, /ASSETS/);
  }
});
