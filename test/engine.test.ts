import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "../src/engine.ts";
import type { EngineOptions } from "../src/copier.ts";
import type { CopyEvent } from "../src/copy/model.ts";
import { CrossdockError } from "../src/errors.ts";
import { createRuntime } from "../src/hosts/detect.ts";
import type { Runtime } from "../src/runtime.ts";
import type { EngineMemory } from "../src/sides.ts";
import type { Trace } from "../src/trace.ts";
import { requestOf, startPair } from "./support/pair.ts";
import { putImage } from "./support/image.ts";

const OUT_OF_RANGE: Partial<EngineOptions>[] = [
  { concurrency: 0 },
  { concurrency: 257 },
  { concurrency: 1.5 },
  { retries: -1 },
  { retries: 21 },
  { timeoutMs: 0 },
  { timeoutMs: NaN },
];

for (const options of OUT_OF_RANGE) {
  const [name = "", value] = Object.entries(options)[0] ?? [];
  test(`createEngine() rejects ${name} ${value}`, async () => {
    const runtime = await createRuntime();
    assert.throws(
      () => createEngine({ runtime, ...options }),
      (error) => error instanceof RangeError && error.message.includes(name),
    );
  });
}

test("copy() limits concurrent transfers to `concurrency`, and opens as many uploads ahead", async () => {
  const runtime = await createRuntime();
  let [transfers, mostTransfers, steps, mostSteps] = [0, 0, 0, 0];
  const counting: Runtime = {
    ...runtime,
    async fetch(request): Promise<Response> {
      if (request.method !== "PUT") return await runtime.fetch(request);
      mostTransfers = Math.max(mostTransfers, ++transfers);
      return await runtime.fetch(request).finally(() => transfers--);
    },
  };
  await using pair = await startPair({ engine: { concurrency: 2, runtime: counting } });
  const { source, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 9 });
  await engine.copy(requestOf(pair), {
    emit: ({ type }) => {
      if (type === "step-started") mostSteps = Math.max(mostSteps, ++steps);
      if (type === "step-finished") steps--;
    },
  });
  assert.deepEqual([mostTransfers, mostSteps], [2, 4]);
});

test("copy() emits its plan, each step, its progress and its report", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 2 });
  const events: CopyEvent[] = [];
  const report = await engine.copy(requestOf(pair), { emit: (event) => events.push(event) });
  const types = events.map(({ type }) => type);
  assert.equal(types[0], "plan");
  assert.deepEqual(events.at(-1), { type: "report", report });
  const count = (wanted: string): number => types.filter((type) => type === wanted).length;
  assert.equal(count("step-started"), 4);
  assert.equal(count("step-finished"), 4);
  assert.equal(count("progress"), 3);
});

test("tags() lists a repository's tags", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  for (const tag of ["a", "b", "c"]) await putImage(source, "app", { tag });
  const tags: string[] = [];
  for await (const page of engine.tags(`${source.host}/app`)) tags.push(...page);
  assert.deepEqual(tags, ["a", "b", "c"]);
});

test("repositories() lists a registry's repositories", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  for (const name of ["b", "a/b"]) await putImage(source, name, { tag: "1" });
  assert.deepEqual(await Array.fromAsync(engine.batch().repositories(source.host)), [["a/b", "b"]]);
  assert.throws(() => engine.batch().repositories("a/b"), { name: "ParseError" });
});

test("copy() rejects an invalid request before it sends one", async () => {
  await using pair = await startPair();
  const request = { ...requestOf(pair), destination: `${pair.destination.host}/Not/valid` };
  await assert.rejects(pair.engine.copy(request), { name: "ParseError", code: "usage" });
  assert.equal(pair.source.count() + pair.destination.count(), 0);
});

