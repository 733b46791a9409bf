import assert from "node:assert/strict";
import { test } from "node:test";
import { startDocumentedApp, TOKEN } from "../documented_app.ts";

// deno-lint-ignore no-explicit-any
async function plan(budget: unknown, query = ""): Promise<{ status: number; json: any }> {
  await using documented = await startDocumentedApp();
  const { app, source, destination } = documented;
  const response = await app.request(`/v1/plans${query}`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({
      source: `${source.host}/library/alpine:3.20`,
      destination: `${destination.host}/mirror/alpine:3.20`,
      budget,
    }),
  });
  return { status: response.status, json: await response.json() };
}

for (const platform of ["workers-free", "workers-paid", "deno-deploy"]) {
  test(`POST /v1/plans adds the budget for ${platform}`, async () => {
    const { status, json } = await plan(platform);
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.budget.platform, platform);
    assert.equal(json.budget.ways.length, platform === "deno-deploy" ? 1 : 2);
  });
}

test("POST /v1/plans adds no budget unless asked", async () => {
  assert.equal("budget" in (await plan(undefined)).json, false);
});

test("POST /v1/plans?survey=false has a budget with wider bounds", async () => {
  const needsOf = async (query: string): Promise<{ atLeast: number; atMost: number }> =>
    (await plan("workers-free", query)).json.budget.ways[0].needs.subrequests;
  const [checked, unchecked] = [await needsOf(""), await needsOf("?survey=false")];
  assert.ok(unchecked.atLeast < checked.atLeast);
  assert.equal(unchecked.atMost, checked.atMost);
});

test("POST /v1/plans rejects an unknown budget and names the field", async () => {
  const { status, json } = await plan("lambda");
  assert.equal(status, 400);
  assert.equal(json.errors[0].pointer, "#/budget");
  assert.match(json.detail, /expected "workers-free", "workers-paid" or "deno-deploy"/);
});
