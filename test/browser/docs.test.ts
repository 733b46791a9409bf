import assert from "node:assert/strict";
import { test } from "node:test";
import { listRoutes } from "../../build/api/model.ts";
import { getDocument } from "../build/api/api_document.ts";
import { startDocumentedApp } from "../server/documented_app.ts";
import { serve } from "../support/serve.ts";
import { openUrl } from "./browser.ts";

test("/docs opens in a browser without an error, and shows every operation", async () => {
  await using documented = await startDocumentedApp();
  const { app } = documented;
  const asked: string[] = [];
  await using server = await serve((request) => {
    asked.push(new URL(request.url).pathname);
    return app.fetch(request);
  });
  await using opened = await openUrl(`${server.url}/docs`);
  const dom = await opened.page.content();
  assert.deepEqual(opened.messages, []);
  assert.ok(
    asked.length > 1 && asked.every((path) => /^\/(docs$|assets\/)/.test(path)),
    `${asked}`,
  );
  for (const { method, path, operation } of listRoutes(await getDocument(app))) {
    const { operationId } = operation;
    const start = dom.indexOf(`<article id="${operationId}"`);
    assert.ok(start > 0, operationId);
    const article = dom.slice(start, dom.indexOf("</article>", start));
    assert.ok(article.includes(`>${method}</span>`) && article.includes(`<code>${path}</code>`));
    assert.ok(article.includes("curl "), operationId);
  }
  assert.equal((await fetch(new URL("openapi.json", `${server.url}/docs`))).status, 200);
});

test("/docs keeps its parts in their places when a browser has read it", async () => {
  await using documented = await startDocumentedApp();
  await using server = await serve((request) => documented.app.fetch(request));
  await using opened = await openUrl(`${server.url}/docs`);
  const dom = await opened.page.content();
  const sent = await (await documented.app.request("/docs")).text();
  // A tag that does not close, or that may not stand where it does, is moved or doubled by the parser.
  for (const tag of ["article", "section", "table", "tbody", "tr", "th", "td", "h3", "pre", "p"]) {
    const count = (html: string): number => html.split(new RegExp(`<${tag}[ >]`)).length - 1;
    assert.equal(count(dom), count(sent), tag);
  }
});

test("openUrl() reports what a policy blocks", async () => {
  await using server = await serve(() =>
    new Response("<!doctype html><p>page</p><script>document.title = 'ran'</script>", {
      headers: { "content-type": "text/html", "content-security-policy": "default-src 'none'" },
    })
  );
  await using opened = await openUrl(server.url);
  const dom = await opened.page.content();
  assert.ok(dom.includes("<p>page</p>") && !dom.includes("<title>ran"));
  assert.match(opened.messages.join("\n"), /Content Security Policy/);
});
