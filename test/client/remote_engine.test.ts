import { test } from "node:test";
import assert from "node:assert/strict";
import { createRemoteEngine } from "../../src/client/remote_engine.ts";
import type { RemoteEngine } from "../../src/client/remote_engine.ts";
import { explainError } from "../../src/cli/output/explain_error.ts";
import { CopyError } from "../../src/copy/copy_error.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { CopyEvent, Verification } from "../../src/copy/model.ts";
import { createEngine } from "../../src/engine.ts";
import type { Engine, LocalEngine } from "../../src/engine.ts";
import { CrossdockError, NetworkError, ParseError } from "../../src/errors.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { createApi } from "../../src/server/app.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import type { DurableCopies, DurableCopy } from "../../src/durable/durable_copies.ts";
import type { DurableRules } from "../../src/rules/durable_rules.ts";
import { blobStep, digest, report } from "../cli/samples.ts";
import { TOKENS, variablesFor } from "../handler/setup.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import type { Server } from "../support/serve.ts";
import { serveApp } from "../support/serve_app.ts";

const NAMES = { source: "a.io/app:1", destination: "b.io/app:1" };

/** Two registries and a server between them, and an engine of each kind. */
interface Pair extends AsyncDisposable {
  readonly a: RunningRegistry;
  readonly b: RunningRegistry;
  readonly url: string;
  readonly local: Engine;
  readonly remote: RemoteEngine;
  /** Copies that the server has begun; each settles when it has ended. */
  readonly jobs: Promise<unknown>[];
}

