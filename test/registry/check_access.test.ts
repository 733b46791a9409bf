import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAccess } from "../../src/registry/check_access.ts";
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
