import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { formatMistake } from "../../src/config/mistakes.ts";
import { readExample } from "./read_example.ts";

for (const name of ["air_gapped", "docker_hub_to_ecr", "ghcr_to_harbor"]) {
  test(`examples/${name} is a config without a warning, and its README names each variable`, () => {
    const text = readExample(`${name}/crossdock.yaml`);
    const asked = [...text.matchAll(/env "([A-Z_]+)"/g)].map(([, name = ""]) => name);
    const env = Object.fromEntries(asked.map((name) => [name, "of-the-example-1"]));
    const { warnings } = parseSyncConfig(text, { from: "crossdock.yaml", env, now: 0 });
    assert.deepEqual(warnings.map(formatMistake), []);
    const readme = readExample(`${name}/README.md`);
    for (const variable of asked) assert.ok(readme.includes(variable), variable);
    for (const [, link = ""] of readme.matchAll(/\]\(([^)#:]+)/g)) {
      const target = new URL(`../../examples/${name}/${link}`, import.meta.url);
      assert.ok(existsSync(target), link);
    }
  });
}
