import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { createDenoKvState } from "../../src/hosts/deno_kv_state.ts";
import type { DenoKv } from "../../src/hosts/deno_kv_state.ts";

interface FakeKv extends DenoKv {
  readonly values: Map<string, unknown>;
}

/** Deno KV in memory, with its limit of a value. */
function fakeKv(): FakeKv {
  const values = new Map<string, unknown>();
  return {
    values,
    async *list({ prefix }): AsyncGenerator<{ key: readonly unknown[]; value: unknown }> {
      await Promise.resolve();
      for (const [name, value] of [...values]) {
        const key = JSON.parse(name) as unknown[];
        if (prefix.every((part, i) => part === key[i])) yield { key, value };
      }
    },
    set(key, value): Promise<void> {
      const { bytes } = value as { bytes: Uint8Array };
      assert.ok(bytes.length <= 65_000, `${bytes.length} bytes`);
      values.set(JSON.stringify(key), value);
      return Promise.resolve();
    },
    delete(key): Promise<void> {
      values.delete(JSON.stringify(key));
      return Promise.resolve();
    },
  };
}

test("createDenoKvState() splits a text into values, and joins them", async () => {
  const kv = fakeKv();
  const store = createDenoKvState(kv);
  for (const size of [0, 1, 30_000, 400_000, 70_000]) {
    const text = "é".repeat(size);
    await store.write("a", text);
    assert.equal(await store.read("a"), text);
    assert.equal(kv.values.size, Math.max(1, Math.ceil(2 * size / 60_000)));
  }
  await store.write("b", "other");
  await store.write("a", undefined);
  assert.deepEqual([await store.read("a"), await store.read("b")], [undefined, "other"]);
});

test("createDenoKvState() reads an empty text if parts of two texts are mixed, or one is missing", async () => {
  for (const spoil of ["mix", "drop"]) {
    const [kv, other] = [fakeKv(), fakeKv()];
    await createDenoKvState(kv).write("a", "x".repeat(150_000));
    await createDenoKvState(other).write("a", "y".repeat(150_000));
    const name = JSON.stringify(["crossdock", "state", "a", 1]);
    if (spoil === "mix") kv.values.set(name, other.values.get(name));
    else kv.values.delete(name);
    assert.equal(await createDenoKvState(kv).read("a"), "");
  }
});

if ("Deno" in globalThis) {
  test("openState() of kv: stores texts in the real Deno KV", () => {
    const { href } = new URL("../../src/hosts/open_state.ts", import.meta.url);
    const program = `
      import { openState } from ${JSON.stringify(href)};
      const store = await openState("kv::memory:");
      const text = "x".repeat(1024 * 1024);
      await store.write("a", text);
      const isSame = await store.read("a") === text;
      await store.write("a", "short");
      const short = await store.read("a");
      await store.write("a", undefined);
      console.log(JSON.stringify([isSame, short, await store.read("a") ?? null]));
      Deno.exit(0);
    `;
    const args = ["run", "--quiet", "--allow-all", "--unstable-kv", "--ext=ts", "-"];
    const output = execFileSync(process.execPath, args, { input: program, encoding: "utf8" });
    assert.deepEqual(JSON.parse(output), [true, "short", null]);
  });
}
