import assert from "node:assert/strict";
import { test } from "node:test";
import { SyncConfigError } from "../../src/config/mistakes.ts";
import { PlainScalar, readYaml } from "../../src/config/read_yaml.ts";

/** With plain scalars as their source. */
function read(text: string): unknown {
  const { value } = readYaml(text, "f");
  return value === undefined ? undefined : JSON.parse(
    JSON.stringify(value, (_, item) => item instanceof PlainScalar ? `~${item.source}` : item),
  );
}

function mistakesOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof SyncConfigError) return error.message;
    throw error;
  }
  return "";
}

const GOOD: [name: string, text: string, value: unknown][] = [
  ["maps and lists", "a:\n- b: x\n  c: [y, z]\n", { a: [{ b: "x", c: ["y", "z"] }] }],
  ["JSON", '{"a": ["x", {"b": "y"}]}', { a: ["x", { b: "y" }] }],
  ["plain numbers and flags with their source", "[3.10, true, 0x1f, '1', \"true\"]", [
    "~3.10",
    "~true",
    "~0x1f",
    "1",
    "true",
  ]],
  ["nothing as nothing", "a:\nb: null\nc: ~\nd: ''\n", { d: "" }],
  ["no extension", "x-a: &a {b: c, x-d: e}\nf: *a\n", { f: { b: "c" } }],
  ["an alias", "a: &a [b]\nc: *a\n", { a: ["b"], c: ["b"] }],
  ["a merge, own keys first", "a: &a {b: x, c: x}\nd:\n  c: y\n  <<: *a\n", {
    a: { b: "x", c: "x" },
    d: { b: "x", c: "y" },
  }],
  ["a merge of several, the first one first", "- &a {b: x}\n- &c {b: y, d: y}\n- <<: [*a, *c]\n", [
    { b: "x" },
    { b: "y", d: "y" },
    { b: "x", d: "y" },
  ]],
  ["a merge that is taken back", "a: &a {b: x}\nc:\n  <<: *a\n  b:\n", { a: { b: "x" }, c: {} }],
  ["text over lines", "a: |\n  b\n  c\n", { a: "b\nc\n" }],
  ["an empty file", "# nothing\n", undefined],
  ["a key of the prototype", '{"__proto__": {"a": "b"}}', JSON.parse('{"__proto__": {"a": "b"}}')],
];
for (const [name, text, value] of GOOD) {
  test(`readYaml() reads ${name}`, () => assert.deepEqual(read(text), value));
}

const BAD: [name: string, text: string, message: RegExp][] = [
  ["a key twice", "a: 1\nb: 2\na: 3\n", /^f:3:1: "a" stands here twice$/],
  ["an alias without anchor", "a:\n  b: *c\n", /^f:2:6: a\.b: there is no anchor &c$/],
  ["an alias within itself", "a: &a\n  b: *a\n", /^f:2:3: a\.b: an alias stands within/],
  ["two documents", "a: 1\n---\nb: 2\n", /^f:2:1: a second document begins here, want one$/],
  ["a tag of its own", "a: !env B\n", /^f:1:4: Unresolved tag: !env$/],
  ["tabs", "a:\n\t- b\n", /^f:2:1: Tabs/],
  ["a merge of text", "a:\n  <<: b\n", /^f:2:3: a\."<<": want a group of keys$/],
  ["keys that are lists", "? [a]\n: b\n", /^f:1:3: .*keys must be strings$/],
];
for (const [name, text, message] of BAD) {
  test(`readYaml() refuses ${name}`, () => assert.match(mistakesOf(text), message));
}

test("readYaml() refuses aliases that multiply", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 9; i++) {
    lines.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
  }
  assert.match(mistakesOf(lines.join("\n")), /aliases stand for more than 200000 values/);
});

test("readYaml() refuses a file of 5 MB before it is read", () => {
  assert.match(mistakesOf(`a: [${"x, ".repeat(1_800_000)}]`), /^f:1:1: the file has/);
});

test("readYaml() says nothing of the text around a mistake", () => {
  const said = mistakesOf("creds:\n- pass: hunter2\n  pass: hunter2\n- user: a: b\n");
  assert.match(said, /"pass" stands here twice/);
  assert.doesNotMatch(said, /hunter2/);
});

test("readYaml() finds keys and values, through aliases and merges to where they are written", () => {
  const { mistakes } = readYaml("x-a: &a\n  b: c\nd:\n  - <<: *a\n    e: f\n", "f");
  mistakes.add(["d", 0, "e"], "value");
  mistakes.add(["d", 0, "e", "under"], "key");
  mistakes.add(["d", 0, "b"], "merged");
  mistakes.add(["d", 0, "none"], "missing");
  mistakes.add([], "whole");
  const places = mistakes.errors.map((
    { message, key, line, column },
  ) => [message, key, line, column]);
  assert.deepEqual(places, [
    ["value", "d[0].e", 5, 8],
    ["key", "d[0].e.under", 5, 5],
    ["merged", "d[0].b", 2, 6],
    ["missing", "d[0].none", 4, 5],
    ["whole", "", 1, 1],
  ]);
});
