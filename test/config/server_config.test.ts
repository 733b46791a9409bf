import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_RULES, parseEnvironment } from "../../src/config/server_config.ts";
import { parseSyncConfig } from "../../src/config/sync_config.ts";

test("NO_RULES is the configuration of an empty file", () => {
  assert.deepEqual(NO_RULES, parseSyncConfig("", { from: "", env: {}, now: 0 }).config);
});

test("parseEnvironment() needs a parser only for rules", () => {
  assert.deepEqual(parseEnvironment({ CROSSDOCK_OPEN: "true" }).sync, {
    ...NO_RULES,
    from: "CROSSDOCK_CONFIG",
    warnings: [],
  });
  assert.throws(() => parseEnvironment({ CROSSDOCK_CONFIG: "sync: []" }), /no parser/);
});
