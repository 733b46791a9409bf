import process from "node:process";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { openFolder } from "../../src/layouts/folder.ts";
import { readChunks } from "../../src/streams/chunk_reader.ts";
import { bytesOf, chunksOf, makeFolder, readAll, textOf } from "./setup.ts";

test("openFolder() writes a file under its name only when it is complete", async (t) => {
  const root = await makeFolder(t);
  const folder = openFolder(root);
  const write = await folder.begin("blobs/sha256/aa", 4);
  assert.equal(await folder.size("blobs/sha256/aa"), undefined);
  await write.write(chunksOf("ab", "cd"));
  assert.equal(await readFile(join(root, "blobs/sha256/aa"), "utf8"), "abcd");
  assert.deepEqual(await readdir(join(root, "blobs/sha256")), ["aa"]);
  await write.discard();
  assert.equal(await folder.size("blobs/sha256/aa"), 4);
});

test("openFolder() leaves nothing of a file whose chunks fail", async (t) => {
  const root = await makeFolder(t);
  const folder = openFolder(root);
  const write = await folder.begin("a", 4);
  await assert.rejects(write.write(chunksOf("ab", new Error("broken"))), /broken/);
  await write.discard();
  assert.deepEqual(await readdir(root), []);
});

test("openFolder() creates no file before its first byte", async (t) => {
  const root = await makeFolder(t);
  const folder = openFolder(root);
  const write = await folder.begin("a", 4);
  assert.deepEqual(await readdir(root), []);
  await write.discard();
});

test("openFolder() writes an empty file", async (t) => {
  const root = await makeFolder(t);
  await (await openFolder(root).begin("a", 0)).write(chunksOf());
  assert.equal(await openFolder(root).size("a"), 0);
});

test("openFolder() removes old parts of a killed process, and no others", async (t) => {
  const root = await makeFolder(t);
  const [old, recent] = [".crossdock-0-0.partial", ".crossdock-1-1.partial"];
  for (const name of [old, recent, "other"]) await writeFile(join(root, name), "x");
  const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 60 * 60;
  await utimes(join(root, old), twoDaysAgo, twoDaysAgo);
  await utimes(join(root, "other"), twoDaysAgo, twoDaysAgo);
  await openFolder(root).update("a", () => bytesOf("1"));
  assert.deepEqual((await readdir(root)).sort(), [recent, "a", "other"]);
});

test("openFolder() reads from an offset, into the buffer of the reader", async (t) => {
  const root = await makeFolder(t);
  await writeFile(join(root, "a"), "0123456789");
  const stream = await openFolder(root).open("a", { offset: 4 });
  assert.equal(await readAll(readChunks(stream)), "456789");
  const plain = (await openFolder(root).open("a")).getReader();
  assert.equal(textOf((await plain.read()).value), "0123456789");
  assert.equal((await plain.read()).done, true);
  await (await openFolder(root).open("a")).cancel();
});

test("openFolder() tells a missing folder from an empty one and a used one", async (t) => {
  const root = await makeFolder(t);
  assert.equal(await openFolder(join(root, "none")).state(), "missing");
  assert.equal(await openFolder(root).state(), "empty");
  await writeFile(join(root, "oci-layout.lock"), "another process");
  assert.equal(await openFolder(root).state(), "empty");
  await writeFile(join(root, "yarn.lock"), "");
  assert.equal(await openFolder(root).state(), "used");
  await writeFile(join(root, "a"), "");
  assert.equal(await openFolder(root).state(), "used");
  await assert.rejects(openFolder(join(root, "a")).state(), {
    code: "conflict",
    message: /a is a file, expected a folder/,
  });
});

test("openFolder() does not open what is not a regular file", async (t) => {
  const root = await makeFolder(t);
  await promisify(execFile)("mkfifo", [join(root, "pipe")]);
  await mkdir(join(root, "folder"));
  for (const path of ["pipe", "folder"]) {
    await assert.rejects(openFolder(root).size(path), {
      code: "unsupported",
      message: /not a regular file/,
    });
    await assert.rejects(openFolder(root).open(path), {
      message: /not a regular file|it is a folder/,
    });
  }
});

test("openFolder() writes nothing through a link to another folder", async (t) => {
  const [root, outside] = [await makeFolder(t), await makeFolder(t)];
  await symlink(outside, join(root, "blobs"));
  await assert.rejects(openFolder(root).begin("blobs/sha256/aa", 1), {
    code: "conflict",
    message: /symbolic link to a folder outside/,
  });
  assert.deepEqual(await readdir(outside), []);
});

test("openFolder().update() changes a file in one piece, one change after the other", async (t) => {
  const root = await makeFolder(t);
  const folders = [openFolder(root), openFolder(root), openFolder(root)];
  await Promise.all(
    Array.from(
      { length: 30 },
      (_, i) => folders[i % 3]?.update("list", (current) => bytesOf(`${textOf(current)}${i},`)),
    ),
  );
  const text = await readFile(join(root, "list"), "utf8");
  assert.deepEqual(
    text.split(",").filter(Boolean).map(Number).sort((a, b) => a - b),
    Array.from({ length: 30 }, (_, i) => i),
  );
  assert.deepEqual(await readdir(root), ["list"]);
  await folders[0]?.update("list", () => undefined);
  assert.equal(await readFile(join(root, "list"), "utf8"), text);
});

test(
  "openFolder() names the file of an error",
  { skip: process.platform !== "linux" },
  async () => {
    // Even root may create nothing in this folder.
    const write = await openFolder("/sys").begin("a", 1);
    await assert.rejects(write.write(chunksOf("x")), {
      code: "denied",
      message: "write /sys/a: permission denied",
    });
    await assert.rejects(openFolder("/sys").begin("b/a", 1), {
      code: "denied",
      message: /^create folder \/sys\/b: (permission denied|operation not permitted)$/,
    });
  },
);
