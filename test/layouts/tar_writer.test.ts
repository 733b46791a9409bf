import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { packTar, unpackTar } from "modern-tar";
import { openTarReader } from "../../src/layouts/tar_reader.ts";
import { TarWriter } from "../../src/layouts/tar_writer.ts";
import { readBody } from "../../src/streams/chunk_reader.ts";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import { createTempFolder } from "../registries/run_program.ts";

function chunks(text: string): ChunkReader {
  return readBody(new Response(text));
}

async function put(writer: TarWriter, path: string, text: string): Promise<void> {
  const write = await writer.begin(path, text.length);
  await write.write(chunks(text));
}

async function list(path: string): Promise<Record<string, string>> {
  const entries = await unpackTar(await readFile(path), { strict: true });
  return Object.fromEntries(
    entries.map(({ header, data }) => [header.name, new TextDecoder().decode(data)]),
  );
}

test("TarWriter writes entries and small files that change, and renames the archive at the end", async () => {
  await using folder = await createTempFolder("tar");
  const path = join(folder.path, "app.tar");
  const writer = new TarWriter(path);
  await writer.update("index.json", () => new TextEncoder().encode("1"));
  await put(writer, "blobs/a", "first");
  await put(writer, `blobs/${"b".repeat(200)}`, "");
  await writer.update("index.json", (current) => {
    assert.deepEqual(current, new TextEncoder().encode("1"));
    return new TextEncoder().encode("12");
  });
  assert.equal(await writer.size("index.json"), 2);
  assert.equal(await writer.size("blobs/a"), 5);
  assert.equal(await new Response(await writer.open("blobs/a", { offset: 2 })).text(), "rst");
  assert.equal(await new Response(await writer.open("index.json")).text(), "12");
  assert.ok(!(await readdir(folder.path)).includes("app.tar"));
  await writer.finish();
  await writer.close();
  assert.deepEqual(await readdir(folder.path), ["app.tar"]);
  const found = await list(path);
  assert.deepEqual(found, {
    "blobs/a": "first",
    [`blobs/${"b".repeat(200)}`]: "",
    "index.json": "12",
  });
  assert.equal(Object.keys(found).at(-1), "index.json");
});

test("TarWriter gives the same bytes for the same content", async () => {
  await using folder = await createTempFolder("tar");
  const archives: Uint8Array[] = [];
  for (const name of ["1.tar", "2.tar"]) {
    const writer = new TarWriter(join(folder.path, name));
    await put(writer, "a", "first");
    const write = await writer.beginUnsized("b");
    await write.write(chunks("second"));
    await writer.finish();
    archives.push(await readFile(join(folder.path, name)));
  }
  assert.deepEqual(archives[0], archives[1]);
  const [first] = await unpackTar(archives[0] ?? new Uint8Array());
  assert.equal(first?.header.mtime?.getTime(), 0);
});

test("TarWriter.begin() waits for the entry before", async () => {
  await using folder = await createTempFolder("tar");
  const writer = new TarWriter(join(folder.path, "app.tar"));
  const first = await writer.begin("a", 5);
  let isBegun = false;
  const second = writer.begin("b", 6).then((write) => {
    isBegun = true;
    return write.write(chunks("second"));
  });
  await first.write(chunks("first")).then(() => assert.ok(!isBegun));
  await second;
  await writer.finish();
  assert.deepEqual(await list(join(folder.path, "app.tar")), { a: "first", b: "second" });
});

test("TarWriter.begin() stops waiting at an abort", async () => {
  await using folder = await createTempFolder("tar");
  const writer = new TarWriter(join(folder.path, "app.tar"));
  await writer.begin("a", 5);
  const stop = new AbortController();
  const second = writer.begin("b", 6, { signal: stop.signal });
  stop.abort(new Error("stopped"));
  await assert.rejects(second, { message: "stopped" });
  await writer.close();
  assert.deepEqual(await readdir(folder.path), []);
});

test("TarWriter overwrites an entry that failed", async () => {
  await using folder = await createTempFolder("tar");
  const path = join(folder.path, "app.tar");
  const writer = new TarWriter(path);
  await put(writer, "a", "first");
  const failing = await writer.begin("b", 2000);
  let isFirst = true;
  const broken: ChunkReader = {
    read(): Promise<Uint8Array<ArrayBuffer>> {
      if (!isFirst) return Promise.reject(new Error("reset"));
      isFirst = false;
      return Promise.resolve(new Uint8Array(1999).fill(1));
    },
    cancel: () => Promise.resolve(),
  };
  await assert.rejects(failing.write(broken), { message: "reset" });
  await failing.discard();
  assert.equal(await writer.size("b"), undefined);
  const discarded = await writer.begin("b", 2000);
  await discarded.discard();
  await put(writer, "c", "third");
  await writer.finish();
  assert.deepEqual(await list(path), { a: "first", c: "third" });
});

