import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createFileState } from "../../src/hosts/file_state.ts";

interface Folder extends Disposable {
  readonly file: string;
  readonly path: string;
}

function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "crossdock-state-"));
  return {
    path,
    file: join(path, "state"),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

test("createFileState() reads what was written, in this process and in the next", async () => {
  using folder = makeFolder();
  const store = createFileState(folder.file);
  assert.equal(await store.read("a"), undefined);
  assert.deepEqual(readdirSync(folder.path), []);
  await store.write("a", '{"x":"é\n"}');
  await store.write("b", "two");
  await store.write("a", "one");
  await store.write("b", undefined);
  for (const opened of [store, createFileState(folder.file)]) {
    assert.deepEqual([await opened.read("a"), await opened.read("b")], ["one", undefined]);
  }
  assert.equal(statSync(folder.file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder.path), ["state"]);
});

test("createFileState() sees the changes of another process", async () => {
  using folder = makeFolder();
  const [first, second] = [createFileState(folder.file), createFileState(folder.file)];
  await first.write("a", "1");
  assert.equal(await second.read("a"), "1");
  await second.write("a", undefined);
  assert.equal(await first.read("a"), undefined);
  await Promise.all([first.write("b", "2"), second.write("c", "3")]);
  const third = createFileState(folder.file);
  assert.deepEqual([await third.read("b"), await third.read("c")], ["2", "3"]);
});

test("createFileState() replaces a file whose lines are mostly out of date, and leaves no other file", async () => {
  using folder = makeFolder();
  const store = createFileState(folder.file);
  const text = "x".repeat(10_000);
  for (let i = 0; i < 100; i++) {
    await store.write("a", `${text}${i}`);
    await store.write("b", undefined);
    assert.ok(statSync(folder.file).size < 80_000);
  }
  assert.equal(await createFileState(folder.file).read("a"), `${text}99`);
  assert.equal(statSync(folder.file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder.path), ["state"]);
});

test("createFileState() drops the oldest texts if the file would exceed 64 MiB", async () => {
  using folder = makeFolder();
  const store = createFileState(folder.file);
  const text = "x".repeat(4 * 1024 * 1024);
  for (let i = 0; i < 20; i++) {
    await store.write(`${i}`, text);
    assert.ok(statSync(folder.file).size <= 64 * 1024 * 1024);
  }
  const next = createFileState(folder.file);
  assert.deepEqual([await next.read("0"), await next.read("19")], [undefined, text]);
});

test("createFileState() keeps a link, and replaces the file that it leads to", async () => {
  using folder = makeFolder();
  const link = join(folder.path, "link");
  symlinkSync(folder.file, link);
  const store = createFileState(link);
  for (let i = 0; i < 9; i++) await store.write("a", "x".repeat(20_000));
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.ok(statSync(folder.file).size < 80_000);
});

const FOREIGN = ["sync: []\n", "{}", '{"crossdock":"other"}\n'];
for (const text of FOREIGN) {
  test(`createFileState() never overwrites a file with ${JSON.stringify(text)}`, async () => {
    using folder = makeFolder();
    writeFileSync(folder.file, text);
    const store = createFileState(folder.file);
    for (let i = 0; i < 2; i++) {
      await assert.rejects(store.read("a"), /is not a state file of crossdock, and is left alone/);
      await assert.rejects(store.write("a", "1"), /is not a state file/);
    }
    assert.equal(readFileSync(folder.file, "utf8"), text);
  });
}

test("createFileState() uses an empty file", async () => {
  using folder = makeFolder();
  writeFileSync(folder.file, "");
  await createFileState(folder.file).write("a", "1");
  assert.equal(await createFileState(folder.file).read("a"), "1");
});

const BROKEN: [what: string, change: (file: string) => void][] = [
  ["a line that was cut off", (file) => appendFileSync(file, '["c","x')],
  ["a line that is not JSON", (file) => appendFileSync(file, "??\n")],
  ["a line without a key", (file) => appendFileSync(file, "[1]\n")],
  ["a line that is null", (file) => appendFileSync(file, "null\n")],
];
for (const [what, change] of BROKEN) {
  test(`createFileState() reports ${what} once, keeps the others, and repairs the file`, async () => {
    using folder = makeFolder();
    const before = createFileState(folder.file);
    await before.write("a", "1");
    await before.write("b", "2");
    change(folder.file);
    const store = createFileState(folder.file);
    await assert.rejects(store.read("a"), /some lines cannot be read, their images are compared/);
    assert.deepEqual([await store.read("a"), await store.read("b")], ["1", "2"]);
    await store.write("d", "4");
    const next = createFileState(folder.file);
    assert.deepEqual(await Promise.all(["a", "b", "c", "d"].map((key) => next.read(key))), [
      "1",
      "2",
      undefined,
      "4",
    ]);
  });
}

test("createFileState() does not open a pipe, or a folder", async () => {
  using folder = makeFolder();
  const pipe = join(folder.path, "pipe");
  await promisify(execFile)("mkfifo", [pipe]);
  for (const path of [pipe, folder.path]) {
    const store = createFileState(path);
    await assert.rejects(store.read("a"), /is not a state file/);
    await assert.rejects(store.write("a", "b"), /is not a state file/);
  }
});

test("createFileState() replaces a file of another version, after it has reported it", async () => {
  using folder = makeFolder();
  writeFileSync(folder.file, '{"crossdock":"state","version":7}\n["a","1"]\n');
  const store = createFileState(folder.file);
  await assert.rejects(store.read("a"), /cannot be read/);
  assert.equal(await store.read("a"), undefined);
  await store.write("b", "2");
  assert.equal(await createFileState(folder.file).read("b"), "2");
});

test("createFileState() reads a file that two processes have begun at the same time", async () => {
  using folder = makeFolder();
  await createFileState(folder.file).write("a", "1");
  const text = readFileSync(folder.file, "utf8");
  writeFileSync(folder.file, text + text.replace('"a"', '"b"'));
  const store = createFileState(folder.file);
  assert.deepEqual([await store.read("a"), await store.read("b")], ["1", "1"]);
});

test("createFileState() rejects if the folder is missing, and works once it is there", async () => {
  using folder = makeFolder();
  const path = join(folder.path, "no", "state");
  const store = createFileState(path);
  assert.equal(await store.read("a"), undefined);
  await assert.rejects(store.write("a", "1"));
  chmodSync(folder.path, 0o700);
  const other = createFileState(folder.path);
  await assert.rejects(other.read("a"), /is not a state file/);
});
