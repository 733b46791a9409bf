import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { withLock } from "../../src/layouts/lock_file.ts";
import { makeFolder } from "./setup.ts";

async function age(path: string): Promise<void> {
  const twoMinutesAgo = Date.now() / 1000 - 120;
  await utimes(path, twoMinutesAgo, twoMinutesAgo);
}

test("withLock() runs one at a time, and removes the lock after an error too", async (t) => {
  const path = join(await makeFolder(t), "lock");
  let running = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) =>
      withLock(path, async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        if (i % 2) throw new Error("odd");
        return i;
      })),
  );
  assert.equal(most, 1);
  assert.equal(results.filter(({ status }) => status === "rejected").length, 5);
  assert.equal(existsSync(path), false);
});

test("withLock() removes a lock whose owner was killed", async (t) => {
  const path = join(await makeFolder(t), "lock");
  await writeFile(path, "killed");
  await age(path);
  assert.equal(await withLock(path, () => Promise.resolve(1)), 1);
  await writeFile(path, "killed");
  await writeFile(`${path}.stale`, "");
  await age(path);
  await age(`${path}.stale`);
  assert.equal(await withLock(path, () => Promise.resolve(2)), 2);
  assert.equal(existsSync(path) || existsSync(`${path}.stale`), false);
});

test("withLock() waits for a recent lock until it is aborted", async (t) => {
  const path = join(await makeFolder(t), "lock");
  await writeFile(path, "other");
  const stop = new AbortController();
  const waiting = withLock(path, () => Promise.resolve(), { signal: stop.signal });
  stop.abort(new Error("stopped"));
  await assert.rejects(waiting);
  assert.equal(existsSync(path), true);
});

test("withLock() tells its work that the lock was removed", async (t) => {
  const path = join(await makeFolder(t), "lock");
  await assert.rejects(
    withLock(path, async (check) => {
      await check();
      await unlink(path);
      await check();
    }),
    { code: "conflict", message: /another process has removed the lock/ },
  );
});

const isDenoOnLinux = "Deno" in globalThis && process.platform === "linux";

test(
  "withLock() leaves no lock that it cannot write, as on a full disk",
  { skip: !isDenoOnLinux },
  async (t) => {
    const folder = await makeFolder(t);
    const module = new URL("../../src/layouts/lock_file.ts", import.meta.url);
    await writeFile(
      join(folder, "run.ts"),
      `import { withLock } from "${module}";
await withLock("${folder}/lock", async () => {}).catch(({ code }) => console.log(code));`,
    );
    // A limit of 0 bytes for each file. A full disk would need a mount.
    const script = join(folder, "run.sh");
    const program = `"${process.execPath}" run --quiet --no-check --allow-all "${folder}/run.ts"`;
    await writeFile(script, `trap "" XFSZ; ulimit -f 0; ${program} | cat\n`);
    const run = spawnSync("bash", [script], {
      cwd: new URL("../..", import.meta.url),
      encoding: "utf8",
    });
    assert.equal(run.stdout, "limit\n", run.stderr);
    assert.equal(existsSync(join(folder, "lock")), false);
  },
);