test("TarWriter rejects content of another size", async () => {
  await using folder = await createTempFolder("tar");
  const writer = new TarWriter(join(folder.path, "app.tar"));
  const write = await writer.begin("a", 4);
  await assert.rejects(write.write(chunks("first")), {
    code: "integrity",
    message: /app\.tar: "a": got 5 bytes, expected 4$/,
  });
  await writer.close();
});

test("TarWriter writes one blob once if two copies found it missing", async () => {
  await using folder = await createTempFolder("tar");
  const path = join(folder.path, "app.tar");
  const writer = new TarWriter(path);
  await Promise.all([put(writer, "a", "first"), put(writer, "a", "first")]);
  await writer.finish();
  assert.equal((await unpackTar(await readFile(path))).length, 1);
});

test("TarWriter writes an entry of unknown size that other programs read", async () => {
  await using folder = await createTempFolder("tar");
  const path = join(folder.path, "app.tar");
  const writer = new TarWriter(path);
  const write = await writer.beginUnsized("layer.tar");
  await write.write(chunks("x".repeat(100_000)));
  await put(writer, "b", "second");
  await writer.finish();
  const reader = await openTarReader(path);
  assert.equal(await reader.size("layer.tar"), 100_000);
  await reader.close();
  assert.equal((await list(path))["layer.tar"]?.length, 100_000);
});

test("TarWriter leaves nothing after a failure", async () => {
  await using folder = await createTempFolder("tar");
  const path = join(folder.path, "app.tar");
  const before = await packTar([{ header: { name: "old", size: 1 }, body: "x" }]);
  await writeFile(path, before);
  const writer = new TarWriter(path);
  await put(writer, "a", "first");
  assert.equal((await readdir(folder.path)).length, 2);
  await writer.close();
  assert.deepEqual(await readdir(folder.path), ["app.tar"]);
  assert.deepEqual(new Uint8Array(await readFile(path)), before);
});

test("TarWriter replaces a tar file, and no other file or folder", async () => {
  await using folder = await createTempFolder("tar");
  const path = join(folder.path, "app.tar");
  await writeFile(path, await packTar([{ header: { name: "old", size: 1 }, body: "x" }]));
  const writer = new TarWriter(path);
  await put(writer, "a", "first");
  await writer.finish();
  assert.deepEqual(await list(path), { a: "first" });

  await writeFile(join(folder.path, "letter"), "Dear Ms Doe,");
  await mkdir(join(folder.path, "folder"));
  const cases = { letter: /exists and is not a complete tar archive$/, folder: /it is a folder/ };
  for (const [name, message] of Object.entries(cases)) {
    const other = new TarWriter(join(folder.path, name));
    await assert.rejects(other.begin("a", 1), { code: "conflict", message });
    await other.close();
  }
  assert.equal(await readFile(join(folder.path, "letter"), "utf8"), "Dear Ms Doe,");
  assert.deepEqual((await readdir(folder.path)).sort(), ["app.tar", "folder", "letter"]);
});

test("TarWriter reports a missing folder", async () => {
  await using folder = await createTempFolder("tar");
  const missing = new TarWriter(join(folder.path, "missing", "app.tar"));
  await assert.rejects(missing.begin("a", 1), { code: "not_found", message: /app\.tar: no such/ });
});

test("TarWriter reports missing permission", { skip: process.platform !== "linux" }, async () => {
  // Even root may create no file in this folder.
  const denied = new TarWriter("/sys/app.tar");
  const message = "write /sys/app.tar: permission denied";
  await assert.rejects(denied.begin("a", 1), { code: "denied", message });
});

test("TarWriter reports a full disk", { skip: process.platform !== "linux" }, async () => {
  // A copy that the device cannot take: the archive is sent to it at the end.
  const writer = new TarWriter("/dev/full");
  await put(writer, "a", "first");
  await assert.rejects(writer.finish(), {
    code: "limit",
    message: /^write \/dev\/full: no space left on the device$/,
  });
});

test("TarWriter.begin() rejects a folder, and names a file in it", async () => {
  await using folder = await createTempFolder("tar");
  const writer = new TarWriter(folder.path);
  await assert.rejects(writer.begin("blobs/a", 1), {
    code: "conflict",
    hint: `name a file in it, such as ${folder.path}/image.tar`,
  });
  await writer.close();
});
