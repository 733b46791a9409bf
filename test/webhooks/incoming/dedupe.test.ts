import assert from "node:assert/strict";
import { test } from "node:test";
import { parseReference } from "../../../src/oci/reference.ts";
import { admitEvent, forgetRun } from "../../../src/webhooks/incoming/dedupe.ts";
import type { Admission, RunMemory } from "../../../src/webhooks/incoming/dedupe.ts";
import type { PushEvent } from "../../../src/webhooks/incoming/event.ts";
import { digest } from "./cases.ts";

const APP = parseReference("ghcr.io/a/b:1");

/** Says what becomes of events at times, in seconds. */
function admitAll(
  events: readonly (readonly [second: number, event: Pick<PushEvent, "id" | "digest">])[],
  memory: RunMemory = new Map(),
): string[] {
  return events.map(([second, event]) =>
    describe(admitEvent(memory, APP, { event, now: second * 1000 }))
  );
}

function describe(admission: Admission): string {
  return admission.run === "later" ? `at ${admission.at / 1000}` : admission.run;
}

test("admitEvent() admits an event at once, and one more for all within ten seconds", () => {
  const admitted = admitAll([[100, {}], [101, {}], [102, {}], [109, {}]]);
  assert.deepEqual(admitted, ["now", "at 110", "no", "no"]);
});

test("admitEvent() admits an event after the postponed one has started", () => {
  const admitted = admitAll([[100, {}], [101, {}], [110, {}], [119, {}], [131, {}]]);
  assert.deepEqual(admitted, ["now", "at 110", "at 120", "no", "now"]);
});

test("admitEvent() admits an event at once after the window", () => {
  assert.deepEqual(admitAll([[100, {}], [110, {}], [120, {}]]), ["now", "now", "now"]);
});

test("admitEvent() does nothing for a delivery or a digest that it has looked for", () => {
  assert.deepEqual(admitAll([[100, { id: "x" }], [101, { id: "x" }]]), ["now", "no"]);
  const [a, b] = [digest("a"), digest("b")];
  const twice = [[100, { id: "x", digest: a }], [101, { id: "y", digest: a }]] as const;
  assert.deepEqual(admitAll(twice), ["now", "no"]);
  assert.deepEqual(admitAll([[100, { digest: a }], [101, { digest: b }]]), ["now", "at 110"]);
});

test("admitEvent() misses no push of a tag that goes back and forth", () => {
  const [a, b] = [{ digest: digest("a") }, { digest: digest("b") }];
  // The look at 110 finds a; the push at 111 must not pass for the one at 101.
  const admitted = admitAll([[100, a], [101, b], [102, a], [111, b]]);
  assert.deepEqual(admitted, ["now", "at 110", "no", "at 120"]);
});

test("admitEvent() has a window for each name", () => {
  const memory: RunMemory = new Map();
  for (const name of ["ghcr.io/a/b:1", "ghcr.io/a/b:2", "ghcr.io/a/b", "quay.io/a/b:1"]) {
    const admission = admitEvent(memory, parseReference(name), { event: {}, now: 0 });
    assert.deepEqual(admission, { run: "now" }, name);
  }
});

test("admitEvent() keeps plain data", () => {
  const memory: RunMemory = new Map();
  admitAll([[100, { id: "x" }]], memory);
  const copied: RunMemory = new Map(JSON.parse(JSON.stringify([...memory])));
  assert.deepEqual(admitAll([[101, { id: "x" }], [102, {}]], copied), ["no", "at 110"]);
});

test("admitEvent() remembers ten thousand names, the latest", () => {
  const memory: RunMemory = new Map();
  const admit = (n: number): Admission =>
    admitEvent(memory, parseReference(`ghcr.io/a/b:${n}`), { event: {}, now: 0 });
  for (let n = 0; n < 10_001; n++) admit(n);
  assert.equal(memory.size, 10_000);
  assert.equal(admit(10_000).run, "later");
  assert.equal(admit(0).run, "now");
});

test("admitEvent() forgets the names first that it has not heard of for longest", () => {
  const memory: RunMemory = new Map();
  const admit = (n: number, now = 0): Admission =>
    admitEvent(memory, parseReference(`ghcr.io/a/b:${n}`), { event: {}, now });
  for (let n = 0; n < 10_000; n++) admit(n);
  admit(0, 5000);
  admit(10_000, 5000);
  assert.equal(admit(0, 6000).run, "no");
  assert.equal(admit(1, 6000).run, "now");
});

test("forgetRun() lets a sender's next attempt through", () => {
  const memory: RunMemory = new Map();
  admitAll([[100, { id: "x" }]], memory);
  forgetRun(memory, APP);
  assert.deepEqual(admitAll([[101, { id: "x" }]], memory), ["now"]);
});
