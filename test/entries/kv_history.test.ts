import assert from "node:assert/strict";
import { test } from "node:test";
import { createKvHistory } from "../../src/entries/kv_history.ts";
import type { KvBinding } from "../../src/entries/kv_history.ts";
import { makeRunId } from "../../src/history/run_id.ts";
import { recordOf } from "../history/setup.ts";

/** A KV namespace, which lists keys in ascending order and limits metadata. */
function fakeKv(): KvBinding & { readonly keys: () => string[] } {
  const values = new Map<string, { value: string; metadata: unknown }>();
  const keys = (): string[] => [...values.keys()].sort();
  return {
    keys,
    get: (key) => Promise.resolve(JSON.parse(values.get(key)?.value ?? "null")),
    put(key, value, { metadata, expirationTtl }): Promise<void> {
      assert.ok(expirationTtl > 0);
      const text = JSON.stringify(metadata);
      assert.ok(new TextEncoder().encode(text).length <= 1024, "metadata is too long");
      values.set(key, { value, metadata: JSON.parse(text) });
      return Promise.resolve();
    },
    list({ prefix, limit, cursor }): ReturnType<KvBinding["list"]> {
      const start = cursor ? Number(/^c(\d+)$/.exec(cursor)?.[1] ?? Number.NaN) : 0;
      if (Number.isNaN(start)) return Promise.reject(new Error("KV LIST failed: 400"));
      const found = keys().filter((key) => key.startsWith(prefix));
      const end = start + limit;
      return Promise.resolve({
        keys: found.slice(start, end).map((key) => ({ metadata: values.get(key)?.metadata })),
        ...(end < found.length
          ? { list_complete: false, cursor: `c${end}` }
          : { list_complete: true }),
      });
    },
  };
}

test("createKvHistory() lists runs newest first, page by page", async () => {
  const history = createKvHistory(fakeKv());
  const ids = [1, 2, 3].map((i) => makeRunId(Date.now() + i));
  for (const id of ids) await history.save(recordOf({ id }));
  const first = await history.list({ limit: 2 });
  assert.deepEqual(first.runs.map(({ id }) => id), [ids[2], ids[1]]);
  const second = await history.list({ limit: 2, cursor: first.next });
  assert.deepEqual(second.runs.map(({ id }) => id), [ids[0]]);
  assert.equal(second.next, undefined);
});

test("createKvHistory() filters each page", async () => {
  const history = createKvHistory(fakeKv());
  const ids = [1, 2].map((i) => makeRunId(i));
  await history.save(recordOf({ id: ids[0] ?? "", rule: "other" }));
  await history.save(recordOf({ id: ids[1] ?? "" }));
  const first = await history.list({ limit: 1, rules: ["other"] });
  assert.deepEqual(first.runs, []);
  const second = await history.list({ limit: 1, rules: ["other"], cursor: first.next });
  assert.deepEqual(second.runs.map(({ id }) => id), [ids[0]]);
});

test("createKvHistory() returns a run with its details, and nothing for another id", async () => {
  const history = createKvHistory(fakeKv());
  const run = recordOf();
  await history.save(run);
  assert.deepEqual(await history.get(run.id), JSON.parse(JSON.stringify(run)));
  assert.equal(await history.get(makeRunId(5)), undefined);
});

test("createKvHistory() replaces a run that a repeated step stores again", async () => {
  const kv = fakeKv();
  const history = createKvHistory(kv);
  await history.save(recordOf());
  await history.save(recordOf());
  assert.equal(kv.keys().length, 1);
});

test("createKvHistory() shortens the summary of a run with long names", async () => {
  const history = createKvHistory(fakeKv());
  const run = recordOf({ source: "ä".repeat(1000), destination: "x".repeat(900) });
  await history.save(run);
  const { runs: [listed] } = await history.list({ limit: 1 });
  assert.equal(listed?.id, run.id);
  assert.equal(listed?.state, "ok");
  assert.equal((await history.get(run.id))?.source, run.source);
});

test("createKvHistory() lists a run of a part with a long name as one of a part", async () => {
  const history = createKvHistory(fakeKv());
  const only = `r.example/${"a".repeat(1100)}:1`;
  await history.save(recordOf({ only }));
  const [run] = (await history.list({ limit: 1 })).runs;
  assert.ok(run?.only && only.startsWith(run.only));
});

test("createKvHistory() rejects a cursor that the namespace rejects", async () => {
  const history = createKvHistory(fakeKv());
  await assert.rejects(history.list({ limit: 1, cursor: "damaged" }), { name: "RequestError" });
});

test("createKvHistory() passes over entries that others wrote into the namespace", async () => {
  const kv = fakeKv();
  const history = createKvHistory(kv);
  const record = recordOf({ id: makeRunId(1000) });
  await history.save(record);
  for (const [i, metadata] of [null, "text", { id: 7 }, { id: "x", state: "done" }].entries()) {
    await kv.put(`run/other-${i}`, JSON.stringify(metadata), { metadata, expirationTtl: 60 });
  }
  const { runs } = await history.list({ limit: 50 });
  assert.deepEqual(runs.map(({ id }) => id), [record.id]);
});
