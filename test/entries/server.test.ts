import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { requestId } from "hono/request-id";
import { createApp, createServer, fromEnv } from "../../src/entries/server.ts";
import type { EmbedOptions, ServerSettings } from "../../src/entries/server.ts";
import type { DurableCopies } from "../../src/durable/durable_copies.ts";
import { noCredentials, staticCredentials } from "../../src/auth/credentials.ts";
import type { SyncReport } from "../../src/sync/model.ts";
import { memoryStore } from "../support/memory_store.ts";
import { putImage } from "../support/image.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { startRegistry } from "../support/registry.ts";
import { until } from "../support/until.ts";

const TOKEN = "a-token-of-the-caller";
const SECRET = "a-secret-of-the-hook-1";

const QUIET: EmbedOptions = { write: () => {} };

function settingsFor({ source, destination }: Pair): ServerSettings {
  return {
    tokens: [{ name: "ci", token: TOKEN, scope: "copy" }],
    allowSources: [`${source.host}/**`],
    allowDestinations: [`${destination.host}/**`],
    allowPrivate: [source.host, destination.host],
    retries: 0,
    configText: [
      "sync:",
      "- name: app",
      `  source: ${source.host}/app:1`,
      `  target: ${destination.host}/mirror/app:1`,
      "  type: image",
      "  schedule: 0 3 * * *",
      "webhooks:",
      "  in:",
      `    quay: {kind: path, place: "${source.host}", secrets: ['{{ env "SECRET" }}']}`,
    ].join("\n"),
    variables: { SECRET },
  };
}

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    headers: {
      "authorization": `Bearer ${TOKEN}`,
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify(body),
  };
}

/** The ways to serve the API below `/mirror`. */
const MOUNTS: Readonly<Record<string, (create: (more?: EmbedOptions) => Hono) => Hono>> = {
  "route()": (create) => new Hono().route("/mirror", create()),
  "route() with a trailing slash": (create) => new Hono().route("/mirror/", create()),
  "nested route()": (create) => new Hono().route("/", new Hono().route("/mirror", create())),
  "basePath() and route()": (create) => new Hono().basePath("/mirror").route("/", create()),
  "route() below a parameter": (create) => new Hono().route("/:tenant", create()),
  "mount()": (create) => new Hono().mount("/mirror", create().fetch),
  "its own option basePath": (create) => {
    const app = create({ basePath: "/mirror/" });
    return new Hono().all("/mirror/*", ({ req }) => app.fetch(req.raw));
  },
};

