import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Runs what the container image runs, with its permissions and its environment. */
function runEntrypoint(...argv: string[]): Promise<{ code: number; stderr: string }> {
  const [, entrypoint = "[]"] = /^ENTRYPOINT (.*)$/m.exec(
    readFileSync(`${ROOT}Dockerfile`, "utf8"),
  ) ?? [];
  const [program = "", ...words]: string[] = JSON.parse(entrypoint);
  const env = {
    PATH: process.env["PATH"],
    DENO_DIR: process.env["DENO_DIR"],
    HOME: "/nonexistent",
    DOCKER_CONFIG: "/etc/crossdock",
  };
  return new Promise((resolve) =>
    execFile(
      program,
      [...words, ...argv],
      { cwd: ROOT, env },
      (error, _, stderr) => resolve({ code: Number(error?.code ?? 0), stderr }),
    )
  );
}

test("the container image runs crossdock copy with the permissions of the server", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const { code, stderr } = await runEntrypoint(
    "copy",
    `${source.host}/app:1`,
    `${destination.host}/app:1`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
});
