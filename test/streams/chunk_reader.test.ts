import assert from "node:assert/strict";
import { test } from "node:test";
import { readBody, readChunks } from "../../src/streams/chunk_reader.ts";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import { randomBytes } from "../support/image.ts";

type Stream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Gives these chunks, as a byte stream or as one that is none. */
function streamOf(
  chunks: readonly Uint8Array<ArrayBuffer>[],
  isBytes: boolean,
  onCancel: (reason: unknown) => void = () => {},
): Stream {
  let next = 0;
  const pull = (
    controller: { enqueue(chunk: Uint8Array<ArrayBuffer>): void; close(): void },
  ): void => {
    const chunk = chunks[next++];
    if (chunk) controller.enqueue(new Uint8Array(chunk));
    else controller.close();
  };
  return isBytes
    ? new ReadableStream({
      type: "bytes",
      pull(controller): void {
        const isEnd = next === chunks.length;
        pull(controller);
        // A reader with a buffer of its own waits for it to come back.
        if (isEnd) controller.byobRequest?.respond(0);
      },
      cancel: onCancel,
    })
    : new ReadableStream({ pull, cancel: onCancel }, { highWaterMark: 0 });
}

async function readAll(reader: ChunkReader): Promise<Uint8Array> {
  const bytes: number[] = [];
  for (let chunk = await reader.read(); chunk; chunk = await reader.read()) {
    for (const byte of chunk) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

for (const isBytes of [true, false]) {
  const name = isBytes ? "a byte stream" : "a stream that is none";

  test(`readChunks() gives all bytes of ${name} in order`, async () => {
    const chunks = [1, 70_000, 300_000, 7].map((size, seed) => randomBytes(size, seed));
    const wanted = new Uint8Array(await new Blob(chunks).arrayBuffer());
    const bytes = await readAll(readChunks(streamOf(chunks, isBytes)));
    assert.deepEqual(bytes, wanted);
  });

  test(`readChunks() of ${name} ends with undefined, again and again`, async () => {
    const reader = readChunks(streamOf([randomBytes(3, 1)], isBytes));
    assert.equal((await reader.read())?.byteLength, 3);
    assert.equal(await reader.read(), undefined);
    assert.equal(await reader.read(), undefined);
  });

  test(`readChunks() of ${name} hands a failure on`, async () => {
    const reason = new Error("cut");
    const pull = (controller: { error(reason: unknown): void }): void => controller.error(reason);
    const broken: Stream = isBytes
      ? new ReadableStream({ type: "bytes", pull })
      : new ReadableStream({ pull });
    await assert.rejects(readChunks(broken).read(), (error) => error === reason);
  });

  test(`readChunks().cancel() cancels ${name} and never rejects`, async () => {
    const reasons: unknown[] = [];
    const reader = readChunks(
      streamOf([randomBytes(3, 1)], isBytes, (reason) => {
        reasons.push(reason);
        throw new Error("cannot");
      }),
    );
    await reader.cancel("enough");
    assert.deepEqual(reasons, ["enough"]);
    assert.equal(await reader.read(), undefined);
  });
}

test("readChunks() leaves empty chunks out", async () => {
  const chunks = [new Uint8Array(0), randomBytes(2, 1), new Uint8Array(0)];
  const reader = readChunks(streamOf(chunks, false));
  assert.equal((await reader.read())?.byteLength, 2);
  assert.equal(await reader.read(), undefined);
});

test("readChunks() rejects a locked body", () => {
  for (const isBytes of [true, false]) {
    const stream = streamOf([], isBytes);
    stream.getReader();
    assert.throws(() => readChunks(stream), TypeError);
  }
});

test("readBody() reads an answer's body", async () => {
  const bytes = randomBytes(1000, 1);
  assert.deepEqual(await readAll(readBody(new Response(bytes))), bytes);
});

test("readBody() of an answer without a body is at its end", async () => {
  const reader = readBody(new Response(null, { status: 204 }));
  assert.equal(await reader.read(), undefined);
  await reader.cancel();
});

/** The memory of a chunk behind the chunk itself, which shows what was there before. */
function memoryBehind(chunk: Uint8Array<ArrayBuffer> | undefined): Uint8Array {
  assert.ok(chunk);
  return new Uint8Array(chunk.buffer, chunk.byteLength, 1000).slice();
}

test("readChunks() reuses the buffer of a body that was read to its end, and of no other", async () => {
  const filled = randomBytes(2000, 1);
  const open = (bytes: Uint8Array<ArrayBuffer>): ChunkReader => readChunks(streamOf([bytes], true));
  await readAll(open(filled));
  const reused = open(randomBytes(3, 2));
  assert.deepEqual(memoryBehind(await reused.read()), filled.slice(3, 1003));
  // The chunk of a cancelled body may still be being written.
  await reused.cancel();
  assert.notDeepEqual(memoryBehind(await open(randomBytes(3, 3)).read()), filled.slice(3, 1003));
});
