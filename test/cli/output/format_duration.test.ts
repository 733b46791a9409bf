import { test } from "node:test";
import assert from "node:assert/strict";
import { formatDuration } from "../../../src/cli/output/format_duration.ts";

test("formatDuration() gives milliseconds, seconds or minutes", () => {
  const table: [number, string][] = [
    [0, "0 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [59_940, "59.9 s"],
    [59_960, "1 min 0 s"],
    [125_000, "2 min 5 s"],
  ];
  for (const [ms, wanted] of table) assert.equal(formatDuration(ms), wanted, `${ms}`);
});
