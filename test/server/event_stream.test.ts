import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossdockError } from "../../src/errors.ts";
import { streamEvents } from "../../src/server/event_stream.ts";
import type { EventStreamOptions } from "../../src/server/event_stream.ts";
import type { StreamEvent, SyncStreamEvent } from "../../src/stream_events.ts";

const OPTIONS: EventStreamOptions = { format: "ndjson", now: Date.now };

async function readEvents(stream: ReadableStream<Uint8Array>): Promise<StreamEvent[]> {
  const text = await new Response(stream).text();
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

function warning(message: string): StreamEvent {
  return { type: "warning", message };
}

function progress(digest: string, bytes: number): StreamEvent {
  return { type: "progress", digest, bytes, sizeBytes: 10 };
}

test("streamEvents() writes an event a line and ends with the job", async () => {
  const events = await readEvents(streamEvents((emit) => {
    emit(warning("one"));
    emit(warning("two\nlines"));
    return Promise.resolve();
  }, OPTIONS));
  assert.deepEqual(events, [warning("one"), warning("two\nlines")]);
});

test("streamEvents() writes server-sent events", async () => {
  const stream = streamEvents((emit) => {
    emit(warning("two\nlines"));
    return Promise.resolve();
  }, { ...OPTIONS, format: "sse" });
  const text = await new Response(stream).text();
  assert.equal(text, 'event: warning\ndata: {"type":"warning","message":"two\\nlines"}\n\n');
});

test("streamEvents() ends with the problem of a job that fails", async () => {
  const events = await readEvents(
    streamEvents(() => Promise.reject(new CrossdockError("not_found", "gone")), OPTIONS),
  );
  assert.equal(events.length, 1);
  const [last] = events;
  assert.ok(last?.type === "error");
  assert.equal(last.problem.code, "not_found");
});

test("streamEvents() sends heartbeats while nothing else happens", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stream = streamEvents(() => promise, { ...OPTIONS, heartbeatMs: 1 });
  const reader = stream.getReader();
  for (let i = 0; i < 2; i++) {
    const { value } = await reader.read();
    assert.equal(new TextDecoder().decode(value), '{"type":"heartbeat"}\n');
  }
  resolve();
  reader.releaseLock();
  await stream.cancel();
});

test("streamEvents() limits the progress of a blob, and always sends its end", async () => {
  let time = 1000;
  const events = await readEvents(streamEvents((emit) => {
    emit(progress("a", 1));
    emit(progress("b", 1));
    emit(progress("a", 2));
    time += 250;
    emit(progress("a", 3));
    emit(progress("a", 10));
    return Promise.resolve();
  }, { ...OPTIONS, now: () => time }));
  assert.deepEqual(events, [
    progress("a", 1),
    progress("b", 1),
    progress("a", 3),
    progress("a", 10),
  ]);
});

test("streamEvents() limits the progress of each copy of a rule separately", async () => {
  const of = (destination: string, bytes: number): SyncStreamEvent => ({
    type: "copy",
    rule: "app",
    source: "a.io/app:1",
    destination,
    event: { type: "progress", digest: "d", bytes, sizeBytes: 10 },
  });
  const events = await readEvents(streamEvents((emit) => {
    for (const bytes of [1, 2, 10]) {
      for (const name of ["b.io/app:1", "c.io/app:1"]) emit(of(name, bytes));
    }
    return Promise.resolve();
  }, { ...OPTIONS, now: () => 1000 }));
  const wanted = [1, 10].flatMap((bytes) =>
    ["b.io/app:1", "c.io/app:1"].map((name) => of(name, bytes))
  );
  assert.deepEqual(events as unknown[], wanted);
});

test("streamEvents() keeps progress from a client that does not read, and nothing else", async () => {
  const long = "x".repeat(64 * 1024);
  const events = await readEvents(streamEvents((emit) => {
    emit(warning(long));
    emit(progress("a", 10));
    emit(warning("after"));
    return Promise.resolve();
  }, OPTIONS));
  assert.deepEqual(events.map(({ type }) => type), ["warning", "warning"]);
});

test("streamEvents() stops the job when the client goes away", async () => {
  const stopped = Promise.withResolvers<unknown>();
  const background: Promise<unknown>[] = [];
  const stream = streamEvents((emit, signal) => {
    emit(warning("one"));
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        stopped.resolve(signal.reason);
        emit(warning("too late"));
        reject(signal.reason);
      });
    });
  }, { ...OPTIONS, background: (job) => void background.push(job) });
  const reader = stream.getReader();
  await reader.read();
  await reader.cancel();
  assert.match(String(await stopped.promise), /client disconnected/);
  assert.equal(background.length, 1);
  await background[0];
});

test("streamEvents() aborts the job when the host stops, and sends an error", async () => {
  const host = new AbortController();
  const started = Promise.withResolvers<void>();
  const stream = streamEvents(
    (_, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        started.resolve();
      }),
    { ...OPTIONS, signal: host.signal },
  );
  await started.promise;
  host.abort(new CrossdockError("aborted", "the server is about to stop"));
  const [last] = await readEvents(stream);
  assert.ok(last?.type === "error");
  assert.equal(last.problem.code, "aborted");
});
