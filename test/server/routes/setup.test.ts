/** `/v1/setup` and `/v1/checks`: the server's configuration, and whether its credentials work. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Setup } from "../../../src/config/setup.ts";
import type { Problem } from "../../../src/problem.ts";
import type { AccessCheck } from "../../../src/registry/check_access.ts";
import { PACKAGE_VERSION } from "../../../src/version.ts";
import { bearer, TOKENS, variablesFor } from "../../handler/setup.ts";
import { startRegistry } from "../../support/registry.ts";
import type { RunningRegistry } from "../../support/registry.ts";
import { serveApp } from "../../support/serve_app.ts";
import type { ServedApp } from "../../support/serve_app.ts";

const HOOK_SECRET = "a-secret-of-the-hook";
const PASSWORD = "password-of-the-registry";

type Scope = keyof typeof TOKENS;

interface Dock extends AsyncDisposable {
  readonly registry: RunningRegistry;
  readonly server: ServedApp;
  setup(scope?: Scope): Promise<Setup>;
  check(body: unknown, scope?: Scope): Promise<Response>;
  push(secret: string, body?: unknown): Promise<Response>;
}

async function startDock(
  { password = PASSWORD, variables = {} }: {
    password?: string;
    variables?: Record<string, string>;
  } = {},
): Promise<Dock> {
  await using started = new AsyncDisposableStack();
  const registry = started.use(
    await startRegistry({ auth: { type: "basic", users: { me: PASSWORD } } }),
  );
  const server = started.use(
    await serveApp({
      ...variablesFor(registry),
      CROSSDOCK_RETRIES: "0",
      CROSSDOCK_CONFIG: `
creds:
- {registry: "${registry.host}", user: me, pass: ${password}}
webhooks:
  in:
    plain: {kind: bearer, place: "${registry.host}", secrets: [${HOOK_SECRET}]}
`,
      ...variables,
    }),
  );
  const kept = started.move();
  return {
    registry,
    server,
    async setup(scope = "read"): Promise<Setup> {
      const response = await fetch(`${server.url}/v1/setup`, { headers: bearer(scope) });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      for (const secret of [PASSWORD, HOOK_SECRET, ...Object.values(TOKENS)]) {
        assert.ok(!text.includes(secret), secret);
      }
      return JSON.parse(text);
    },
    check: (body, scope = "copy") =>
      fetch(`${server.url}/v1/checks`, {
        method: "POST",
        headers: { ...bearer(scope), "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    push: (secret, body = { repository: `${registry.host}/app`, tag: "1" }) =>
      fetch(`${server.url}/hooks/plain`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}` },
        body: JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function readCheck(response: Response): Promise<AccessCheck> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

async function readProblem(response: Response, status: number): Promise<Problem> {
  assert.equal(response.status, status);
  return await response.json();
}

test("GET /v1/setup has version, host, allow-lists, credentials and the caller's scope", async () => {
  await using dock = await startDock();
  const { host } = dock.registry;
  const setup = await dock.setup();
  assert.equal(setup.version, PACKAGE_VERSION);
  assert.equal(setup.host.memory, "process");
  assert.deepEqual(setup.caller, { token: "reader", scope: "read" });
  assert.deepEqual(setup.allowSources, [`${host}/**`]);
  assert.deepEqual(setup.credentials, [{ registry: host, from: "CROSSDOCK_CONFIG" }]);
  assert.deepEqual((await dock.setup("copy")).caller, { token: "copier", scope: "copy" });
  assert.equal(dock.registry.count(), 0);
});

test("GET /v1/setup has no caller if the server needs no token", async () => {
  await using server = await serveApp({ CROSSDOCK_OPEN: "true" });
  const setup: Setup = await (await fetch(`${server.url}/v1/setup`)).json();
  assert.equal(setup.caller, undefined);
  assert.equal(setup.open, true);
  assert.match(setup.warnings.join(), /CROSSDOCK_OPEN is true/);
});

test("GET /v1/setup has the last event and the last refusal of each webhook", async () => {
  await using dock = await startDock();
  assert.equal((await dock.setup()).hooks[0]?.lastEvent, undefined);
  await dock.push(HOOK_SECRET);
  await dock.push("a-wrong-secret-of-somebody");
  const [hook] = (await dock.setup()).hooks;
  assert.equal(hook?.lastEvent?.state, "ignored");
  assert.equal(hook?.lastEvent?.why, "no rule matches");
  assert.equal(hook?.lastRefusal?.code, "unauthorized");
  assert.match(hook?.lastRefusal?.hint ?? "", /^set the same secret in webhooks\.in and at /);
  assert.ok(!JSON.stringify(hook).includes("a-wrong-secret"));
});

test("GET /v1/setup does not remember webhooks that do not exist", async () => {
  await using dock = await startDock();
  const response = await fetch(`${dock.server.url}/hooks/unknown`, { method: "POST", body: "{}" });
  assert.equal(response.status, 404);
  await response.body?.cancel();
  const setup = await dock.setup();
  assert.deepEqual(setup.hooks.map(({ hook }) => hook), ["plain"]);
  assert.equal(setup.hooks[0]?.lastRefusal, undefined);
});

test("POST /v1/checks shows that a credential works for pull and push", async () => {
  await using dock = await startDock();
  const { host } = dock.registry;
  for (const body of [{ name: host }, { name: `${host}/app` }]) {
    assert.equal((await readCheck(await dock.check(body, "read"))).result, "accepted");
  }
  dock.registry.clearRequests();
  const check = await readCheck(await dock.check({ name: `${host}/app`, access: "push" }));
  assert.equal(check.result, "accepted");
  assert.match(check.from ?? "", /CROSSDOCK_CONFIG/);
  assert.deepEqual(dock.registry.requests.map(({ method }) => method).slice(-2), [
    "POST",
    "DELETE",
  ]);
});

test("POST /v1/checks shows that a credential is refused", async () => {
  await using dock = await startDock({ password: "another-password" });
  const { host } = dock.registry;
  for (const access of ["pull", "push"]) {
    const response = await dock.check({ name: `${host}/app`, access });
    const check = await readCheck(response);
    assert.equal(check.result, "refused", access);
    assert.ok(!JSON.stringify(check).includes("another-password"));
  }
});

test("POST /v1/checks needs the scope copy for a push, which opens an upload", async () => {
  await using dock = await startDock();
  const body = { name: `${dock.registry.host}/app`, access: "push" };
  const response = await dock.check(body, "read");
  assert.match(response.headers.get("www-authenticate") ?? "", /insufficient_scope/);
  await readProblem(response, 403);
  assert.equal(dock.registry.count(), 0);
});

test("POST /v1/checks sends nothing to a registry that is not allowed", async () => {
  await using dock = await startDock();
  const cases = [
    { name: "ghcr.io" },
    { name: "ghcr.io/org/app" },
    { name: "169.254.169.254" },
    { name: "169.254.169.254/app", access: "push" },
  ];
  for (const body of cases) {
    const problem = await readProblem(await dock.check(body), 403);
    assert.equal(problem.errors?.[0]?.pointer, "#/name", JSON.stringify(body));
  }
  assert.equal(dock.registry.count(), 0);
});

test("POST /v1/checks allows the registries of rules, which need no allow-list", async () => {
  await using registry = await startRegistry();
  await using server = await serveApp({
    ...variablesFor(),
    CROSSDOCK_ALLOW_PRIVATE: registry.host,
    CROSSDOCK_CONFIG:
      `sync: [{name: a, type: repository, source: "${registry.host}/app", target: "${registry.host}/copy"}]`,
  });
  const check = (body: unknown): Promise<Response> =>
    fetch(`${server.url}/v1/checks`, {
      method: "POST",
      headers: { ...bearer(), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const push = "push";
  assert.equal((await readCheck(await check({ name: registry.host }))).result, "anonymous");
  const name = `${registry.host}/copy`;
  assert.equal((await readCheck(await check({ name, access: push }))).result, "anonymous");
  await readProblem(await check({ name: `${registry.host}/app`, access: push }), 403);
  await readProblem(await check({ name: `${registry.host}/other` }), 403);
});

test("POST /v1/checks rejects what is no name of a registry", async () => {
  await using dock = await startDock();
  const { host } = dock.registry;
  const cases: [body: unknown, pointer: string][] = [
    [{}, "#/name"],
    [{ name: "" }, "#/name"],
    [{ name: "alpine" }, "#/name"],
    [{ name: host, access: "push" }, "#/name"],
    [{ name: `${host}/App` }, "#/name"],
    [{ name: "oci:folder" }, "#/name"],
    [{ name: `${host}/app:1` }, "#/name"],
    [{ name: "x".repeat(2000) }, "#/name"],
    [{ name: host, access: "delete" }, "#/access"],
    [{ name: host, colour: "red" }, "#/colour"],
  ];
  for (const [body, pointer] of cases) {
    const problem = await readProblem(await dock.check(body), 400);
    assert.equal(problem.errors?.[0]?.pointer, pointer, JSON.stringify(body).slice(0, 100));
  }
});