for (const [name, mount] of Object.entries(MOUNTS)) {
  test(`createApp() serves all of the API below a path, by ${name}`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    const { descriptor: { digest } } = await putImage(source, "app", { tag: "1" });
    const app = mount((more) => createApp(settingsFor(pair), { ...QUIET, ...more }));
    const url = (path: string): string => `http://crossdock.test/mirror${path}`;

    assert.deepEqual(await (await app.request(url("/healthz"))).json(), { status: "ok" });
    const names = { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };

    const stream = await app.request(url("/v1/copies"), post(names));
    assert.equal(stream.headers.get("content-type"), "application/x-ndjson");
    const events = (await stream.text()).trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(events.at(-1).report.digest, digest);

    const inspect = url(`/v1/images?reference=${encodeURIComponent(names.source)}`);
    const image = await app.request(inspect, { headers: { authorization: `Bearer ${TOKEN}` } });
    assert.equal((await image.json()).root.descriptor.digest, digest);

    const unknown = await app.request(url("/v1/unknown"));
    assert.equal(unknown.status, 404);
    assert.equal(unknown.headers.get("content-type"), "application/problem+json");
    const wrongMethod = await app.request(url("/v1/copies"), { method: "PUT" });
    assert.deepEqual([wrongMethod.status, wrongMethod.headers.get("allow")], [405, "POST"]);
    assert.equal((await app.request(url("/v1/copies"), { method: "POST" })).status, 401);
    assert.equal((await app.request(url("/healthz"), { method: "HEAD" })).status, 200);

    const hook = await app.request(url(`/hooks/quay/${SECRET}`), post({}));
    assert.equal(hook.status, 400, "the hook is found and rejects the body");
    assert.equal((await app.request(url("/hooks/quay/wrong-secret-123"), post({}))).status, 404);

    const document = await (await app.request(url("/openapi.json"))).json();
    const server = new URL(document.servers[0].url, url("/openapi.json"));
    assert.equal(server.href, "http://crossdock.test/mirror/");
    const page = await (await app.request(url("/docs"))).text();
    const first = await app.request(url("/"));
    assert.equal(first.status, 200);
    const links = [...`${await first.text()}${page}`.matchAll(/ (?:href|src|action)="([^"#]+)/g)]
      .map(([, link = ""]) => link);
    assert.ok(links.length > 5, `${links}`);
    for (const link of links) {
      const { href } = new URL(link, url("/docs"));
      assert.ok(href.startsWith("http://crossdock.test/mirror/"), href);
      assert.equal((await app.request(href)).status, 200, href);
    }
  });

  test(`createApp() gives Locations below a path, by ${name}`, async () => {
    await using pair = await startPair();
    await putImage(pair.source, "app", { tag: "1" });
    const id = "a".repeat(64);
    const durable: DurableCopies = {
      start: () => Promise.resolve({ id, state: "queued" }),
      get: () => Promise.resolve({ id, state: "running" }),
      cancel: () => Promise.resolve(undefined),
    };
    const app = mount((more) => createApp(settingsFor(pair), { ...QUIET, durable, ...more }));
    const url = "http://crossdock.test/mirror/v1/copies";
    const names = {
      source: `${pair.source.host}/app:1`,
      destination: `${pair.destination.host}/a`,
    };
    const started = await app.request(url, post(names, { prefer: "respond-async" }));
    assert.equal(started.status, 202);
    const location = new URL(started.headers.get("location") ?? "", url);
    assert.equal(location.href, `${url}/${id}`);
    const headers = { authorization: `Bearer ${TOKEN}` };
    assert.equal((await (await app.request(location.href, { headers })).json()).state, "running");
  });
}

test("createApp() keeps its own errors, context and middleware, and those of the outer app", async () => {
  await using pair = await startPair();
  const seen: string[] = [];
  const app = new Hono<{ Variables: { requestId: string; caller: string } }>();
  app.onError(() => {
    seen.push("outer error");
    return new Response("outer error", { status: 500 });
  });
  app.notFound(() => new Response("outer 404", { status: 404 }));
  app.use(requestId());
  app.use(async (context, next) => {
    context.set("caller", "outer");
    await next();
    seen.push(`${context.get("caller")} ${context.res.status}`);
    context.header("x-outer", "yes");
  });
  app.get("/own", (context) => context.text(context.get("caller")));
  app.get("/fail", () => {
    throw new Error("own");
  });
  app.route("/mirror", createApp(settingsFor(pair), QUIET));

  const denied = await app.request("/mirror/v1/tags?repository=a.io/b");
  assert.equal(denied.status, 401);
  const problem = await denied.json();
  assert.equal(problem.code, "unauthorized");
  assert.equal(denied.headers.get("x-outer"), "yes");
  assert.equal(denied.headers.get("x-request-id"), problem.requestId);
  assert.equal(await (await app.request("/own")).text(), "outer");
  assert.equal(await (await app.request("/fail")).text(), "outer error");
  assert.equal(await (await app.request("/other")).text(), "outer 404");
  assert.deepEqual(seen, ["outer 401", "outer 200", "outer error", "outer 500", "outer 404"]);
});

test("createApp() reads bodies that middleware of the outer app has read or limited", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  const app = new Hono();
  app.use(bodyLimit({ maxSize: 100_000 }));
  app.use(async ({ req }, next) => {
    if (req.method === "POST") await req.json();
    await next();
  });
  app.route("/mirror", createApp(settingsFor(pair), QUIET));
  const names = { source: `${pair.source.host}/app:1`, destination: `${pair.destination.host}/a` };
  const response = await app.request(
    "/mirror/v1/copies",
    post(names, { accept: "application/json" }),
  );
  assert.equal(response.status, 200);
  assert.equal((await response.json()).result, "copied");
});

test("createApp() aborts a copy when the client of the outer app disconnects", async () => {
  await using pair = await startPair();
  pair.source.fail({ action: { hang: true } });
  const app = new Hono().route("/mirror", createApp(settingsFor(pair), QUIET));
  const disconnect = new AbortController();
  const names = { source: `${pair.source.host}/app:1`, destination: `${pair.destination.host}/a` };
  const answering = app.request("/mirror/v1/copies", {
    ...post(names, { accept: "application/json" }),
    signal: disconnect.signal,
  });
  await until("the source is asked", () => pair.source.requests.length > 0);
  disconnect.abort();
  assert.equal((await answering).status, 499);
});