test("createEngine() calls its guard before every request, including those for tokens", async () => {
  const auth = { type: "bearer", users: {}, anonymousPull: true } as const;
  const asked: string[] = [];
  await using pair = await startPair({
    source: { auth },
    engine: { guard: (_, { side, kind }) => void asked.push(`${side} ${kind}`) },
  });
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 1 });
  await engine.copy(requestOf(pair));
  const count = (about: string): number => asked.filter((one) => one === about).length;
  assert.equal(count("source token"), source.count({ kind: "token" }));
  assert.equal(count("source registry"), source.count({ kind: "registry" }));
  assert.equal(count("destination registry"), destination.count());
  assert.ok(count("source token") > 0);
});

test("createEngine() sends nothing if its guard rejects", async () => {
  await using pair = await startPair({
    engine: {
      guard: (_, { side }) => {
        if (side === "destination") throw new CrossdockError("denied", "not there");
      },
    },
  });
  await putImage(pair.source, "app", { tag: "1", layers: 1 });
  await assert.rejects(pair.engine.copy(requestOf(pair)), {
    code: "denied",
    message: "not there",
    side: "destination",
  });
  assert.equal(pair.destination.count(), 0);
});

test("createEngine() traces the copy, each step and each request", async () => {
  const spans: { name: string; attributes: Record<string, unknown> }[] = [];
  const trace: Trace = (name, attributes, work) => {
    const span = { name, attributes: { ...attributes } as Record<string, unknown> };
    spans.push(span);
    return work({ set: (key, value) => void (span.attributes[key] = value) });
  };
  await using pair = await startPair({ engine: { trace } });
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 1 });
  await engine.copy(requestOf(pair));
  const named = (name: string): typeof spans => spans.filter((span) => span.name === name);
  assert.equal(named("copy").length, 1);
  assert.equal(named("copy")[0]?.attributes["crossdock.result"], "copied");
  assert.equal(named("step").length, 3);
  const requests = named("registry request");
  assert.equal(requests.length, source.count() + destination.count());
  assert.ok(requests.every(({ attributes }) => attributes["http.response.status_code"]));
});

test("createEngine() with the memory of another engine requests no known token", async () => {
  const auth = { type: "bearer", users: {}, anonymousPull: true } as const;
  const memory: EngineMemory = new Map();
  await using pair = await startPair({ source: { auth } });
  const { source } = pair;
  await putImage(source, "app", { tag: "1", layers: 1 });
  const inspect = async (memory?: EngineMemory): Promise<number> => {
    const before = source.count();
    const engine = createEngine({
      runtime: await createRuntime(),
      ...(memory ? { memory } : {}),
    });
    await engine.inspect(`${source.host}/app:1`);
    return source.count() - before;
  };
  const first = await inspect(memory);
  assert.equal(await inspect(memory), first - 2, "no challenge and no token");
  assert.equal(await inspect(), first);
});

test("createEngine() uses the TLS options of each registry", async () => {
  await using pair = await startPair({
    engine: { source: { tls: () => "on" }, destination: { tls: () => undefined }, retries: 0 },
  });
  await putImage(pair.source, "app", { tag: "1", layers: 1 });
  await assert.rejects(pair.engine.copy(requestOf(pair)), { code: "tls", side: "source" });
});

test("plan() without a survey requests no blob", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1", layers: 2 });
  const plan = await pair.engine.plan(requestOf(pair), { survey: false });
  assert.equal(plan.totals, undefined);
  assert.equal(pair.destination.count({ path: "/blobs/" }), 0);
});

test("perform() counts the requests of a step", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 1 });
  const plan = await engine.plan(requestOf(pair), { survey: false });
  const steps = plan.stages.flatMap(({ steps }) => steps);
  assert.deepEqual(steps.map(({ type }) => type), ["blob", "blob", "manifest"]);
  for (const step of steps) {
    const before = { source: source.count(), destination: destination.count() };
    const { requests } = await engine.perform(step);
    assert.deepEqual(requests, {
      source: source.count() - before.source,
      destination: destination.count() - before.destination,
    });
  }
});