async function startPair(): Promise<Pair> {
  await using started = new AsyncDisposableStack();
  const a = started.use(await startRegistry());
  const b = started.use(await startRegistry());
  const jobs: Promise<unknown>[] = [];
  const background = (job: Promise<unknown>): void => void jobs.push(job);
  const { url } = started.use(await serveApp(variablesFor(a, b), { background }));
  const kept = started.move();
  return {
    a,
    b,
    url,
    jobs,
    local: createEngine({ runtime: await createRuntime() }),
    remote: createRemoteEngine({ url, token: TOKENS.copy }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Without what depends on when, and on who asked before. */
function withoutTimes<Value extends object>(value: Value): Partial<Value> & object {
  return { ...value, durationMs: 0, requests: 0 };
}

/** Differences come in the order of the registry's answers. */
function inOrder({ differences, ...rest }: Verification): unknown {
  return { ...rest, differences: differences.map((one) => JSON.stringify(one)).sort() };
}

test("createRemoteEngine() plans, copies, verifies, shows and lists as an engine of this process does", async () => {
  await using pair = await startPair();
  const { a, b, local, remote } = pair;
  const { descriptor } = await putIndex(a, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
    attestations: true,
  });
  await putReferrer(a, "app", descriptor, { artifactType: "x/sbom", payload: "{}" });
  await putCosignSignature(a, "app", descriptor.digest);
  const source = `${a.host}/app:1`;
  const mine = { source, destination: `${b.host}/mine/app` };
  const theirs = { source, destination: `${b.host}/them/app` };
  const rename = <Value>(value: Value): Value =>
    JSON.parse(JSON.stringify(value).replaceAll("/them/", "/mine/"));

  assert.equal(await remote.resolve(source), await local.resolve(source));
  assert.equal(
    await remote.resolve(`${source}@${descriptor.digest}`),
    `${source}@${descriptor.digest}`,
  );
  assert.deepEqual(await remote.inspect(source), await local.inspect(source));
  const tags = `${a.host}/app`;
  assert.deepEqual(
    (await Array.fromAsync(remote.tags(tags))).flat(),
    (await Array.fromAsync(local.tags(tags))).flat(),
  );
  for (const survey of [true, false]) {
    const planned = await remote.plan(theirs, { survey });
    assert.equal(planned.totals !== undefined, survey);
    assert.deepEqual(rename(planned), await local.plan(mine, { survey }));
  }

  const events: CopyEvent[] = [];
  const copied = await remote.copy(theirs, { emit: (event) => events.push(event) });
  const wanted: CopyEvent[] = [];
  const done = await local.copy(mine, { emit: (event) => wanted.push(event) });
  assert.deepEqual(withoutTimes(rename(copied)), withoutTimes(done));
  assert.deepEqual(events.at(-1), { type: "report", report: copied });
  assert.deepEqual(rename(events[0]), wanted[0]);
  const finished = (list: CopyEvent[]): string[] =>
    list.filter(({ type }) => type === "step-finished").map((event) => JSON.stringify(event))
      .sort();
  assert.deepEqual(finished(rename(events)), finished(wanted));

  assert.equal((await remote.verify({ source, destination: `${b.host}/them/app:1` })).equal, true);
  const none = { source, destination: `${b.host}/none:1` };
  await putReferrer(a, "signed", descriptor, { artifactType: "x/sbom", payload: "signed" });
  const elsewhere = { referrerSource: `${a.host}/signed`, referrerDestination: `${b.host}/kept` };
  const platforms = ["linux/amd64"];
  for (const options of [{ platforms }, { platforms, index: "unwrap" } as const, elsewhere]) {
    const lacking = await remote.verify({ ...none, ...options });
    assert.deepEqual(inOrder(lacking), inOrder(await local.verify({ ...none, ...options })));
  }
});

test("createRemoteEngine() performs the steps of a plan", async () => {
  await using pair = await startPair();
  const { a, b, remote } = pair;
  const { descriptor } = await putImage(a, "app", { tag: "1" });
  const plan = await remote.plan({ source: `${a.host}/app:1`, destination: `${b.host}/app` });
  for (const { steps } of plan.stages) {
    for (const step of steps) {
      const performed = await remote.perform(step);
      assert.equal(performed.type, step.type);
      assert.ok(performed.requests.destination > 0);
    }
  }
  assert.equal(b.getManifest("app", "1")?.digest, descriptor.digest);
});

test("createRemoteEngine() stops the server's copy when its signal is aborted", async () => {
  await using pair = await startPair();
  const { a, b, remote, jobs } = pair;
  const { layers } = await putImage(a, "app", { tag: "1", layerBytes: 300_000 });
  const path = `blobs/${layers[0]?.digest}`;
  // The abort may come before the layer is requested.
  a.fail({ path, action: { hangAfterBytes: 100_000 }, optional: true });
  const stop = new AbortController();
  const reason = new Error("enough");
  const copy = remote.copy({ source: `${a.host}/app:1`, destination: `${b.host}/app` }, {
    signal: stop.signal,
    emit: (event) => {
      if (event.type === "step-started") stop.abort(reason);
    },
  });
  await assert.rejects(copy, reason);
  await Promise.all(jobs);
  assert.equal(jobs.length, 1);
  // Anything but the abort would have had it asked once more.
  assert.ok(a.count({ path }) <= 1);
  assert.deepEqual(b.tags("app"), []);
});

test("createRemoteEngine() sends nothing once its signal is aborted", async () => {
  await using pair = await startPair();
  const reason = new Error("enough");
  await assert.rejects(
    pair.remote.inspect(NAMES.source, { signal: AbortSignal.abort(reason) }),
    reason,
  );
});

/** A server whose engine fails with the error, whatever it is asked. */
async function serveFailure(error: unknown): Promise<Server> {
  const refuse = (): never => {
    throw error;
  };
  const engine = new Proxy({} as LocalEngine, { get: () => refuse });
  const config = parseConfig({
    CROSSDOCK_OPEN: "true",
    CROSSDOCK_ALLOW_SOURCES: "**",
    CROSSDOCK_ALLOW_DESTINATIONS: "**",
  });
  const app = createApi({
    config,
    openEngine: () => engine,
    log: () => {},
    now: () => 0,
    host: { name: "deno", memory: "process" },
    pullsLeft: () => undefined,
  });
  return await serve((request) => app.fetch(request));
}

const CODES: readonly ErrorCode[] = [
  "usage",
  "unauthorized",
  "denied",
  "not_found",
  "conflict",
  "unsupported",
  "limit",
  "integrity",
  "network",
  "tls",
  "timeout",
  "rate_limited",
  "registry",
  "aborted",
];
const errors: [name: string, error: Error][] = [
  ...CODES.map((code): [string, Error] => [
    code,
    new CrossdockError(code, `do it: ${code}`, {
      side: "source",
      hint: "do that",
      retryAfterMs: 1500,
    }),
  ]),
  ["no side", new CrossdockError("conflict", "do it: no")],
  [
    "a step",
    new CopyError(blobStep("a", 3), new NetworkError("reset", "it broke", { side: "source" })),
  ],
  ["text that does not parse", new ParseError("no", { hint: "do that" })],
];
for (const [name, error] of errors) {
  test(`createRemoteEngine() throws the error of the server's engine: ${name}`, async () => {
    await using server = await serveFailure(error);
    const remote = createRemoteEngine({ url: server.url });
    for (const call of [() => remote.inspect(NAMES.source), () => remote.copy(NAMES)]) {
      const thrown = await rejection(call());
      assert.deepEqual(explainError(thrown), explainError(error));
      assert.equal(
        thrown.retryAfterMs,
        error instanceof CrossdockError ? error.retryAfterMs : undefined,
      );
      if (error instanceof CrossdockError) {
        assert.deepEqual([thrown.code, thrown.side, thrown.hint], [
          error.code,
          error.side,
          error.hint,
        ]);
      }
      assert.equal(thrown instanceof CopyError, error instanceof CopyError);
    }
  });
}

test("createRemoteEngine() names the request that a bug of the server's broke", async () => {
  await using server = await serveFailure(new TypeError("x"));
  const error = await rejection(createRemoteEngine({ url: server.url }).inspect(NAMES.source));
  assert.equal(error.code, "registry");
  assert.match(error.message, /^the server failed: http:.*unexpected error/);
  assert.match(error.hint ?? "", /request [0-9a-f-]{36}$/);
});

async function rejection(promise: Promise<unknown>): Promise<CrossdockError> {
  const error = await promise.then(() => assert.fail("it did not fail"), (reason) => reason);
  assert.ok(error instanceof CrossdockError, String(error));
  return error;
}

const ALLOWED = { CROSSDOCK_ALLOW_SOURCES: "a.io/**", CROSSDOCK_ALLOW_DESTINATIONS: "b.io/**" };
const WITH_TOKENS = { ...variablesFor(), ...ALLOWED };
const refusals: {
  name: string;
  variables: Record<string, string>;
  token?: string;
  request?: Partial<CopyRequestInput>;
  code: ErrorCode;
  message: RegExp;
  hint: RegExp;
}[] = [
  {
    name: "no token is shown",
    variables: WITH_TOKENS,
    code: "unauthorized",
    message: /: the bearer token is missing$/,
    hint: /^set MY_TOKEN to one of the server's tokens$/,
  },
  {
    name: "a wrong token is shown",
    variables: WITH_TOKENS,
    token: "wrong",
    code: "unauthorized",
    message: /: the bearer token is invalid$/,
    hint: /^MY_TOKEN must be one of the server's tokens$/,
  },
  {
    name: "the server has no token",
    variables: ALLOWED,
    token: "any",
    code: "unauthorized",
    message: /: the server has no tokens/,
    hint: /CROSSDOCK_TOKENS/,
  },
  {
    name: "the token may not copy",
    variables: WITH_TOKENS,
    token: TOKENS.read,
    code: "denied",
    message: /: the token reader has the scope read, expected copy$/,
    hint: /^$/,
  },
  {
    name: "a name is not allowed",
    variables: WITH_TOKENS,
    token: TOKENS.copy,
    request: { source: "c.io/app:1" },
    code: "denied",
    message: /: c\.io\/app is not an allowed source$/,
    hint: /CROSSDOCK_ALLOW_SOURCES/,
  },
];
for (const { name, variables, token, request, code, message, hint } of refusals) {
  test(`createRemoteEngine() reports that the server rejects: ${name}`, async () => {
    await using server = await serveApp(variables);
    const remote = createRemoteEngine({ url: server.url, token, tokenName: "MY_TOKEN" });
    const error = await rejection(remote.copy({ ...NAMES, ...request }));
    assert.equal(error.code, code);
    assert.ok(error.message.startsWith(`${server.url}: `), error.message);
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint);
    assert.equal(error.side, undefined);
  });
}

const HTML = { "content-type": "text/html" };
const strangers: { name: string; answer: () => Response; code: ErrorCode; message: RegExp }[] = [
  {
    name: "a proxy whose server is down",
    answer: () =>
      new Response("<html>s3cret", { status: 502, statusText: "Bad Gateway", headers: HTML }),
    code: "registry",
    message: / returned 502( Bad Gateway)?, expected a response of crossdock$/,
  },
  {
    name: "a proxy that wants a login",
    answer: () => new Response("s3cret", { status: 401, headers: HTML }),
    code: "unauthorized",
    message: / returned 401( Unauthorized)?, expected a response of crossdock$/,
  },
  {
    name: "a redirect",
    answer: () => new Response(null, { status: 302, headers: { location: "/login?state=s3cret" } }),
    code: "registry",
    message: / redirects to http:\/\/127\.0\.0\.1:\d+\/login$/,
  },
  {
    name: "a page",
    answer: () => new Response("<html>s3cret", { headers: HTML }),
    code: "registry",
    message: / returned 200( OK)?, expected a response of crossdock$/,
  },
  {
    name: "other JSON",
    answer: () => Response.json({ secret: "s3cret" }),
    code: "registry",
    message: / returned 200( OK)?, expected a response of crossdock$/,
  },
  {
    name: "text that says that it is JSON",
    answer: () => new Response("x", { headers: { "content-type": "application/json" } }),
    code: "registry",
    message: / returned 200( OK)?, expected a response of crossdock$/,
  },
  {
    name: "another API's problem",
    answer: () =>
      new Response('{"title":"s3cret"}', {
        status: 500,
        headers: { "content-type": "application/problem+json" },
      }),
    code: "registry",
    message: / returned 500( Internal Server Error)?, expected a response of crossdock$/,
  },
];
for (const { name, answer, code, message } of strangers) {
  test(`createRemoteEngine() reports a response that is not from crossdock: ${name}`, async () => {
    await using server = await serve(answer);
    const remote = createRemoteEngine({ url: server.url });
    for (const call of [() => remote.inspect(NAMES.source), () => remote.copy(NAMES)]) {
      const error = await rejection(call());
      assert.equal(error.code, code);
      assert.ok(error.message.startsWith(server.url));
      assert.match(error.message, message);
      assert.doesNotMatch(explainError(error).lines.join("\n"), /s3cret/);
    }
  });
}

test("createRemoteEngine() reports that the server does not respond", async () => {
  const server = await serve(() => new Response());
  await server.close();
  const error = await rejection(createRemoteEngine({ url: server.url }).copy(NAMES));
  assert.equal(error.code, "network");
  assert.ok(error.message.startsWith(`${server.url} is unreachable`), error.message);
});

const RUNNING: DurableCopy = { id: "0".repeat(64), state: "running" };

function durableOf(known: DurableCopy): DurableCopies {
  const find = (id: string): Promise<DurableCopy | undefined> =>
    Promise.resolve(id === known.id ? known : undefined);
  return { start: () => Promise.resolve(known), get: find, cancel: find };
}

test("createRemoteEngine() starts a durable copy and gets its state later", async () => {
  const failed: DurableCopy = {
    ...RUNNING,
    state: "failed",
    problem: {
      type: "urn:crossdock:problem:network",
      title: "x",
      status: 502,
      detail: "it broke",
      code: "network",
    },
  };
  for (const copy of [RUNNING, { ...RUNNING, state: "complete", report } as const, failed]) {
    await using server = await serveApp(WITH_TOKENS, { durable: durableOf(copy) });
    const remote = createRemoteEngine({ url: server.url, token: TOKENS.copy });
    const source = `a.io/app@${digest("a")}`;
    assert.deepEqual(await remote.detach({ source, destination: "b.io/app:1" }), {
      copy,
      url: `${server.url}/v1/copies/${copy.id}`,
    });
    assert.deepEqual(await remote.getCopy(copy.id), copy);
    assert.deepEqual(await remote.cancelCopy(copy.id), copy);
    const other = await rejection(remote.getCopy("1".repeat(64)));
    assert.equal(other.code, "not_found");
    assert.equal((await rejection(remote.cancelCopy("../../healthz"))).code, "usage");
  }
});

test("createRemoteEngine() waits for a copy of a server without durable copies", async () => {
  await using pair = await startPair();
  const { a, b, remote } = pair;
  await putImage(a, "app", { tag: "1" });
  const request = { source: `${a.host}/app:1`, destination: `${b.host}/app` };
  const types: string[] = [];
  const done = await remote.detach(request, { emit: ({ type }) => types.push(type) });
  assert.ok("report" in done);
  assert.equal(done.report.result, "copied");
  assert.deepEqual([types[0], types.at(-1)], ["plan", "report"]);
});

test("createRemoteEngine() runs the rules of the server and gets their status", async () => {
  await using started = new AsyncDisposableStack();
  const a = started.use(await startRegistry());
  const b = started.use(await startRegistry());
  await putImage(a, "app", { tag: "1", layers: 1 });
  const rule = `{ name: app, source: "${a.host}/app", target: "${b.host}/app", type: repository }`;
  const variables = { ...variablesFor(a, b), CROSSDOCK_CONFIG: `sync: [${rule}]` };
  const durableRules: DurableRules = {
    start: () => Promise.resolve({ id: "run-1", state: "started" }),
  };
  const waiting = started.use(await serveApp(variables));
  const starting = started.use(await serveApp(variables, { durableRules }));
  const remote = createRemoteEngine({ url: waiting.url, token: TOKENS.copy });

  const before = await remote.syncStatus();
  assert.deepEqual([before.state, before.rules[0]?.tags[0]?.state], ["behind", "missing"]);
  const types: string[] = [];
  const done = await remote.sync({ rules: ["app"] }, { emit: ({ type }) => types.push(type) });
  assert.equal(done.rules[0]?.tags[0]?.result, "copied");
  assert.deepEqual([types[0], types.at(-1)], ["rule-started", "rule-ended"]);
  assert.equal((await remote.syncStatus(["app"])).state, "in-step");

  const detached = await remote.detachSync({});
  assert.ok("report" in detached && detached.report.result === "ok");
  const other = createRemoteEngine({ url: starting.url, token: TOKENS.copy });
  assert.deepEqual(await other.detachSync({}), {
    started: { rules: [{ rule: "app", id: "run-1" }] },
  });
  for (const call of [() => remote.sync({ rules: ["x"] }), () => remote.syncStatus(["x"])]) {
    const { code, message } = await rejection(call());
    assert.deepEqual([code, message], ["not_found", `${waiting.url}: there is no rule "x"`]);
  }
});
