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
import { until } from "../support/until.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("the standalone executable copies an image, and serves the page", async () => {
  const own = process.env as Record<string, string>;
  const compile = spawnGuarded(["deno", "task", "compile"], { cwd: ROOT, env: own });
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
  const env = { PATH: "/nonexistent", HOME: folder.path, PORT: "0", CROSSDOCK_OPEN: "true" };
  const server = spawnGuarded([program, "serve"], { cwd: folder.path, env });
  try {
    await until("it listens", () => /"listening"/.test(server.stdout));
    const port = /"port":(\d+)/.exec(server.stdout)?.[1];
    const html = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    assert.match(html, /assets\/page-\w+\.js/);
  } finally {
    await server.kill();
  }
});
