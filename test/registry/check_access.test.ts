import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAccess } from "../../src/registry/check_access.ts";
import { staticCredentials } from "../../src/auth/credentials.ts";
import { startRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import { failureOf, openSide } from "./setup.ts";

function answer404(headers: Record<string, string>): Promise<Awaited<ReturnType<typeof serve>>> {
  return serve(() => new Response("<html></html>", { status: 404, headers }));
}

test("checkAccess() rejects a host that answers 404 with a web page", async () => {
  await using server = await answer404({ "content-type": "text/html; charset=utf-8" });
  const { client } = await openSide(server.host);
  const error = await failureOf(checkAccess(client, "a/b"));
  assert.equal(error.code, "registry");
  assert.match(error.message, /answered 404 with a web page, which no registry sends$/);
  assert.match(error.hint ?? "", /another service answers at this host/);
});

test("checkAccess() accepts a missing repository", async () => {
  for (
    const headers of [
      { "content-type": "application/json" },
      { "content-type": "text/html", "docker-distribution-api-version": "registry/2.0" },
    ]
  ) {
    await using server = await answer404(headers as Record<string, string>);
    const { client } = await openSide(server.host);
    assert.equal((await checkAccess(client, "a/b")).result, "anonymous");
  }
});

test("checkAccess() opens an upload to check the right to push, and cancels it", async () => {
  await using registry = await startRegistry();
  const { client } = await openSide(registry.host);
  assert.equal((await checkAccess(client, "a/b", { isPush: true })).result, "anonymous");
  assert.deepEqual(registry.requests.map(({ method }) => method), ["POST", "DELETE"]);
});

test("checkAccess() does not create a missing repository to check the right to push", async () => {
  await using server = await serve(() => new Response("{}", { status: 404 }));
  const createRepository = (): never => assert.fail("created a repository");
  const { client } = await openSide(server.host, { createRepository });
  assert.equal((await checkAccess(client, "a/b", { isPush: true })).result, "anonymous");
});

test("checkAccess() cancels no upload at another host", async () => {
  const methods: string[] = [];
  await using server = await serve(({ method }) => {
    methods.push(method);
    return new Response(null, { status: 202, headers: { location: "http://127.0.0.1:9/upload" } });
  });
  const { client } = await openSide(server.host);
  assert.equal((await checkAccess(client, "a/b", { isPush: true })).result, "anonymous");
  assert.deepEqual(methods, ["POST"]);
});

test("checkAccess() accepts the right to push although the upload cannot be cancelled", async () => {
  await using registry = await startRegistry();
  registry.fail({ method: "DELETE", action: { status: 405 } });
  const { client } = await openSide(registry.host);
  assert.equal((await checkAccess(client, "a/b", { isPush: true })).result, "anonymous");
});

test("checkAccess() reports a credential that may pull but not push", async () => {
  await using server = await serve(({ method }) =>
    new Response("{}", { status: method === "POST" ? 403 : 200 })
  );
  const { client } = await openSide(server.host, {
    credentials: staticCredentials({ kind: "basic", username: "me", password: "x" }, "test"),
  });
  assert.equal((await checkAccess(client, "a/b")).result, "accepted");
  assert.equal((await checkAccess(client, "a/b", { isPush: true })).result, "refused");
});
