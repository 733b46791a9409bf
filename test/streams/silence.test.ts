import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import { limitSilence, limitStreamSilence, SilenceTimer } from "../../src/streams/silence.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Counts how often it fires. */
function timerOf(timeoutMs: number): { timer: SilenceTimer; fired: () => number } {
  let count = 0;
  return { timer: new SilenceTimer(timeoutMs, () => count++), fired: () => count };
}

test("SilenceTimer does not count before it is started", async () => {
  const { fired } = timerOf(10);
  await pause(50);
  assert.equal(fired(), 0);
});

test("SilenceTimer fires once after the silence", async () => {
  const { timer, fired } = timerOf(10);
  timer.restart();
  await pause(100);
  assert.equal(fired(), 1);
});

test("SilenceTimer counts anew whenever something is heard", async () => {
  const { timer, fired } = timerOf(250);
  for (let i = 0; i < 10; i++) {
    timer.restart();
    await pause(40);
  }
  assert.equal(fired(), 0);
  timer.close();
});

test("SilenceTimer.stop() holds until the next restart()", async () => {
  const { timer, fired } = timerOf(10);
  timer.restart();
  timer.stop();
  await pause(50);
  assert.equal(fired(), 0);
  timer.restart();
  await pause(50);
  assert.equal(fired(), 1);
});

test("SilenceTimer.close() is for good", async () => {
  const { timer, fired } = timerOf(10);
  timer.restart();
  timer.close();
  timer.restart();
  await pause(50);
  assert.equal(fired(), 0);
});

/** Gives one byte after so many milliseconds each, then the end; `Infinity` never comes. */
function slowReader(waitsMs: readonly number[]): ChunkReader & { readonly reasons: unknown[] } {
  const reasons: unknown[] = [];
  let next = 0;
  return {
    reasons,
    async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      const waitMs = waitsMs[next++];
      if (waitMs === undefined) return undefined;
      await (waitMs === Infinity ? new Promise(() => {}) : pause(waitMs));
      return new Uint8Array([next]);
    },
    cancel(reason): Promise<void> {
      reasons.push(reason);
      return Promise.resolve();
    },
  };
}

test("limitSilence() passes on what is slow but moves", async () => {
  const source = slowReader(Array.from({ length: 8 }, () => 40));
  const reader = limitSilence(source, 250, () => new Error("silence"));
  let count = 0;
  while (await reader.read()) count++;
  assert.equal(count, 8);
  assert.deepEqual(source.reasons, []);
});

test("limitSilence() fails with its error and cancels what stands still", async () => {
  const source = slowReader([0, Infinity]);
  const silence = new Error("silence");
  const reader = limitSilence(source, 30, () => silence);
  assert.deepEqual(await reader.read(), new Uint8Array([1]));
  await assert.rejects(reader.read(), (error) => error === silence);
  assert.deepEqual(source.reasons, [silence]);
});

test("limitSilence() counts reads, not the time between them", async () => {
  const source = slowReader([0, 0]);
  const reader = limitSilence(source, 30, () => new Error("silence"));
  await reader.read();
  await pause(100);
  assert.deepEqual(await reader.read(), new Uint8Array([2]));
});

test("limitSilence() hands the reader's failure and the cancelling on", async () => {
  const reason = new Error("cut");
  const source = slowReader([]);
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
  const source = slowReader([0, 40, 40]);
  const stream = limitStreamSilence(streamOf(source), 10_000, () => new Error("silence"));
  const chunks = await Array.fromAsync(stream);
  assert.deepEqual(chunks.map(([byte]) => byte), [1, 2, 3]);
  assert.deepEqual(source.reasons, []);
});

test("limitStreamSilence() fails with its error and cancels a silent stream", async () => {
  const source = slowReader([0, Infinity]);
  const silence = new Error("silence");
  const reader = limitStreamSilence(streamOf(source), 30, () => silence).getReader();
  assert.deepEqual((await reader.read()).value, new Uint8Array([1]));
  await assert.rejects(reader.read(), (error) => error === silence);
  assert.deepEqual(source.reasons, [silence]);
});

test("limitStreamSilence() does not count while nobody reads", async () => {
  const reader = limitStreamSilence(streamOf(slowReader([0, 0])), 30, () => new Error("silence"))
    .getReader();
  await reader.read();
  await pause(100);
  assert.deepEqual((await reader.read()).value, new Uint8Array([2]));
});

test("limitStreamSilence() passes on the stream's error and a cancellation", async () => {
  const cut = new Error("cut");
  const broken = streamOf({ ...slowReader([]), read: () => Promise.reject(cut) });
  const reader = limitStreamSilence(broken, 10_000, () => new Error("silence")).getReader();
  await assert.rejects(reader.read(), (error) => error === cut);
  const source = slowReader([]);
  await limitStreamSilence(streamOf(source), 10_000, () => new Error("silence")).cancel("enough");
  assert.deepEqual(source.reasons, ["enough"]);
});
