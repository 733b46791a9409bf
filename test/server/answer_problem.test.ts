import assert from "node:assert/strict";
import { test } from "node:test";
import { createRouter } from "../../src/server/router.ts";
import { answerMissingRoute } from "../../src/server/answer_problem.ts";

const router = createRouter()
  .use("/v1/*", async (_, next) => await next())
  .get("/v1/things", (context) => context.text("things"))
  .post("/v1/things", (context) => context.text("made"))
  .delete("/v1/things/:id", (context) => context.text("gone"))
  .get("/openapi.json", (context) => context.text("{}"));
router.notFound((context) => answerMissingRoute(context, router.routes));

const WRONG_METHODS = [
  { method: "DELETE", path: "/v1/things", allow: "GET, POST, HEAD" },
  { method: "GET", path: "/v1/things/7", allow: "DELETE" },
  { method: "PATCH", path: "/openapi.json", allow: "GET, HEAD" },
];

for (const { method, path, allow } of WRONG_METHODS) {
  test(`answerMissingRoute() lists the methods of ${path} in reply to ${method}`, async () => {
    const response = await router.request(path, { method });
    const { status, code, detail } = await response.json();
    assert.deepEqual([response.status, status, code], [405, 405, "usage"]);
    assert.equal(response.headers.get("allow"), allow);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal(detail, `${path} does not support the method ${method}`);
  });
}

for (const path of ["/", "/v1", "/v1/things/7/8", "/openapixjson", "/v1/things/"]) {
  test(`answerMissingRoute() returns 404 for ${path}`, async () => {
    const response = await router.request(path);
    const { code, detail, hint } = await response.json();
    assert.deepEqual([response.status, code], [404, "not_found"]);
    assert.equal(detail, `no route at ${path}`);
    assert.match(hint, /\/docs/);
    assert.equal(response.headers.get("allow"), null);
  });
}
