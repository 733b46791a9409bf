import assert from "node:assert/strict";
import { test } from "node:test";
import { SyncConfigError } from "../../src/config/mistakes.ts";
import { readYaml } from "../../src/config/read_yaml.ts";

function read(text: string): unknown {
  return readYaml(text, "f").value;
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
  ["numbers and flags as text", "[3.10, true, 0x1f, '1', !!int 2, !!bool false]", [
    "3.10",
    "true",
    "0x1f",
    "1",
    "2",
    "false",
  ]],
  ["null", "a:\nb: null\nc: ~\nd: ''\ne: 'null'\n", {
    a: null,
    b: null,
    c: null,
    d: "",
    e: "null",
  }],
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
  ["a merge that is taken back", "a: &a {b: x}\nc:\n  <<: *a\n  b:\n", {
    a: { b: "x" },
    c: { b: null },
  }],
  ["text over lines", "a: |\n  b\n  c\n", { a: "b\nc\n" }],
  ["an empty file", "# nothing\n", undefined],
  ["a file that ends with a mark", "a: b\n---\n", { a: "b" }],
  ["a file with a byte order mark and CRLF", "\uFEFFa: b\r\nc:\r\n- d\r\n", { a: "b", c: ["d"] }],
  ["a key of the prototype", '{"__proto__": {"a": "b"}}', JSON.parse('{"__proto__": {"a": "b"}}')],
];
for (const [name, text, value] of GOOD) {
  test(`readYaml() reads ${name}`, () => assert.deepEqual(read(text), value));
}

const BAD: [name: string, text: string, message: RegExp][] = [
  ["a key twice", "a: 1\nb: 2\na: 3\n", /^f:3:1: the key "a" appears twice$/],
  ["an alias without anchor", "a:\n  b: *c\n", /^f:2:6: there is no anchor of this name before/],
  [
    "an alias before its anchor",
    "a: *c\nb: &c d\n",
    /^f:1:4: there is no anchor of this name before/,
  ],
  ["an alias within itself", "a: &a\n  b: *a\n", /^f:2:6: this alias is inside .* anchor$/],
  ["two documents", "a: 1\n---\nb: 2\n", /^f:2:1: expected one document, but a second one/],
  ["a tag of its own", "a: !env B\n", /^f:1:4: this tag is unknown; put text that begins/],
  [
    "cron without quotes",
    "a: * * * * *\n",
    /^f:1:4: this alias is malformed; put text that begins with \*/,
  ],
  ["binary data", "a: !!binary AA==\n", /^f:1:4: this tag is unknown; put text/],
  ["tabs", "a:\n\t- b\n", /^f:2:1: Tabs/],
  ["a merge of text", "a:\n  <<: b\n", /^f:2:3: expected << to name a group of keys/],
  ["a merge of texts", "a:\n  <<: [{}, b]\n", /^f:2:3: expected << to name a group of keys/],
  ["keys that are lists", "? [a]\n: b\n", /^f:1:3: .*keys must be strings$/],
  ["brackets that never close", "[".repeat(20), /^f:1:\d+: /],
  ["a key twice in a list", "a:\n- {b: 1, c: 2, b: 3}\n", /^f:2:16: the key "b" appears twice$/],
  ["lists within lists", "[".repeat(1_000_000), /^f:1:64: expected at most 64 levels/],
  ["groups within groups", "{a: ".repeat(100_000), /^f:1:\d+: expected at most 64 levels/],
  ["lists that end together", `${"- ".repeat(100_000)}a\nb: c`, /^f:1:\d+: expected at most 64/],
];
for (const [name, text, message] of BAD) {
  test(`readYaml() rejects ${name}`, () => assert.match(mistakesOf(text), message));
}

test("readYaml() rejects aliases that multiply", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 9; i++) {
    lines.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
  }
  assert.match(
    mistakesOf(lines.join("\n")),
    /^f:1:1: the file has more than 200000 values with its aliases expanded$/,
  );
});

test("readYaml() rejects a file of 5 MB before it parses it", () => {
  assert.match(mistakesOf(`a: [${"x, ".repeat(1_800_000)}]`), /^f:1:1: the file has/);
});

test("readYaml() does not show the text around a mistake", () => {
  const said = mistakesOf("creds:\n- pass: hunter2\n  pass: hunter2\n- user: a: b\n");
  assert.match(said, /the key "pass" appears twice/);
  assert.doesNotMatch(said, /hunter2/);
});

const UNQUOTED = [
  "*hunter2",
  "!hunter2",
  "!hunter2 x",
  "|hunter2",
  ">hunter2",
  '"hun"hunter2',
  "!<hunter2>",
];

for (const password of UNQUOTED) {
  test(`readYaml() does not show the password ${password} without quotes`, () => {
    const said = mistakesOf(`creds:\n- user: u\n  pass: ${password}\n`);
    assert.match(said, /^f:3:\d+: /);
    assert.doesNotMatch(said, /hunter2/);
  });
}

test("readYaml() finds keys and values, through aliases and merges to where they are written", () => {
  const root = readYaml("x-a: &a\n  b: c\nd:\n  - <<: *a\n    e: f\n    g: *a\n", "f");
  const node = root.at("d", 0);
  node.at("e").addMistake("value");
  node.at("e", "below").addMistake("key");
  node.at("b").addMistake("merged");
  node.at("g", "b").addMistake("alias");
  node.at("none").addMistake("missing");
  root.addMistake("whole");
  assert.throws(() => root.mistakes.throwIfAny(), {
    message: [
      "f:1:1: whole",
      "f:2:6: d[0].b: merged",
      "f:2:6: d[0].g.b: alias",
      "f:4:5: d[0].none: missing",
      "f:5:5: d[0].e.below: key",
      "f:5:8: d[0].e: value",
    ].join("\n"),
  });
});

test("readYaml() rejects merges that multiply", () => {
  const keys = Array.from({ length: 1000 }, (_, i) => `k${i}: v`).join(", ");
  const text = `a: &a {${keys}}\nb: [${"{<<: *a}, ".repeat(1000)}]`;
  assert.match(mistakesOf(text), /^f:1:1: the file has more than 200000 values/);
});

test("readYaml() reads brackets in text at any depth", () => {
  const text = "[".repeat(100_000);
  assert.deepEqual(read(`a: "${text}"`), { a: text });
});

test("readYaml() finds a duplicate among 20,000 keys, and each key, in linear time", () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `k${i}: v`);
  const entries = readYaml(lines.join("\n"), "f").entries();
  assert.equal(entries.length, 20_000);
  assert.equal(entries.at(-1)?.[1].text, "v");
  assert.equal(mistakesOf([...lines, "k0: v"].join("\n")), 'f:20001:1: the key "k0" appears twice');
});
