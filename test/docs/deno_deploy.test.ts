import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { GIB, PLATFORMS } from "../../src/budget/platforms.ts";

test("docs/deploy/deno-deploy.md has what the free plan includes", () => {
  const page = new URL("../../docs/deploy/deno-deploy.md", import.meta.url);
  const text = readFileSync(page, "utf8").replaceAll("\n", " ");
  const { invocations, cpuMs = NaN, egressBytes = NaN, per } = PLATFORMS["deno-deploy"].included;
  assert.deepEqual([invocations, cpuMs / 3_600_000, per], [1_000_000, 10, "month"]);
  const traffic = `${egressBytes / GIB} GiB`;
  assert.ok(
    text.includes(`a million requests, ten hours of CPU time and ${traffic} of traffic a month`),
  );
});
