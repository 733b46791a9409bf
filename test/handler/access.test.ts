import assert from "node:assert/strict";
import { test } from "node:test";
import { FOREIGN_BYTES, putForeign } from "../support/foreign_layer.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { bearer, readFailure, readProblem, readReport, startDock, TOKENS } from "./setup.ts";
import type { Dock } from "./setup.ts";

/** A copy of `app:1`, as a body. */
function requestOf({ source, destination }: Dock): { source: string; destination: string } {
  return { source: `${source.host}/app:1`, destination: `${destination.host}/app` };
}

function assertSilent({ source, destination }: Dock): void {
  assert.equal(source.count() + destination.count(), 0, "requests to registries");
}

test("without configured tokens the server rejects all calls except health checks", async () => {
  await using dock = await startDock({ variables: { CROSSDOCK_TOKENS: "" } });
  for (const path of ["/v1/copies", "/v1/plans", "/v1/steps", "/v1/verifications"]) {
    const response = await dock.send("POST", path, { body: requestOf(dock) });
    assert.match((await readProblem(response, 401)).hint ?? "", /CROSSDOCK_TOKENS/);
  }
  const reading = ["/v1/images?reference=alpine", "/v1/tags?repository=alpine"];
  for (const path of [...reading, "/openapi.json", "/docs"]) {
    await readProblem(await dock.send("GET", path), 401);
  }
  for (const path of ["/healthz", "/readyz"]) {
    assert.deepEqual(await (await dock.send("GET", path)).json(), { status: "ok" });
  }
  assertSilent(dock);
});

test("CROSSDOCK_OPEN makes tokens optional", async () => {
  await using dock = await startDock({
    variables: { CROSSDOCK_TOKENS: "", CROSSDOCK_OPEN: "true" },
  });
  await putImage(dock.source, "app", { tag: "1" });
  const response = await fetch(`${dock.handler.url}/v1/tags?repository=${dock.source.host}/app`);
  assert.deepEqual((await response.json()).tags, ["1"]);
});

test("a token permits the routes of its scope", async () => {
  await using dock = await startDock();
  const { source, destination } = dock;
  await putImage(source, "app", { tag: "1" });
  const tags = `/v1/tags?repository=${source.host}/app`;
  for (
    const headers of [bearer("read"), bearer("copy"), { authorization: `bearer ${TOKENS.read}` }]
  ) {
    const response = await dock.send("GET", tags, { headers });
    assert.equal(response.status, 200);
    await response.body?.cancel();
  }
  const body = requestOf(dock);
  const plan = await dock.send("POST", "/v1/plans", { body, headers: bearer("read") });
  assert.equal(plan.status, 200);
  await plan.body?.cancel();
  destination.clearRequests();
  const response = await dock.send("POST", "/v1/copies", { body, headers: bearer("read") });
  assert.match(response.headers.get("www-authenticate") ?? "", /insufficient_scope/);
  await readProblem(response, 403);
  const wrong = [
    "",
    "Bearer",
    "Basic Y2k6Y2k=",
    `Bearer ${TOKENS.copy}x`,
    `Bearer ${TOKENS.copy.slice(1)}`,
  ];
  for (const authorization of wrong) {
    const response = await dock.send("POST", "/v1/copies", { body, headers: { authorization } });
    assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer/);
    const problem = await readProblem(response, 401);
    assert.ok(!JSON.stringify(problem).includes(TOKENS.copy.slice(1)));
  }
  assert.equal(destination.count(), 0);
});

