import assert from "node:assert/strict";
import { parseSyncConfig } from "../../../src/config/sync_config.ts";
import type { SyncConfig } from "../../../src/config/sync_config.ts";
import type { Imported } from "../../../src/cli/import/imported.ts";
import { createTagFilter } from "../../../src/sync/select_tags.ts";
import { NOW } from "../../sync/setup.ts";

export const DIGEST = `sha256:${"a".repeat(64)}`;

/** The config that an import makes. Each variable has its own name as its value. */
export function load({ text }: Imported): SyncConfig {
  const env = new Proxy({}, {
    getOwnPropertyDescriptor: (_, name) => ({ value: name, configurable: true, enumerable: true }),
    get: (_, name) => name,
  });
  const { config, warnings } = parseSyncConfig(text, { from: "crossdock.yaml", env, now: NOW });
  assert.deepEqual(warnings, []);
  return config;
}

/** `source target` of each rule. */
export function copiesOf({ rules }: SyncConfig): string[] {
  return rules.map(({ source, targets }) => [source, ...targets].join(" "));
}

export const TAGS = [
  "latest",
  "1.2.3",
  "v1.3.0",
  "1.3",
  "1.4.0-rc1",
  "1.5.0-alpine",
  "2.0.0",
  "1.2.3.4",
  "alpine",
  "xlatest",
];

export function selected(config: SyncConfig, rule = 0): string[] {
  return TAGS.filter(createTagFilter({ tagSets: config.rules[rule]?.tagSets ?? [] }));
}
