import assert from "node:assert/strict";
import { test } from "node:test";
import { startDocumentedApp, TOKEN } from "../documented_app.ts";

const CALLS = [
  "POST /v1/copies",
  "GET /v1/copies/some",
  "DELETE /v1/copies/some",
  "POST /v1/steps",
  "POST /v1/verifications",
  "POST /v1/syncs",
  "POST /v1/plans",
  "GET /v1/images",
  "GET /v1/tags",
  "GET /v1/syncs",
];

for (const call of CALLS) {
  test(`${call} rejects unknown parameters`, async () => {
    await using documented = await startDocumentedApp();
    const { app, source, destination } = documented;
    const [method = "", path] = call.split(" ");
    const response = await app.request(`${path}?dryRun=true`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      ...(method === "POST" ? { body: "{}" } : {}),
    });
    assert.equal(response.status, 400);
    const { errors } = await response.json();
    assert.ok(
      errors.some((error: { parameter?: string; detail: string }) =>
        error.parameter === "dryRun" && error.detail === "unknown parameter"
      ),
      JSON.stringify(errors),
    );
    assert.deepEqual([...source.requests, ...destination.requests], []);
  });
}
