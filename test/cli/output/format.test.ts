import { test } from "node:test";
import assert from "node:assert/strict";
import { formatBytes, formatDuration } from "../../../src/cli/output/format.ts";

test("formatBytes() gives three digits or so and never 1024 of a unit", () => {
  const table: [number, string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1536, "1.5 KiB"],
    [99.94 * 1024, "99.9 KiB"],
    [99.96 * 1024, "100 KiB"],
    [1023.4 * 1024, "1023 KiB"],
    [1023.6 * 1024, "1.0 MiB"],
    [2 * 1024 ** 3, "2.0 GiB"],
    [5000 * 1024 ** 4, "5000 TiB"],
  ];
  for (const [bytes, wanted] of table) assert.equal(formatBytes(bytes), wanted, `${bytes}`);
});

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