test("an invalid request points to the field, and no registry gets a request", async () => {
  await using dock = await startDock();
  const { source, destination } = dock;
  const good = requestOf(dock);
  const hub = "docker.io/library/alpine";
  const digest = `sha256:${"0".repeat(64)}`;
  const descriptor = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 2 };
  const step = {
    type: "manifest",
    source: `${source.host}/app`,
    destination: `${destination.host}/app`,
    descriptor,
  };
  const blob = { ...step, type: "blob", eager: true, verify: "auto" };
  const badDigest = { ...descriptor, digest: "sha256:../../x" };
  const cases: [path: string, body: unknown, status: number, pointer?: string][] = [
    ["/v1/copies", "{", 400, "#"],
    ["/v1/copies", "[]", 400, "#"],
    ["/v1/copies", { ...good, source: undefined }, 400, "#/source"],
    ["/v1/copies", { ...good, source: `${source.host}/App:1` }, 400, "#/source"],
    ["/v1/copies", { ...good, source: "oci:folder" }, 400, "#/source"],
    ["/v1/copies", { ...good, destination: 7 }, 400, "#/destination"],
    ["/v1/copies", { ...good, platforms: ["linux/amd64", "nonsense"] }, 400, "#/platforms/1"],
    ["/v1/copies", { ...good, verify: "maybe" }, 400, "#/verify"],
    ["/v1/copies", { ...good, colour: "red" }, 400],
    ["/v1/copies", { ...good, source: `x/${"y".repeat(70_000)}` }, 413],
    ["/v1/copies", { ...good, source: hub }, 403, "#/source"],
    ["/v1/copies", { ...good, destination: hub }, 403, "#/destination"],
    ["/v1/plans", { ...good, destination: hub }, 403, "#/destination"],
    ["/v1/verifications", { ...good, source: hub }, 403, "#/source"],
    ["/v1/verifications", { ...good, referrerSource: hub }, 403, "#/referrerSource"],
    ["/v1/verifications", { ...good, referrerDestination: hub }, 403, "#/referrerDestination"],
    ["/v1/verifications", { ...good, referrerSource: good.source }, 400, "#/referrerSource"],
    [
      "/v1/verifications",
      { ...good, referrerDestination: `${destination.host}/app@${digest}` },
      400,
      "#/referrerDestination",
    ],
    ["/v1/steps", { ...step, type: "other" }, 400, "#/type"],
    ["/v1/steps", { ...step, descriptor: badDigest }, 400, "#/descriptor/digest"],
    ["/v1/steps", { ...blob, mountFrom: ["app:pull repository:b/y"] }, 400, "#/mountFrom/0"],
    ["/v1/steps", { ...blob, mountFrom: [`${destination.host}/app`] }, 400, "#/mountFrom/0"],
    ["/v1/steps", { ...step, destination: hub }, 403, "#/destination"],
    ["/v1/steps", { ...step, source: hub }, 403, "#/source"],
    ["/v1/steps", { ...step, content: "{}" }, 400],
  ];
  for (const [path, body, status, pointer] of cases) {
    const problem = await readProblem(await dock.send("POST", path, { body }), status);
    const pointers = problem.errors?.map(({ pointer }) => pointer);
    if (pointer !== undefined) assert.deepEqual(pointers, [pointer], JSON.stringify(problem));
  }
  await readProblem(await dock.send("GET", "/v1/images"), 400);
  await readProblem(await dock.send("GET", "/v1/images?reference=a:b:c"), 400);
  const outside = await readProblem(await dock.send("GET", `/v1/tags?repository=${hub}`), 403);
  assert.deepEqual(outside.errors?.map(({ parameter }) => parameter), ["repository"]);
  const headers = { "content-type": "text/plain" };
  await readProblem(await dock.send("POST", "/v1/copies", { body: good, headers }), 415);
  assertSilent(dock);
});

test("unknown paths and methods respond with problems", async () => {
  await using dock = await startDock();
  await readProblem(await dock.send("GET", "/v2/"), 404);
  const response = await dock.send("GET", "/v1/copies");
  assert.equal(response.headers.get("allow"), "POST");
  await readProblem(response, 405);
});

test("browsers may call only from configured origins", async () => {
  const board = "https://board.example.com";
  await using dock = await startDock({ variables: { CROSSDOCK_CORS_ORIGINS: board } });
  const allowedFor = async (origin: string): Promise<string | null> => {
    const headers = { origin, "access-control-request-method": "POST" };
    const response = await dock.send("OPTIONS", "/v1/copies", { headers });
    await response.body?.cancel();
    return response.headers.get("access-control-allow-origin");
  };
  assert.equal(await allowedFor(board), board);
  assert.equal(await allowedFor("https://evil.example.com"), null);

  const headers = { origin: board, authorization: "" };
  const refused = await dock.send("POST", "/v1/copies", { body: {}, headers });
  assert.equal(refused.headers.get("access-control-allow-origin"), board);
  const exposed = refused.headers.get("access-control-expose-headers")?.split(/, ?/);
  assert.deepEqual(
    exposed,
    ["Location", "X-Request-Id", "Retry-After", "Preference-Applied", "WWW-Authenticate"],
  );
  await readProblem(refused, 401);
});

test("private addresses are rejected unless they are allowed by name", async () => {
  await using dock = await startDock({
    variables: ({ destination }) => ({ CROSSDOCK_ALLOW_PRIVATE: destination }),
  });
  const problem = await readFailure(await dock.copy());
  assert.equal(problem.code, "denied");
  assert.equal(problem.side, "source");
  assert.match(problem.hint ?? "", /CROSSDOCK_ALLOW_PRIVATE/);
  assert.equal(dock.source.count(), 0);
});

