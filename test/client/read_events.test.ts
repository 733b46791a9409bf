import { test } from "node:test";
import assert from "node:assert/strict";
import { readEvents, readSyncEvents } from "../../src/client/read_events.ts";
import { CopyError } from "../../src/copy/copy_error.ts";
import type { CopyEvent } from "../../src/copy/model.ts";
import { toProblem } from "../../src/problem.ts";
import type { SyncStreamEvent } from "../../src/stream_events.ts";
import type { RuleReport } from "../../src/sync/model.ts";
import { CrossdockError } from "../../src/errors.ts";
import { blobStep, digest, plan, report, tagStep } from "../cli/samples.ts";

const EVENTS: readonly CopyEvent[] = [
  { type: "warning", message: "ü€😀 \n and a line break" },
  { type: "plan", plan },
  { type: "step-started", step: blobStep("a", 3) },
  { type: "progress", digest: digest("a"), bytes: 1, sizeBytes: 3 },
  {
    type: "step-finished",
    step: tagStep,
    outcome: { type: "manifest", state: "put" },
  },
  { type: "retry", side: "source", what: "get", attempt: 1, delayMs: 5, reason: "503" },
  { type: "report", report },
];

type Bytes = Uint8Array<ArrayBuffer>;

function toBytes(events: readonly unknown[]): Bytes {
  return new TextEncoder().encode(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

function bodyOf(...chunks: Bytes[]): { body: ReadableStream<Bytes> } {
  return { body: ReadableStream.from(chunks) as ReadableStream<Bytes> };
}

/** What comes before the failure, and the failure. */
async function failure(answer: { body: ReadableStream<Bytes> | null }, silenceMs?: number): Promise<
  { events: CopyEvent[]; error: CrossdockError }
> {
  const events: CopyEvent[] = [];
  try {
    for await (const event of readEvents(answer, { silenceMs })) events.push(event);
  } catch (error) {
    assert.ok(error instanceof CrossdockError, String(error));
    return { events, error };
  }
  throw new Error("it did not fail");
}

test("readEvents() gives each event as the engine emitted it, in any chunks", async () => {
  const bytes = toBytes(EVENTS);
  for (const size of [1, 2, 3, 7, 1000, bytes.length]) {
    const chunks: Bytes[] = [];
    for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.slice(i, i + size));
    assert.deepEqual(await Array.fromAsync(readEvents(bodyOf(...chunks))), EVENTS, `${size}`);
  }
});

test("readEvents() leaves heartbeats out, and ends with the report", async () => {
  const beat = { type: "heartbeat" };
  const [first, ...rest] = EVENTS;
  const bytes = toBytes([beat, first, beat, ...rest, beat, { type: "rubbish" }]);
  assert.deepEqual(await Array.fromAsync(readEvents(bodyOf(bytes))), EVENTS);
});

test("readEvents() leaves out events of types that it does not know", async () => {
  const [first, ...rest] = EVENTS;
  const unknown = { type: "paused", untilMs: 5 };
  const bytes = toBytes([unknown, first, unknown, ...rest]);
  assert.deepEqual(await Array.fromAsync(readEvents(bodyOf(bytes))), EVENTS);
});

test("readEvents() throws the error of a copy that failed, with its step", async () => {
  const step = blobStep("a", 3);
  const cause = new CrossdockError("integrity", "blob is wrong", { side: "source", hint: "ask" });
  const problem = toProblem(new CopyError(step, cause));
  const { events, error } = await failure(bodyOf(toBytes([EVENTS[0], { type: "error", problem }])));
  assert.deepEqual(events, EVENTS.slice(0, 1));
  assert.ok(error instanceof CopyError);
  assert.deepEqual(error.step, step);
  const { code, message, side, hint } = error;
  assert.deepEqual([code, message, side, hint], ["integrity", "blob is wrong", "source", "ask"]);
});

const broken = {
  "no body": { body: null },
  "nothing": bodyOf(),
  "no report": bodyOf(toBytes(EVENTS.slice(0, 2))),
  "a connection that breaks": {
    body: new ReadableStream<Bytes>({
      start: (controller) => controller.enqueue(toBytes(EVENTS.slice(0, 1))),
      pull: (controller) => controller.error(new TypeError("reset")),
    }),
  },
};
for (const [name, answer] of Object.entries(broken)) {
  test(`readEvents() reports a lost connection: ${name}`, async () => {
    const { error } = await failure(answer);
    assert.equal(error.code, "network");
    assert.equal(error.message, "the connection was lost before the report");
  });
}

const malformed = {
  "no JSON": "rubbish\n",
  "cut off": '{"type":"warn',
  "no event": "null\n",
  "a report that lacks all": '{"type":"report","report":{}}\n',
};
for (const [name, text] of Object.entries(malformed)) {
  test(`readEvents() takes no line that is not an event: ${name}`, async () => {
    const bytes = new TextEncoder().encode(text);
    const { events, error } = await failure(bodyOf(toBytes(EVENTS.slice(0, 2)), bytes));
    assert.deepEqual(events, EVENTS.slice(0, 2));
    assert.equal(error.code, "registry");
    assert.match(error.message, /a line is not a valid event/);
  });
}

test("readEvents() gives a silent server up", async () => {
  let isCancelled = false;
  const body = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(toBytes(EVENTS.slice(0, 1))),
    pull: () => new Promise(() => {}),
    cancel: () => void (isCancelled = true),
  });
  const { events, error } = await failure({ body }, 20);
  assert.deepEqual([events.length, error.code], [1, "timeout"]);
  assert.ok(isCancelled);
});

test("readSyncEvents() gives each event of a run of rules, and ends with the report", async () => {
  const rule = "app";
  const names = { source: "a.io/app:1", destination: "b.io/app:1" };
  const tag = { ...names, result: "copied", digest: digest("a"), report } as const;
  const ended: RuleReport = {
    rule,
    result: "ok",
    tags: [tag],
    pruned: [],
    requests: { source: 1, destination: 2 },
    durationMs: 3,
    warnings: ["w"],
    postponedUntil: 5,
  };
  const events: SyncStreamEvent[] = [
    { type: "rule-started", rule },
    ...EVENTS.map((event) => ({ type: "copy", rule, ...names, event } as const)),
    { type: "tag-ended", rule, tag },
    { type: "prune-ended", rule, pruned: { destination: "b.io/app:0", result: "deleted" } },
    { type: "warning", rule, message: "w" },
    { type: "rule-ended", report: ended },
    { type: "report", report: { result: "ok", rules: [ended], durationMs: 4 } },
  ];
  const unknown = { type: "copy", rule, ...names, event: { type: "paused" } };
  const bytes = toBytes([{ type: "heartbeat" }, unknown, ...events, { type: "rubbish" }]);
  assert.deepEqual(await Array.fromAsync(readSyncEvents(bodyOf(bytes))), events);
});
