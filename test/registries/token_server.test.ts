import assert from "node:assert/strict";
import { test } from "node:test";
import { startTokenServer, type TokenServer } from "./token_server.ts";

test("startTokenServer() GET takes several scopes in one parameter and in many", async () => {
  await using server = await startTokenServer({ users: { ann: { password: "p:w" } } });
  const query = "scope=repository:a:pull%20repository:b:push&scope=repository:c:5000/d:pull,push";
  const { status, body } = await askToken(server, query, basic("ann", "p:w"));
  assert.equal(status, 200);
  assert.equal(body["expires_in"], 300);
  assert.equal(body["refresh_token"], undefined);
  const scopes = ["repository:a:pull", "repository:b:push", "repository:c:5000/d:pull,push"];
  assert.deepEqual(server.issued.map((token) => token.scopes), [scopes]);
});

const refusals = {
  "no credentials": {},
  "a wrong password": basic("ann", "wrong"),
  "an unknown user": basic("toString", "undefined"),
  "another scheme": { authorization: "Bearer x" },
};
for (const [what, headers] of Object.entries(refusals)) {
  test(`startTokenServer() GET refuses ${what}`, async () => {
    await using server = await startTokenServer({ users: { ann: { password: "p" } } });
    const { status } = await askToken(server, "scope=repository:a:pull", headers);
    assert.equal(status, 401);
    assert.deepEqual(server.issued, []);
  });
}

test("startTokenServer() anonymousPull gives pull and nothing else", async () => {
  await using server = await startTokenServer({ anonymousPull: true });
  const { status } = await askToken(server, "scope=repository:a:pull,push&scope=repository:b:push");
  assert.equal(status, 200);
  assert.deepEqual(server.issued.map(({ account, scopes }) => [account, scopes]), [
    ["", ["repository:a:pull"]],
  ]);
});

test("startTokenServer() POST trades a password for a refresh token, and that for a token", async () => {
  await using server = await startTokenServer({ users: { ann: { password: "p" } } });
  const common = { service: server.service, client_id: "tests" };
  const password = { ...common, grant_type: "password", username: "ann", password: "p" };
  const online = await postToken(server, password);
  assert.equal(online.body["refresh_token"], undefined);
  const first = await postToken(server, { ...password, access_type: "offline" });
  const refresh_token = String(first.body["refresh_token"]);
  const scope = "repository:a:pull repository:b:pull,push";
  const refresh = { ...common, grant_type: "refresh_token", refresh_token, scope };
  const second = await postToken(server, refresh);
  assert.equal(second.status, 200);
  assert.equal(second.body["scope"], scope);
  assert.equal(second.body["refresh_token"], refresh_token);
  const stored = server.createRefreshToken("ann");
  assert.equal((await postToken(server, { ...refresh, refresh_token: stored })).status, 200);
  assert.deepEqual(server.issued.map(({ account }) => account), ["ann", "ann", "ann", "ann"]);

  const statuses = [];
  for (
    const bad of [
      { ...password, password: "wrong" },
      { ...refresh, refresh_token: "made up" },
      { ...refresh, grant_type: "authorization_code" },
      { ...refresh, service: "other" },
    ]
  ) statuses.push((await postToken(server, bad)).status);
  assert.deepEqual(statuses, [401, 401, 400, 400]);
});

function basic(username: string, password: string): Record<string, string> {
  return { authorization: `Basic ${btoa(`${username}:${password}`)}` };
}

interface TokenAnswer {
  status: number;
  body: Record<string, unknown>;
}

async function askToken(
  server: TokenServer,
  query: string,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const response = await fetch(`${server.realm}?service=${server.service}&${query}`, { headers });
  return { status: response.status, body: await response.json() };
}

async function postToken(server: TokenServer, form: Record<string, string>): Promise<TokenAnswer> {
  const response = await fetch(server.realm, { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, body: await response.json() };
}
