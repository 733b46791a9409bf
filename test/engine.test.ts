import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "../src/engine.ts";
import type { EngineOptions } from "../src/engine.ts";
import type { CopyEvent } from "../src/events.ts";
import { createRuntime } from "../src/hosts/detect.ts";
import { requestOf, startPair } from "./copy/setup.ts";
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
  test(`createEngine() refuses ${name} ${value}`, async () => {
    const runtime = await createRuntime();
    assert.throws(
      () => createEngine({ runtime, ...options }),
      (error) => error instanceof RangeError && error.message.includes(name),
    );
  });
}

test("copy() keeps to the concurrency that it is given", async () => {
  await using pair = await startPair({ engine: { concurrency: 2 } });
  const { source, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 6 });
  let running = 0;
  let most = 0;
  await engine.copy(requestOf(pair), {
    emit: ({ type }) => {
      if (type === "step-started") most = Math.max(most, ++running);
      if (type === "step-finished") running--;
    },
  });
  assert.equal(most, 2);
});

test("copy() tells its plan, each step, its progress and its report", async () => {
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

test("copy() rejects what is no request before it asks anything", async () => {
  await using pair = await startPair();
  const request = { ...requestOf(pair), destination: `${pair.destination.host}/Not/valid` };
  await assert.rejects(pair.engine.copy(request), { name: "ParseError", code: "usage" });
  assert.equal(pair.source.count() + pair.destination.count(), 0);
});
