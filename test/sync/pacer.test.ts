import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "../../src/engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { createPacer } from "../../src/sync/pacer.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";

/** A clock that moves when somebody sleeps. */
function createClock(): {
  now: () => number;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
} {
  let time = 1000;
  return {
    now: () => time,
    sleep(ms, signal): Promise<void> {
      signal?.throwIfAborted();
      time += ms;
      return Promise.resolve();
    },
  };
}

const signal = undefined;

test("createPacer() spaces the requests to a registry evenly, and no others", async () => {
  const clock = createClock();
  const pace = createPacer([{ registry: "a.example", requestsPerSecond: 4 }], clock);
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    (await pace("a.example", { signal }))();
    (await pace("b.example", { signal }))();
    times.push(clock.now());
  }
  assert.deepEqual(times, [1000, 1250, 1500]);
});

test("createPacer() lets so many requests of a registry be under way", async () => {
  const pace = createPacer([{ registry: "a.example", concurrentRequests: 2 }], createClock());
  const [first] = await Promise.all([
    pace("a.example", { signal }),
    pace("a.example", { signal }),
  ]);
  let isThrough = false;
  const third = pace("a.example", { signal }).then(() => isThrough = true);
  await pace("b.example", { signal });
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(isThrough, false);
  first();
  await third;
});

test("createPacer() releases the slot of an aborted request", async () => {
  const clock = createClock();
  const limits = { registry: "a.example", requestsPerSecond: 1, concurrentRequests: 1 };
  const pace = createPacer([limits], clock);
  (await pace("a.example", { signal }))();
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await assert.rejects(pace("a.example", { signal: stop.signal }), /enough/);
  const sleepy = createPacer([limits], {
    ...clock,
    sleep: () => Promise.reject(new Error("enough")),
  });
  (await sleepy("a.example", { signal }))();
  await assert.rejects(sleepy("a.example", { signal }), /enough/);
  await assert.rejects(sleepy("a.example", { signal }), /enough/, "not stuck for want of a place");
});

test("createEngine() with a pace never has more requests under way, in a copy within one registry, too", async () => {
  await using registry = await startRegistry({ crossMount: false });
  await putImage(registry, "app", { tag: "1", layers: 8, layerBytes: 400_000 });
  const runtime = await createRuntime();
  let running = 0;
  let most = 0;
  const watch = async (request: Promise<Response>): Promise<Response> => {
    most = Math.max(most, ++running);
    return await request.finally(() => running -= 1);
  };
  const engine = createEngine({
    runtime: {
      ...runtime,
      fetch: (request) => watch(runtime.fetch(request)),
      upload: (request) => watch(runtime.upload(request)),
    },
    pace: createPacer([{ registry: registry.host, concurrentRequests: 2 }], runtime),
  });
  const report = await engine.copy({
    source: `${registry.host}/app:1`,
    destination: `${registry.host}/mirror:1`,
  });
  assert.equal(report.blobs.streamed, 9);
  assert.equal(most, 2);
});

test("createEngine() with a pace of one resumes a broken download while its upload waits", async () => {
  await using registry = await startRegistry({ crossMount: false });
  await putImage(registry, "app", { tag: "1", layers: 1, layerBytes: 600_000 });
  registry.fail({ method: "GET", path: "/blobs/", after: 1, action: { cutAfterBytes: 300_000 } });
  registry.fail({ method: "GET", path: "/blobs/", action: { cutAfterBytes: 300_000 } });
  const runtime = await createRuntime();
  const engine = createEngine({
    runtime: { ...runtime, sleep: (_, signal) => runtime.sleep(1, signal) },
    pace: createPacer([{ registry: registry.host, concurrentRequests: 1 }], runtime),
  });
  const names = { source: `${registry.host}/app:1`, destination: `${registry.host}/mirror:1` };
  // What waits for itself would wait for ever.
  const report = await engine.copy(names, { signal: AbortSignal.timeout(20_000) });
  assert.equal(report.blobs.streamed, 2);
  assert.ok(registry.requests.some(({ headers }) => headers.has("range")), "it was resumed");
});
