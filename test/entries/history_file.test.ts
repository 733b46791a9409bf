import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openHistoryFile } from "../../src/entries/history_file.ts";
import type { HistoryFile } from "../../src/entries/history_file.ts";
import { recordOf, STARTED } from "../history/setup.ts";

interface Folder extends Disposable {
  /** A file that does not exist yet. */
  readonly path: string;
}

function makeFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), "crossdock-history-"));
  return {
    path: join(folder, "history.jsonl"),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function addRun({ history }: HistoryFile, warnings: readonly string[] = []): string {
  const { id: _, ...started } = STARTED;
  const id = history.begin(started);
  history.save({ ...recordOf(), id, warnings });
  return id;
}

async function listIds({ history }: HistoryFile): Promise<string[]> {
  return (await history.list({ limit: 200 })).runs.map(({ id }) => id);
}

test("openHistoryFile() keeps runs for the next start, in a file for its owner only", async () => {
  using folder = makeFolder();
  const first = openHistoryFile(folder.path);
  const ids = [addRun(first), addRun(first)].reverse();
  assert.equal(statSync(folder.path).mode & 0o777, 0o600);
  const second = openHistoryFile(folder.path);
  assert.deepEqual(second.warnings, []);
  assert.deepEqual(await listIds(second), ids);
  const newest = addRun(second);
  assert.deepEqual(await listIds(openHistoryFile(folder.path)), [newest, ...ids]);
  assert.equal(second.history.status.kept, "file");
});

test("openHistoryFile() takes the rights of others from a file that exists", () => {
  using folder = makeFolder();
  writeFileSync(folder.path, "");
  chmodSync(folder.path, 0o644);
  openHistoryFile(folder.path);
  assert.equal(statSync(folder.path).mode & 0o777, 0o600);
});

test("openHistoryFile() skips damaged lines with a warning", async () => {
  using folder = makeFolder();
  const id = addRun(openHistoryFile(folder.path));
  const line = readFileSync(folder.path, "utf8");
  writeFileSync(folder.path, `{}\n${line}\u0000\u0000\n\nnot json\n${line.slice(0, 40)}`);
  const opened = openHistoryFile(folder.path);
  assert.deepEqual(await listIds(opened), [id]);
  assert.deepEqual(opened.warnings, [`${folder.path}: skipped 4 damaged lines`]);
});

test("openHistoryFile() begins a new line after a part of one", async () => {
  using folder = makeFolder();
  const first = addRun(openHistoryFile(folder.path));
  appendFileSync(folder.path, '{"id":"0mfiz');
  const second = addRun(openHistoryFile(folder.path));
  assert.deepEqual(await listIds(openHistoryFile(folder.path)), [second, first]);
});

test("openHistoryFile() limits the file, and reads the one before it", async () => {
  using folder = makeFolder();
  const limits = { maxFileBytes: 4000 };
  const opened = openHistoryFile(folder.path, limits);
  const ids = Array.from({ length: 40 }, () => addRun(opened, ["x".repeat(100)])).reverse();
  const sizes = [folder.path, `${folder.path}.1`].map((path) => statSync(path).size);
  assert.ok(sizes.every((size) => size < 5000), `${sizes}`);
  assert.equal(statSync(`${folder.path}.1`).mode & 0o777, 0o600);
  const again = await listIds(openHistoryFile(folder.path, limits));
  assert.ok(again.length > 5 && again.length < 40, `${again.length}`);
  assert.deepEqual(again, ids.slice(0, again.length));
});

test("openHistoryFile() reads only the end of a file that is too long", async () => {
  using folder = makeFolder();
  const opened = openHistoryFile(folder.path);
  const ids = Array.from({ length: 40 }, () => addRun(opened, ["x".repeat(100)])).reverse();
  const short = openHistoryFile(folder.path, { maxFileBytes: 2000 });
  const read = await listIds(short);
  assert.ok(read.length > 1 && read.length < 10, `${read.length}`);
  assert.deepEqual(read, ids.slice(0, read.length));
  assert.deepEqual(short.warnings, []);
});

test("openHistoryFile() lets two servers write the same file", async () => {
  using folder = makeFolder();
  const [a, b] = [openHistoryFile(folder.path), openHistoryFile(folder.path)];
  const ids = Array.from({ length: 20 }, (_, i) => addRun(i % 2 === 0 ? a : b));
  // Each server lists its own runs until it starts again.
  assert.deepEqual(await listIds(a), ids.filter((_, i) => i % 2 === 0).reverse());
  const all = await listIds(openHistoryFile(folder.path));
  assert.deepEqual(all, [...ids].sort().reverse());
});

test("openHistoryFile() writes on after another server has renamed the file", async () => {
  using folder = makeFolder();
  const limits = { maxFileBytes: 4000 };
  const [a, b] = [openHistoryFile(folder.path, limits), openHistoryFile(folder.path, limits)];
  while (!existsSync(`${folder.path}.1`)) addRun(a, ["x".repeat(100)]);
  const id = addRun(b);
  assert.equal(readFileSync(folder.path, "utf8").trim().split("\n").length, 1);
  assert.equal((await listIds(openHistoryFile(folder.path, limits))).includes(id), true);
});

test("openHistoryFile() names the setting if the file cannot be used", () => {
  using folder = makeFolder();
  mkdirSync(folder.path);
  const cases = [folder.path, join(folder.path, "absent", "file"), "/dev/null", "/etc/passwd/file"];
  for (const path of cases) {
    assert.throws(() => openHistoryFile(path), {
      name: "ParseError",
      message: new RegExp(`^configuration is not valid: CROSSDOCK_HISTORY_FILE: open ${path}: `),
    });
  }
});

test("openHistoryFile() reports a run that cannot be written, and keeps it in memory", async () => {
  using folder = makeFolder();
  const opened = openHistoryFile(folder.path);
  rmSync(folder.path);
  mkdirSync(folder.path);
  assert.throws(() => addRun(opened), /EISDIR|directory/i);
  assert.equal((await listIds(opened)).length, 1);
  rmSync(folder.path, { recursive: true });
  const id = addRun(opened);
  assert.deepEqual(await listIds(openHistoryFile(folder.path)), [id]);
});
