import assert from "node:assert/strict";
import { test } from "node:test";
import { HOOKS } from "../../../build/api/examples.ts";
import { startDocumentedApp, TOKEN } from "../documented_app.ts";

test("POST /hooks/{name} on a server that stops responds with 503, so that the sender retries", async () => {
  let isStopping = true;
  await using documented = await startDocumentedApp({ host: { isStopping: () => isStopping } });
  const { app, source, destination, toReal } = documented;
  const { hook, body } = HOOKS.plain;
  const tell = (): Response | Promise<Response> =>
    app.request(`/hooks/${hook}`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: toReal(JSON.stringify(body)),
    });
  const refused = await tell();
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "5");
  assert.equal((await refused.json()).code, "aborted");
  assert.deepEqual([...source.requests, ...destination.requests], []);

  isStopping = false;
  assert.equal((await tell()).status, 202);
});