test("createApp() uses credentials that the program passes, before those of the settings", async () => {
  const auth = { type: "basic", users: { me: "right-password" } } as const;
  await using source = await startRegistry({ auth });
  await using destination = await startRegistry({ auth });
  const { descriptor: { digest } } = await putImage(source, "app", { tag: "1" });
  const settings = { ...settingsFor({ source, destination } as Pair), open: true };
  const names = { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };
  const call = post(names, { accept: "application/json" });
  const credentials = staticCredentials({
    kind: "basic",
    username: "me",
    password: "right-password",
  }, "test");
  const refused = await createApp(settings, { ...QUIET, credentials: noCredentials })
    .request("/v1/copies", call);
  assert.equal((await refused.json()).code, "unauthorized");
  const copied = await createApp(settings, { ...QUIET, credentials }).request("/v1/copies", call);
  assert.equal((await copied.json()).digest, digest);
});

test("createApp() without settings serves the health checks only", async () => {
  const app = createApp({}, QUIET);
  assert.equal((await app.request("/healthz")).status, 200);
  assert.equal((await app.request("/v1/tags?repository=a.io/b")).status, 401);
});

test("createServer() runs the rules that are due, each time once", async () => {
  await using pair = await startPair();
  const { descriptor: { digest } } = await putImage(pair.source, "app", { tag: "1" });
  const time = Date.UTC(2026, 0, 1, 2, 59);
  let now = time;
  const { createRuntime } = await import("../../src/hosts/detect.ts");
  const runtime = { ...await createRuntime(), now: () => now };
  const server = createServer(settingsFor(pair), { ...QUIET, runtime });
  await server.runDueRules();
  assert.deepEqual(pair.source.requests, []);
  now = time + 90_000;
  await server.runDueRules();
  assert.equal(pair.destination.getManifest("mirror/app", "1")?.digest, digest);
  const { length } = pair.source.requests;
  now += 60_000;
  await server.runDueRules();
  assert.equal(pair.source.requests.length, length);
  await server.runDueRules({ at: time + 60_000, before: time });
  assert.ok(pair.source.requests.length > length, "a tick of a scheduler is used as it is");
});

test("createServer() remembers in the store of the program what its rules have mirrored", async () => {
  await using pair = await startPair();
  for (const tag of ["1", "2"]) await putImage(pair.source, "app", { tag });
  const state = memoryStore();
  const settings = {
    ...settingsFor(pair),
    configText:
      `sync: [{name: app, type: repository, source: "${pair.source.host}/app", target: "${pair.destination.host}/app"}]`,
  };
  const runs: (true | undefined)[][] = [];
  for (let i = 0; i < 3; i++) {
    const call = post(i === 1 ? { dryRun: true } : {}, { accept: "application/json" });
    const response = await createApp(settings, { ...QUIET, state }).request("/v1/syncs", call);
    const { rules: [rule] } = await response.json() as SyncReport;
    runs.push(rule?.tags.map(({ remembered }) => remembered) ?? []);
  }
  assert.deepEqual(runs, [[undefined, undefined], [undefined, undefined], [true, true]]);
});

test("fromEnv() reads settings from a record, and none from the environment", async () => {
  await using pair = await startPair();
  const record = {
    CROSSDOCK_TOKENS: JSON.stringify({ ci: TOKEN }),
    CROSSDOCK_ALLOW_SOURCES: `${pair.source.host}/**`,
    CROSSDOCK_ALLOW_PRIVATE: pair.source.host,
  };
  await putImage(pair.source, "app", { tag: "1" });
  const app = createApp({ ...fromEnv(record), retries: 0 }, QUIET);
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await app.request(`/v1/tags?repository=${pair.source.host}/app`, { headers });
  assert.deepEqual((await response.json()).tags, ["1"]);
  assert.throws(() => fromEnv({ CROSSDOCK_LOG: "loud" }), { name: "ParseError" });
});

const WRONG: readonly [name: string, settings: unknown, error: RegExp][] = [
  [
    "text for a list",
    { allowSources: "docker.io/**" },
    /^TypeError: allowSources: expected a list, got string$/,
  ],
  [
    "a short token",
    { tokens: [{ name: "ci", token: "short", scope: "copy" }] },
    /^ParseError: ci: a token is shorter/,
  ],
  ["a name twice", {
    tokens: ["1", "2"].map((n) => ({ name: "ci", token: n.repeat(16), scope: "copy" })),
  }, /^ParseError: ci: two tokens have this name$/],
  ["a wrong rule", { configText: "sync: [{source: a}]" }, /configText:1:\d+: sync\[0\]/],
  ["a useless glob", { allowSources: ["!docker.io/**"] }, /excludes names/],
  ["a wrong credential", { googleServiceAccount: "{}" }, /^ParseError: /],
];

for (const [name, settings, error] of WRONG) {
  test(`createApp() rejects ${name}`, () => {
    assert.throws(() => createApp(settings as ServerSettings, QUIET), error);
  });
}
