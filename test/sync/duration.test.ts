import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "../../src/sync/duration.ts";

const GOOD: [text: string, ms: number][] = [
  ["0", 0],
  ["30s", 30_000],
  ["1h30m", 5_400_000],
  ["1.5s", 1500],
  [".5m", 30_000],
  ["2h0m10.25s", 7_210_250],
  ["250ms", 250],
  ["1500us", 2],
  ["2µs", 0],
];
for (const [text, ms] of GOOD) {
  test(`parseDuration() reads ${text}`, () => assert.equal(parseDuration(text), ms));
}

for (const text of ["", "60", "-1h", "1d", "1h 30m", "h", "1.2.3s", "1h30", "1H"]) {
  test(`parseDuration() rejects ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseDuration(text), { name: "ParseError", hint: /1h30m/ });
  });
}

for (const text of ["2562048h", `${"9".repeat(400)}h`]) {
  test(`parseDuration() rejects the ${text.length} characters of a duration that Go cannot hold`, () => {
    assert.throws(() => parseDuration(text), { name: "ParseError", message: /292 years/ });
  });
}
