import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { UNUSED_MODULES } from "../../build/slim_zod.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

for (const name of ["wrangler.toml", "examples/docker_hub_to_ecr/wrangler.toml"]) {
  test(`slimZod leaves out the modules that [alias] of ${name} leaves out`, () => {
    const file = resolve(ROOT, name);
    const [, section = ""] = /^\[alias\]\n([^[]*)/m.exec(readFileSync(file, "utf8")) ?? [];
    const aliases = [...section.matchAll(/^"([^"]+)" = "([^"]+)"$/gm)];
    assert.deepEqual(aliases.map(([, path]) => path), UNUSED_MODULES);
    for (const [, , target = ""] of aliases) {
      assert.equal(resolve(dirname(file), target), resolve(ROOT, "build/zod_unused.ts"));
    }
  });
}
