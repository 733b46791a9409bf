import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { createLocalPage, localPage } from "../../src/entries/local_page.ts";
import { startDocumentedApp } from "../server/documented_app.ts";

test("createLocalPage() says how to build a page that is missing", async () => {
  const pageFiles = createLocalPage(() => Promise.reject(new TypeError("Module not found")));
  await using documented = await startDocumentedApp({ host: { pageFiles } });
  for (const path of ["/", "/docs", "/assets/icon.svg"]) {
    const response = await documented.app.request(path);
    assert.equal(response.status, 404);
    const { detail, hint } = await response.json();
    assert.equal(detail, "the page is not built");
    assert.match(hint, /deno task page/);
  }
  assert.equal((await documented.app.request("/openapi.json")).status, 200);
});

test("localPage has the files that its pages name, and no others", async () => {
  for (const name of ["index.html", "docs.html"]) {
    const html = await localPage.file(name) ?? "";
    assert.ok(/^\s*<!DOCTYPE html>/.test(html), name);
    for (const [, path = ""] of html.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)) {
      assert.ok(await localPage.file(path), path);
    }
  }
  assert.equal(await localPage.file("__proto__"), undefined);
});

test("localPage has each file compressed", async () => {
  const bytes = await localPage.compressedFile?.("docs.html") ?? new Uint8Array();
  assert.equal(brotliDecompressSync(bytes).toString(), await localPage.file("docs.html"));
  assert.ok(bytes.length < 30_000, `${bytes.length} bytes`);
});
