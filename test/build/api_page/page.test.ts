import assert from "node:assert/strict";
import { test } from "node:test";
import { listRoutes } from "../../../build/api/model.ts";
import { renderPage } from "../../../build/api_page/page.ts";
import { PROBLEMS } from "../../../src/problem.ts";
import { getDocument } from "../api/api_document.ts";
import { startDocumentedApp } from "../../server/documented_app.ts";
import { HOSTILE, sampleApi, sampleInfo, sampleOperation } from "./sample_api.ts";

const OPTIONS = { styles: ["assets/base-0.css", "assets/docs-0.css"] };

async function renderReal(): Promise<string> {
  await using documented = await startDocumentedApp();
  return await renderPage(await getDocument(documented.app), OPTIONS);
}

test("renderPage() escapes all text of the document", async () => {
  const schema = {
    type: "object",
    description: HOSTILE,
    properties: { [HOSTILE]: { type: HOSTILE, description: HOSTILE, pattern: HOSTILE } },
  };
  const answer = {
    description: HOSTILE,
    headers: { [HOSTILE]: { required: false, schema: {}, description: HOSTILE } },
    content: { [HOSTILE]: { schema, examples: { one: { value: HOSTILE } } } },
  };
  const operation = sampleOperation({
    summary: HOSTILE,
    description: `${HOSTILE}\n\n\`${HOSTILE}\``,
    security: [{ bearer: [HOSTILE] }],
    parameters: [{
      name: HOSTILE,
      in: "query",
      required: true,
      schema: { enum: [HOSTILE], description: HOSTILE },
      examples: { one: { value: HOSTILE } },
    }],
    requestBody: {
      required: true,
      content: {
        "application/json": {
          schema: { $ref: "#/components/schemas/Hostile" },
          examples: { one: { value: { [HOSTILE]: HOSTILE } } },
        },
      },
    },
    responses: { 200: answer, 400: { $ref: "#/components/responses/Problem400" } },
  });
  const html = await renderPage(
    sampleApi(operation, {
      info: { ...sampleInfo, title: HOSTILE, version: HOSTILE, description: HOSTILE },
      tags: [{ name: "Things", description: HOSTILE }],
      components: {
        schemas: { Hostile: schema },
        responses: { Problem400: answer },
        securitySchemes: {},
      },
    }),
    OPTIONS,
  );
  for (const [tag] of html.matchAll(/<[^>]*>/g)) {
    assert.match(tag, /^<(!DOCTYPE html|\/?[a-z]+\d?( [a-z-]+="[^"<]*")*)>$/);
    assert.doesNotMatch(tag, /^<(script|img src="?x)/);
  }
  // In JSON and in curl's lines quotes are escaped once more, by a backslash.
  assert.ok(html.split("&lt;script&gt;alert(").length > 25);
});

test("renderPage() has no script, no style of an element's own and no resource from elsewhere", async () => {
  const html = await renderReal();
  assert.doesNotMatch(html, /<script|<iframe|<object|<embed|\sstyle=|\son[a-z]+=|@import|url\(/);
  const sources = [...html.matchAll(/<link[^>]*href="([^"]*)"|\ssrc="([^"]*)"/g)]
    .map(([, href, src]) => href ?? src ?? "");
  assert.ok(sources.length > 0);
  for (const source of sources) assert.match(source, /^assets\/[\w.-]+$/);
});

test("renderPage() leads to all that it links to, and names nothing twice", async () => {
  const html = await renderReal();
  const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  const links = [...html.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href = ""]) => href);
  assert.ok(links.length > 100);
  for (const link of links.filter((link) => !["openapi.json", "./"].includes(link))) {
    assert.ok(link.startsWith("#") && ids.includes(link.slice(1)), link);
  }
});

test("renderPage() shows every operation, schema and problem", async () => {
  await using documented = await startDocumentedApp();
  const document = await getDocument(documented.app);
  const html = await renderPage(document, OPTIONS);
  const wanted = [
    ...listRoutes(document).map(({ operation }) => operation.operationId),
    ...Object.keys(document.components.schemas).map((name) => `schema-${name}`),
    ...Object.keys(PROBLEMS).map((code) => `problem-${code}`),
    ...Object.keys(document.components.responses).map((name) => name.replace("P", "p"))
      .map((name) => name.replace("problem", "problem-")),
  ];
  for (const id of wanted) assert.ok(html.includes(`id="${id}"`), id);
});
