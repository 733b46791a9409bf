import assert from "node:assert/strict";
import { test } from "node:test";
import { staticCredentials } from "../../src/auth/credentials.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { startRealRegistry } from "./support.ts";
import { putTinyImage } from "./tiny_image.ts";

for (const kind of ["distribution2", "distribution3", "crane"] as const) {
  for (
    const auth of kind === "crane" ? ["open"] as const : ["open", "htpasswd", "token"] as const
  ) {
    test(`repositories() lists those of ${kind}, ${auth}`, async () => {
      await using registry = await startRealRegistry(kind, { auth });
      for (const name of ["b:1", "a/b:1", "a/b/c:1"]) await putTinyImage(registry, name);
      const { credentials, host } = registry;
      const engine = createSyncEngine({
        runtime: await createRuntime(),
        source: credentials
          ? { credentials: staticCredentials({ kind: "basic", ...credentials }, "test") }
          : {},
      });
      const pages = await Array.fromAsync(engine.batch().repositories(host));
      assert.deepEqual(pages.flat().sort(), ["a/b", "a/b/c", "b"]);
    });
  }
}

test("repositories() lists all pages of distribution3, of any size", async () => {
  await using registry = await startRealRegistry("distribution3", { catalogPage: 3 });
  for (let i = 0; i < 7; i++) await putTinyImage(registry, `r${i}:1`);
  const engine = createSyncEngine({ runtime: await createRuntime() });
  const pages = await Array.fromAsync(engine.batch().repositories(registry.host));
  assert.deepEqual(pages, [["r0", "r1", "r2"], ["r3", "r4", "r5"], ["r6"]]);
});
