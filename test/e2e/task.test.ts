import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("deno task crossdock reads files in the caller's working directory", async () => {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-task-"));
  try {
    await writeFile(
      join(folder, "skopeo.yml"),
      "registry.example.com:\n  images:\n    app: [v1]\n",
    );
    const args = ["import", "--from", "skopeo", "--to", "mirror.example.com/a", "skopeo.yml"];
    const config = execFileSync("bash", [`${ROOT}build/crossdock.sh`, ...args], {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...process.env, INIT_CWD: folder },
    });
    assert.match(config, /mirror\.example\.com\/a\/app/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
