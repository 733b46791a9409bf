import { test } from "node:test";
import assert from "node:assert/strict";
import type { InferRequestType, InferResponseType } from "hono/client";
import type { JSONParsed } from "hono/utils/types";
import type { PlanWithBudget } from "../../src/budget/model.ts";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/client.ts";
import type { Inspection, Performed, Verification } from "../../src/copy/model.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { Step } from "../../src/copy/step.ts";
import type { DurableCopy } from "../../src/durable/durable_copies.ts";
import type { Problem } from "../../src/problem.ts";
import type { StartedSync } from "../../src/rules/rules.ts";
import type { SyncStatus } from "../../src/sync/model.ts";

type V1 = Client["v1"];
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
type Takes<A, B> = B extends A ? true : false;
type Answer<Call, Status extends 200 | 202 | 404> = InferResponseType<Call, Status>;

test("createClient() has the types of the engine for each call", () => {
  const same: [
    // As JSON gives them back: without what JSON cannot hold.
    Same<Answer<V1["plans"]["$post"], 200>, JSONParsed<PlanWithBudget>>,
    Same<Answer<V1["images"]["$get"], 200>, JSONParsed<Inspection>>,
    Same<Answer<V1["verifications"]["$post"], 200>, JSONParsed<Verification>>,
    Same<Answer<V1["steps"]["$post"], 200>, JSONParsed<Performed>>,
    Same<Answer<V1["copies"]["$post"], 202>, JSONParsed<DurableCopy>>,
    Same<Answer<V1["copies"][":id"]["$get"], 200>, JSONParsed<DurableCopy>>,
    Same<Answer<V1["copies"][":id"]["$delete"], 404>["code"], Problem["code"]>,
    Same<Answer<V1["tags"]["$get"], 404>["code"], Problem["code"]>,
    Same<InferRequestType<V1["copies"]["$post"]>["json"], CopyRequestInput>,
    Takes<InferRequestType<V1["steps"]["$post"]>["json"], Step>,
    Same<InferRequestType<V1["images"]["$get"]>["query"], { reference: string }>,
    Same<Answer<V1["syncs"]["$get"], 200>, JSONParsed<SyncStatus>>,
    Same<Answer<V1["syncs"]["$post"], 202>, JSONParsed<StartedSync>>,
    Same<Answer<V1["syncs"]["$get"], 404>["code"], Problem["code"]>,
    Takes<InferRequestType<V1["syncs"]["$get"]>["query"], { rule: string[] }>,
  ] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true, true];
  assert.equal(same.length, 15);
  const client = createClient("https://a.example");
  // @ts-expect-error: a field that does not exist
  void (() => client.v1.copies.$post({ json: { source: "a", destinaton: "b" }, header: {} }));
  // @ts-expect-error: a route that does not exist
  void (() => client.v1.copy.$post({}));
});

/** The requests that a client sends. */
function record(): { requests: Request[]; fetch: typeof fetch } {
  const requests: Request[] = [];
  return {
    requests,
    fetch: (input, init): Promise<Response> => {
      requests.push(new Request(input, init));
      return Promise.resolve(Response.json({}));
    },
  };
}

test("createClient() sends token and headers to the server's own path, and follows no redirect", async () => {
  const { requests, fetch } = record();
  const client = createClient("https://a.example/dock/", {
    token: "s3cret",
    headers: { "x-team": "one" },
    fetch,
  });
  await client.v1.images.$get({ query: { reference: "a.io/b:1@sha256:0&x=" } });
  const [request] = requests;
  assert.equal(
    request?.url,
    "https://a.example/dock/v1/images?reference=a.io%2Fb%3A1%40sha256%3A0%26x%3D",
  );
  assert.equal(request?.headers.get("authorization"), "Bearer s3cret");
  assert.equal(request?.headers.get("x-team"), "one");
  assert.equal(request?.redirect, "manual");
});

const wrong: [url: string, wanted: RegExp, token?: string][] = [
  ["", /URL is invalid, expected https/],
  ["a.example", /URL is invalid, expected https/],
  ["ftp://a.example", /URL is invalid, expected https/],
  ["https://me:hunter2@a.example", /user or password/],
  ["https://a.example/?token=hunter2", /query or a fragment/],
  ["https://a.example/#hunter2", /query or a fragment/],
  ["http://a.example", /would be sent to a\.example unencrypted/, "hunter2"],
  ["http://10.0.0.1:8080", /unencrypted/, "hunter2"],
  ["https://a.example", /the token is empty or contains/, "hunter2 "],
  ["https://a.example", /the token is empty or contains/, "hunter2\n"],
  ["https://a.example", /the token is empty or contains/, "hünter2"],
  ["https://a.example", /the token is empty or contains/, ""],
];
for (const [url, wanted, token] of wrong) {
  test(`createClient() rejects ${JSON.stringify(url)} ${token ?? ""}`, () => {
    assert.throws(() => createClient(url, { token }), (error: Error) => {
      assert.equal(error.name, "ParseError");
      assert.match(error.message, wanted);
      assert.doesNotMatch(error.message, /hunter2|hünter2/);
      return true;
    });
  });
}

for (const url of ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"]) {
  test(`createClient() sends a token to this machine itself in the clear: ${url}`, async () => {
    const { requests, fetch } = record();
    await createClient(url, { token: "s3cret", fetch }).healthz.$get();
    assert.equal(requests[0]?.headers.get("authorization"), "Bearer s3cret");
  });
}
