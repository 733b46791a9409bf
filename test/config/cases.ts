/** Tables of configurations with one mistake or one warning. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mistakesOf, parse } from "../sync/setup.ts";

/** Required keys of a rule. */
export const IMAGE = "type: image, source: a.example/app:1, target: b.example/app:1";
export const REPOSITORY = "type: repository, source: a.example/app, target: b.example/app";
export const REGISTRY = "type: registry, source: a.example, target: b.example";

/** A configuration and its only mistake or warning. */
export type Case = readonly [name: string, text: string, message: RegExp];

export function testMistakes(cases: readonly Case[]): void {
  for (const [name, text, message] of cases) {
    test(`parseSyncConfig() refuses ${name}`, () => checkOne(mistakesOf(text), message));
  }
}

export function testWarnings(cases: readonly Case[]): void {
  for (const [name, text, message] of cases) {
    test(`parseSyncConfig() warns of ${name}`, () => checkOne(parse(text).warnings, message));
  }
}

function checkOne(lines: readonly string[], message: RegExp): void {
  assert.match(lines.join("\n"), message);
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0] ?? "", /^f:\d+:\d+: /);
}
