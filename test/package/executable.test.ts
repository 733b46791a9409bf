/** The standalone executable of `deno task compile`, in a folder without packages or runtimes. */
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createTempFolder } from "../registries/run_program.ts";
import { spawnGuarded } from "../support/guarded_process.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("the standalone executable copies an image", async () => {
  const env = process.env as Record<string, string>;
  const compile = spawnGuarded(["deno", "task", "compile"], { cwd: ROOT, env });
  assert.equal(await compile.ended, 0, compile.stderr);
  await using folder = await createTempFolder("executable");
  const program = join(folder.path, "crossdock");
  await copyFile(join(ROOT, "dist/crossdock"), program);
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const copy = spawnGuarded(
    [program, "copy", `${source.host}/app:1`, `${destination.host}/app:1`],
    { cwd: folder.path, env: { PATH: "/nonexistent", HOME: folder.path } },
  );
  assert.equal(await copy.ended, 0, copy.stderr);
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
});
