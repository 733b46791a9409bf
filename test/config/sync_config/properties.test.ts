import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSyncConfig } from "../../../src/config/sync_config.ts";
import { textOf, tryParse } from "../../support/property.ts";

const OPTIONS = { from: "crossdock.yaml", env: { NAME: "app" }, now: 0 };

const scalars = fc.constantFrom<unknown>(
  ...["ghcr.io/team/app", "docker.io/library/alpine:3.20", "registry.example.com", "image"],
  ...[
    "repository",
    "registry",
    "a+",
    "(",
    "*",
    "15m",
    "0 3 * * *",
    "{{ .Ref.Tag }}",
    "{{ env `NAME` }}",
  ],
  ...["{{", "", "true", "linux/amd64", "> 1.0", "__proto__", 0, 4, -1, 1.5, true, false, null],
);
const KEYS = [
  ...["version", "creds", "defaults", "sync", "webhooks", "registry", "user", "pass", "source"],
  ...["target", "targets", "type", "tags", "allow", "deny", "semver", "latest", "schedule"],
  ...["interval", "platforms", "parallel", "name", "backup", "in", "out", "url", "referrers"],
  ...["ratelimit", "min", "retry", "x-note", "__proto__", "constructor", "prune", "repos"],
];
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalars,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 4 }),
  ),
}));
const rules = fc.record({
  source: scalars,
  target: scalars,
  type: fc.constantFrom("image", "repository", "registry"),
  tags: value,
  schedule: scalars,
  interval: scalars,
}, { requiredKeys: ["source", "target", "type"] });
/** Rules that are right but for their tags or their schedule. */
const goodRules = fc.record({
  source: fc.constantFrom("ghcr.io/team/app:1", "alpine:3.20"),
  target: fc.constantFrom("registry.example.com/app:1", "localhost:5000/app"),
  type: fc.constant("image"),
  platforms: fc.constantFrom(["linux/amd64"], [], ["linux"]),
  schedule: fc.constantFrom("0 3 * * *", "15 * * * *", "never"),
  backup: fc.constantFrom("old-{{ .Ref.Tag }}", "{{ .Ref.None }}", "{{"),
  "x-note": value,
}, { requiredKeys: ["source", "target", "type"] });
const configs = fc.record({
  version: fc.constant(1),
  creds: value,
  defaults: value,
  sync: fc.oneof(
    fc.array(goodRules, { maxLength: 3 }),
    fc.array(rules, { maxLength: 3 }),
    value,
  ),
  webhooks: value,
}, { requiredKeys: [] });

test("parseSyncConfig() returns rules or throws a SyncConfigError", () => {
  let parsed = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(goodRules).map((sync) => JSON.stringify({ version: 1, sync })),
        configs.map((config) => JSON.stringify(config)),
        value.map((config) => JSON.stringify(config)),
        textOf(
          ...[
            "sync:",
            "\n",
            "  ",
            "- ",
            "source: ",
            "target: ",
            "type: image",
            "&a ",
            "*a",
            "<<: ",
          ],
          ...["{", "}", "[", "]", '"', "'", "|", ">", "!!int ", "---", "#", ": ", "? ", ",", "\t"],
        ),
      ),
      (text) => {
        const result = tryParse(() => parseSyncConfig(text, OPTIONS));
        if (result === undefined) return;
        parsed++;
        for (const { name } of result.config.rules) assert.notEqual(name, "");
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(parsed > 20, `${parsed} configurations`);
});
