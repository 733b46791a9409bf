import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import { limitSilence, limitStreamSilence, SilenceTimer } from "../../src/streams/silence.ts";
import { FakeTimers } from "../support/fake_timers.ts";

/** Counts how often it fires. */
function timerOf(timeoutMs: number): { timer: SilenceTimer; fired: () => number } {
  let count = 0;
  return { timer: new SilenceTimer(timeoutMs, () => count++), fired: () => count };
}

test("SilenceTimer does not count before it is started", () => {
  using timers = new FakeTimers();
  const { fired } = timerOf(10);
  timers.advance(50);
  assert.equal(fired(), 0);
});

test("SilenceTimer fires once after the silence", () => {
  using timers = new FakeTimers();
  const { timer, fired } = timerOf(10);
  timer.restart();
  timers.advance(9);
  assert.equal(fired(), 0);
  timers.advance(91);
  assert.equal(fired(), 1);
});

test("SilenceTimer counts anew whenever something is heard", () => {
  using timers = new FakeTimers();
  const { timer, fired } = timerOf(250);
  for (let i = 0; i < 10; i++) {
    timer.restart();
    timers.advance(249);
  }
  assert.equal(fired(), 0);
  timer.close();
});

test("SilenceTimer.stop() holds until the next restart()", () => {
  using timers = new FakeTimers();
  const { timer, fired } = timerOf(10);
  timer.restart();
  timer.stop();
  timers.advance(50);
  assert.equal(fired(), 0);
  timer.restart();
  timers.advance(50);
  assert.equal(fired(), 1);
});

test("SilenceTimer.close() is for good", () => {
  using timers = new FakeTimers();
  const { timer, fired } = timerOf(10);
  timer.restart();
  timer.close();
  timer.restart();
  timers.advance(50);
  assert.equal(fired(), 0);
});

/** Gives one byte after so many milliseconds of fake time each, then the end; `Infinity` never comes. */
function slowReader(
  timers: FakeTimers,
  waitsMs: readonly number[],
): ChunkReader & { readonly reasons: unknown[] } {
  const reasons: unknown[] = [];
  let next = 0;
  return {
    reasons,
    async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      const waitMs = waitsMs[next++];
      if (waitMs === undefined) return undefined;
      if (waitMs === Infinity) await new Promise(() => {});
      timers.advance(waitMs);
      return new Uint8Array([next]);
    },
    cancel(reason): Promise<void> {
      reasons.push(reason);
      return Promise.resolve();
    },
  };
}

test("limitSilence() passes on a slow stream", async () => {
  using timers = new FakeTimers();
  const source = slowReader(timers, Array.from({ length: 8 }, () => 249));
  const reader = limitSilence(source, 250, () => new Error("silence"));
  let count = 0;
  while (await reader.read()) count++;
  assert.equal(count, 8);
  assert.deepEqual(source.reasons, []);
});

test("limitSilence() fails with its error and cancels a silent stream", async () => {
  using timers = new FakeTimers();
  const source = slowReader(timers, [0, Infinity]);
  const silence = new Error("silence");
  const reader = limitSilence(source, 30, () => silence);
  assert.deepEqual(await reader.read(), new Uint8Array([1]));
  const silent = assert.rejects(reader.read(), (error) => error === silence);
  timers.advance(30);
  await silent;
  assert.deepEqual(source.reasons, [silence]);
});

test("limitSilence() counts reads, not the time between them", async () => {
  using timers = new FakeTimers();
  const source = slowReader(timers, [0, 0]);
  const reader = limitSilence(source, 30, () => new Error("silence"));
  await reader.read();
  timers.advance(100);
  assert.deepEqual(await reader.read(), new Uint8Array([2]));
});

test("limitSilence() hands the reader's failure and the cancelling on", async () => {
  const reason = new Error("cut");
  using timers = new FakeTimers();
  const source = slowReader(timers, []);
  const broken = limitSilence(
    { ...source, read: () => Promise.reject(reason) },
    30,
    () => new Error("silence"),
  );
  await assert.rejects(broken.read(), (error) => error === reason);
  await broken.cancel("enough");
  assert.deepEqual(source.reasons, ["enough"]);
});

/** The stream of a reader. */
function streamOf(reader: ChunkReader): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const chunk = await reader.read();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

test("limitStreamSilence() gives the chunks of a slow stream", async () => {
  using timers = new FakeTimers();
  const source = slowReader(timers, [0, 9999, 9999]);
  const stream = limitStreamSilence(streamOf(source), 10_000, () => new Error("silence"));
  const chunks = await Array.fromAsync(stream);
  assert.deepEqual(chunks.map(([byte]) => byte), [1, 2, 3]);
  assert.deepEqual(source.reasons, []);
});

test("limitStreamSilence() fails with its error and cancels a silent stream", async () => {
  using timers = new FakeTimers();
  const source = slowReader(timers, [0, Infinity]);
  const silence = new Error("silence");
  const reader = limitStreamSilence(streamOf(source), 30, () => silence).getReader();
  assert.deepEqual((await reader.read()).value, new Uint8Array([1]));
  const silent = assert.rejects(reader.read(), (error) => error === silence);
  // The stream pulls in a later turn.
  while (timers.count === 0) await Promise.resolve();
  timers.advance(30);
  await silent;
  assert.deepEqual(source.reasons, [silence]);
});

test("limitStreamSilence() does not count while the stream is not read", async () => {
  using timers = new FakeTimers();
  const source = streamOf(slowReader(timers, [0, 0]));
  const reader = limitStreamSilence(source, 30, () => new Error("silence")).getReader();
  await reader.read();
  timers.advance(100);
  assert.deepEqual((await reader.read()).value, new Uint8Array([2]));
});

test("limitStreamSilence() passes on the stream's error and a cancellation", async () => {
  using timers = new FakeTimers();
  const cut = new Error("cut");
  const broken = streamOf({ ...slowReader(timers, []), read: () => Promise.reject(cut) });
  const reader = limitStreamSilence(broken, 10_000, () => new Error("silence")).getReader();
  await assert.rejects(reader.read(), (error) => error === cut);
  const source = slowReader(timers, []);
  await limitStreamSilence(streamOf(source), 10_000, () => new Error("silence")).cancel("enough");
  assert.deepEqual(source.reasons, ["enough"]);
});
