import assert from "node:assert/strict";
import { test } from "node:test";
import { startRegistry } from "./registry.ts";
import type { BearerAuth, RunningRegistry } from "./registry.ts";

const USERS = { ann: "s:cret" };
const ANN = `Basic ${btoa("ann:s:cret")}`;
const BEARER: BearerAuth = { type: "bearer", users: USERS };

test("Basic takes the right password and no other", async () => {
  await using registry = await startRegistry({ auth: { type: "basic", users: USERS } });
  assert.equal((await call(registry, "/v2/", ANN)).status, 200);
  for (
    const wrong of [undefined, `Basic ${btoa("ann:x")}`, `Basic ${btoa("toString:x")}`, "Basic %"]
  ) {
    const response = await call(registry, "/v2/", wrong);
    assert.equal(response.status, 401, wrong);
    assert.equal(response.headers.get("www-authenticate"), `Basic realm="registry"`);
  }
});

const CHALLENGES: [method: string, path: string, scope: string | undefined][] = [
  ["GET", "/v2/", undefined],
  ["GET", "/v2/app/tags/list", "repository:app:pull"],
  ["HEAD", "/v2/a/b/manifests/v1", "repository:a/b:pull"],
  ["PUT", "/v2/app/manifests/v1", "repository:app:pull,push"],
  ["POST", "/v2/app/blobs/uploads/", "repository:app:pull,push"],
  ["DELETE", "/v2/app/manifests/v1", "repository:app:delete"],
  [
    "POST",
    `/v2/app/blobs/uploads/?mount=sha256:${"0".repeat(64)}&from=base`,
    "repository:app:pull,push repository:base:pull",
  ],
];
for (const [method, path, scope] of CHALLENGES) {
  test(`Bearer challenges ${method} ${path.slice(0, 40)} for ${scope ?? "no scope"}`, async () => {
    await using registry = await startRegistry({ auth: BEARER });
    const response = await call(registry, path, undefined, method);
    assert.equal(response.status, 401);
    assert.equal(
      response.headers.get("www-authenticate"),
      `Bearer realm="${registry.url}/token",service="${registry.host}"` +
        (scope === undefined ? "" : `,scope="${scope}"`),
    );
  });
}

test("Bearer accepts a token for its granted access", async () => {
  await using registry = await startRegistry({ auth: BEARER });
  const bearer = `Bearer ${await getToken(registry, ["repository:app:pull"])}`;
  assert.equal((await call(registry, "/v2/app/tags/list", bearer)).status, 404);
  const push = await call(registry, "/v2/app/blobs/uploads/", bearer, "POST");
  assert.equal(push.status, 401);
  assert.match(push.headers.get("www-authenticate") ?? "", /,error="insufficient_scope"$/);
  assert.equal((await call(registry, "/v2/other/tags/list", bearer)).status, 401);
  assert.equal(registry.count({ kind: "token", status: 200 }), 1);
});

test("/token takes several scopes, apart or in one parameter", async () => {
  await using registry = await startRegistry({ auth: BEARER });
  const mount = `/v2/app/blobs/uploads/?mount=sha256:${"0".repeat(64)}&from=base`;
  const scopes = ["repository:app:pull,push", "repository:base:pull"];
  for (const form of [scopes, [scopes.join(" ")]]) {
    const bearer = `Bearer ${await getToken(registry, form)}`;
    assert.equal((await call(registry, mount, bearer, "POST")).status, 202, `${form}`);
  }
});

test("tokens end with their time, and when they are revoked", async () => {
  await using registry = await startRegistry({ auth: { ...BEARER, tokenLifetimeSeconds: 60 } });
  const first = `Bearer ${await getToken(registry, ["repository:app:pull"])}`;
  registry.advanceClock(59_000);
  assert.equal((await call(registry, "/v2/app/tags/list", first)).status, 404);
  registry.advanceClock(1_000);
  const late = await call(registry, "/v2/app/tags/list", first);
  assert.equal(late.status, 401);
  assert.match(late.headers.get("www-authenticate") ?? "", /,error="invalid_token"$/);
  const second = `Bearer ${await getToken(registry, ["repository:app:pull"])}`;
  registry.revokeTokens();
  assert.equal((await call(registry, "/v2/app/tags/list", second)).status, 401);
});

test("/token gives anonymous tokens to pull with, if at all", async () => {
  for (const anonymousPull of [false, true]) {
    await using registry = await startRegistry({ auth: { ...BEARER, anonymousPull } });
    const answer = await askToken(registry, ["repository:app:pull,push"], {});
    assert.equal(answer.status, anonymousPull ? 200 : 401);
    const { token } = await answer.json();
    if (!anonymousPull) continue;
    assert.equal((await call(registry, "/v2/app/tags/list", `Bearer ${token}`)).status, 404);
    const push = await call(registry, "/v2/app/blobs/uploads/", `Bearer ${token}`, "POST");
    assert.equal(push.status, 401);
  }
});

test("/token rejects a wrong password even if anonymous may pull, and a wrong service", async () => {
  await using registry = await startRegistry({ auth: { ...BEARER, anonymousPull: true } });
  const wrong = await askToken(registry, [], { authorization: `Basic ${btoa("ann:x")}` });
  assert.equal(wrong.status, 401);
  await wrong.text();
  const other = await fetch(`${registry.url}/token?service=other`);
  assert.equal(other.status, 400);
  await other.text();
});

test("/token answers in the field that was asked for", async () => {
  await using registry = await startRegistry({
    auth: { ...BEARER, tokenField: "access_token", service: "svc" },
  });
  const response = await fetch(`${registry.url}/token?service=svc`, {
    headers: { authorization: ANN },
  });
  const body = await response.json();
  assert.deepEqual(Object.keys(body), ["access_token", "expires_in", "issued_at"]);
});

test("POST /token takes an identity token", async () => {
  await using registry = await startRegistry({
    auth: { ...BEARER, identityTokens: { "id-1": "ann" } },
  });
  for (const [refreshToken, status] of [["id-1", 200], ["id-2", 401]] as const) {
    const response = await fetch(`${registry.url}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        service: registry.host,
        scope: "repository:app:pull",
        refresh_token: refreshToken,
      }),
    });
    assert.equal(response.status, status, refreshToken);
    const { access_token: token } = await response.json();
    const expected = status === 200 ? 404 : 401;
    assert.equal((await call(registry, "/v2/app/tags/list", `Bearer ${token}`)).status, expected);
  }
});

async function call(
  registry: RunningRegistry,
  path: string,
  authorization: string | undefined,
  method = "GET",
): Promise<Response> {
  const headers = new Headers();
  if (authorization !== undefined) headers.set("authorization", authorization);
  const response = await fetch(registry.url + path, { method, headers });
  await response.arrayBuffer();
  return response;
}

function askToken(
  registry: RunningRegistry,
  scopes: readonly string[],
  headers: Record<string, string>,
): Promise<Response> {
  const query = new URLSearchParams({ service: registry.host });
  for (const scope of scopes) query.append("scope", scope);
  return fetch(`${registry.url}/token?${query}`, { headers });
}

async function getToken(registry: RunningRegistry, scopes: readonly string[]): Promise<string> {
  const response = await askToken(registry, scopes, { authorization: ANN });
  assert.equal(response.status, 200);
  return (await response.json()).token;
}
