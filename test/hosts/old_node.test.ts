import assert from "node:assert/strict";
import { test } from "node:test";
import npm from "../../package.json" with { type: "json" };
import { describeOldNode } from "../../src/hosts/old_node.ts";

test("describeOldNode() rejects versions below that of package.json", () => {
  const [, oldest = ""] = /^>=(\d+)$/.exec(npm.engines.node) ?? [];
  assert.equal(describeOldNode(`${oldest}.0.0`), undefined);
  assert.equal(describeOldNode("100.1.0"), undefined);
  const before = `${Number(oldest) - 1}.7.3`;
  assert.match(
    describeOldNode(before) ?? "",
    new RegExp(`^error: crossdock requires Node ${oldest} or newer, this is Node ${before}\\n`),
  );
});
