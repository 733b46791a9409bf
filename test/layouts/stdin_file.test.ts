import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { Readable } from "node:stream";
import { test } from "node:test";
import { writeTemporaryFile } from "../../src/layouts/stdin_file.ts";
import { makeFolder } from "./setup.ts";

test("writeTemporaryFile() keeps a stream in a file without a name", async (t) => {
  const folder = await makeFolder(t);
  const file = await writeTemporaryFile(Readable.from(["first ", "second"].map(toBytes)), {
    folder,
  });
  assert.equal((await file.stat()).size, 12);
  const buffer = new Uint8Array(12);
  await file.read(buffer, 0, 12, 0);
  assert.equal(new TextDecoder().decode(buffer), "first second");
  assert.deepEqual(await readdir(folder), []);
  await file.close();
});

test("writeTemporaryFile() fails with the error of the stream", async (t) => {
  const folder = await makeFolder(t);
  async function* fail(): AsyncGenerator<Uint8Array> {
    yield toBytes("first");
    await Promise.reject(new Error("broken pipe"));
  }
  await assert.rejects(writeTemporaryFile(Readable.from(fail()), { folder }), {
    message: "broken pipe",
  });
  assert.deepEqual(await readdir(folder), []);
});

test("writeTemporaryFile() fails with an error of the stream that comes before the file is open", async (t) => {
  const folder = await makeFolder(t);
  const source = new Readable({ read: () => {} });
  const written = writeTemporaryFile(source, { folder });
  source.destroy(new Error("the stream broke at once"));
  await assert.rejects(written, /the stream broke at once/);
});

test("writeTemporaryFile() stops at an abort, at once or while it waits for the stream", async (t) => {
  const folder = await makeFolder(t);
  for (const isAtOnce of [true, false]) {
    const stop = new AbortController();
    const abort = (): void => stop.abort(new Error("stopped"));
    let isFirst = true;
    const silent = new Readable({
      read(): void {
        if (isFirst) this.push(toBytes("first"));
        else if (!isAtOnce) abort();
        isFirst = false;
      },
    });
    const writing = writeTemporaryFile(silent, { folder, signal: stop.signal });
    if (isAtOnce) abort();
    await assert.rejects(writing, { message: "stopped" });
    assert.ok(silent.destroyed);
  }
  assert.deepEqual(await readdir(folder), []);
});

test("writeTemporaryFile() reports a folder that does not exist", async () => {
  const message = "create a temporary file in /nowhere: no such file or folder";
  const writing = writeTemporaryFile(Readable.from([]), { folder: "/nowhere" });
  await assert.rejects(writing, { code: "not_found", message });
});

function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