test("token realms, redirects and upload Locations cannot lead to a private address", async () => {
  await using trap = await startRegistry();
  const auth = {
    type: "bearer",
    users: {},
    realm: `${trap.url}/token`,
    anonymousPull: true,
  } as const;
  await using lured = await startDock({ source: { auth } });
  assert.equal((await readFailure(await lured.copy())).code, "denied");

  await using dock = await startDock();
  const { source, destination } = dock;
  const { layers: [layer] } = await putImage(source, "app", { tag: "1", layers: 1 });
  source.fail({ path: layer?.digest ?? "", action: { redirect: `${trap.url}/blob` } });
  assert.equal((await readFailure(await dock.copy())).code, "denied");
  const action = { status: 202, headers: { location: `${trap.url}/upload` } };
  destination.fail({ method: "POST", times: 9, action });
  assert.equal((await readFailure(await dock.copy())).code, "denied");
  assert.equal(trap.count(), 0);
});

test("a registry cannot send requests to the private host of the other registry", async () => {
  await using dock = await startDock();
  const { source, destination } = dock;
  const { layers: [layer] } = await putImage(source, "app", { tag: "1", layers: 1 });
  for (const path of ["manifests/1", layer?.digest ?? ""]) {
    source.fail({ method: "GET", path, action: { redirect: `${destination.url}/v2/inner` } });
    const problem = await readFailure(await dock.copy());
    assert.equal(problem.code, "denied");
    assert.match(problem.hint ?? "", new RegExp(`add ${source.host}=${destination.host} to`));
  }
  assert.equal(destination.count({ path: "inner" }), 0);
  const headers = { location: `${source.url}/api/delete-all` };
  destination.fail({ method: "POST", times: 9, action: { status: 202, headers } });
  assert.equal((await readFailure(await dock.copy())).code, "denied");
  for (const method of ["PUT", "DELETE"]) assert.equal(source.count({ method }), 0);
});

for (const isAllowed of [false, true]) {
  const what = isAllowed
    ? "is asked where it may be a source"
    : "is not asked where it may be none";
  test(`the URL of a foreign layer ${what}`, async () => {
    await using elsewhere = await startRegistry();
    const { digest } = await elsewhere.putBlob("layers", FOREIGN_BYTES);
    await using dock = await startDock({
      variables: ({ source }) => ({
        CROSSDOCK_ALLOW_SOURCES: [source, ...(isAllowed ? [elsewhere.host] : [])]
          .map((host) => `${host}/**`).join(" "),
        CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1 127.0.0.1:*=127.0.0.1",
      }),
    });
    await putForeign(dock.source, `http://${elsewhere.host}/v2/layers/blobs/${digest}`);
    const asked = elsewhere.count();
    const copying = await dock.copy({ foreignLayers: true });
    if (isAllowed) {
      await readReport(copying);
      assert.equal(elsewhere.count(), asked + 1);
    } else {
      const { code, errors } = await readFailure(copying);
      assert.deepEqual([code, errors?.[0]?.pointer], ["denied", "#/foreignLayers"]);
      assert.equal(elsewhere.count(), asked);
      assert.deepEqual(dock.destination.tags("app"), []);
    }
  });
}

test("CROSSDOCK_REGISTRY_AUTH has the credentials, and no response shows them", async () => {
  const users = { me: "hunter2hunter2" };
  const given = { username: "me", password: users.me };
  await using dock = await startDock({
    source: { auth: { type: "bearer", users } },
    destination: { auth: { type: "basic", users } },
    variables: ({ source, destination }) => ({
      CROSSDOCK_REGISTRY_AUTH: JSON.stringify({ auths: { [source]: given, [destination]: given } }),
    }),
  });
  await putImage(dock.source, "app", { tag: "1" });
  const response = await dock.copy();
  assert.doesNotMatch(await response.clone().text(), /hunter2/);
  await readReport(response);
});

test("a registry that requires a credential is a 502, not a 401", async () => {
  const auth = { type: "basic", users: { me: "hunter2" } } as const;
  await using dock = await startDock({ source: { auth } });
  const path = `/v1/tags?repository=${dock.source.host}/app`;
  const problem = await readProblem(await dock.send("GET", path), 502);
  assert.equal(problem.code, "unauthorized");
});

test("the page, /docs and /openapi.json need no token, and have all their files", async () => {
  await using dock = await startDock();
  const first = await fetch(`${dock.handler.url}/`);
  assert.equal(first.status, 200);
  const files = [...(await first.text()).matchAll(/(?:src|href)="(assets\/[^"]+)"/g)];
  assert.equal(files.length, 4);
  for (const [, file] of files) {
    const asset = await fetch(`${dock.handler.url}/${file}`);
    assert.equal(asset.status, 200, file);
    assert.match(asset.headers.get("content-type") ?? "", /^(text\/(css|javascript)|image\/svg)/);
    await asset.body?.cancel();
  }
  const page = await fetch(`${dock.handler.url}/docs`);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<article id="copy"/);
  const document = await (await fetch(`${dock.handler.url}/openapi.json`)).json();
  assert.equal(document.openapi, "3.1.0");
});
