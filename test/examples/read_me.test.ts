import { test } from "node:test";
import assert from "node:assert/strict";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { formatMistake } from "../../src/config/mistakes.ts";
import { readExample } from "./read_example.ts";

const EXAMPLES = ["air_gapped", "docker_hardened_images", "docker_hub_to_ecr", "ghcr_to_harbor"];

for (const name of EXAMPLES) {
  test(`examples/${name} is a config without a warning, and its README names each variable`, () => {
    const text = readExample(`${name}/crossdock.yaml`);
    const variables = [...text.matchAll(/env "([A-Z_]+)"/g)].map(([, name = ""]) => name);
    assert.ok(variables.length > 0, "the config reads no variable");
    const env = Object.fromEntries(variables.map((name) => [name, "of-the-example-1"]));
    const { warnings } = parseSyncConfig(text, { from: "crossdock.yaml", env, now: 0 });
    assert.deepEqual(warnings.map(formatMistake), []);
    const readme = readExample(`${name}/README.md`);
    assert.deepEqual(variables.filter((variable) => !readme.includes(variable)), []);
  });
}
