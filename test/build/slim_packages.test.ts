import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { slimRe2js, slimYaml } from "../../build/slim_packages.ts";
import { SyncConfigError } from "../../src/config/mistakes.ts";
import { readYaml } from "../../src/config/read_yaml.ts";
import { compilePattern } from "../../src/sync/pattern.ts";
import { bundleText, importText } from "./bundle_text.ts";

const SOURCE = fileURLToPath(new URL("../../src/config/read_yaml.ts", import.meta.url));

const file = await bundleText({
  entryPoints: [SOURCE],
  platform: "browser",
  plugins: [slimYaml],
});
const slim: { readYaml: typeof readYaml } = await importText(file);

test("slimYaml leaves out the writing of YAML, which the whole package has", () => {
  assert.match(file, /this build does not write YAML/);
  assert.doesNotMatch(file, /function stringifyCollection/);
});

const TEXTS = {
  "nothing": "",
  "text of every style":
    "a: plain\nb: 'single'\nc: \"double \\u00e9\"\nd: |\n  block\n  text\ne: >-\n  folded\n  text\n",
  "lists and groups in flow and block style":
    "a: [1, {b: c}, [d]]\ne:\n  - f: g\n    h: i\n  - j\n",
  "null": "a:\nb: ~\nc: null\n? d\n",
  "what other schemas convert": "a: 1\nb: 1.5e3\nc: 0x1f\nd: yes\ne: 2026-01-01\nf: .nan\n",
  "tags": "a: !!int 3\nb: !!str x\nc: !!float 1\nd: !!bool true\ne: !!map {f: g}\nh: !!seq [i]\n",
  "tags of YAML 1.1": "a: !!binary aGk=\nb: !!set {c, d}\ne: !!omap [f: g]\n",
  "an unknown tag": "a: !x y\n",
  "aliases and merge keys": "a: &a {b: c, d: e}\nf: *a\ng: {<<: *a, d: h}\ni: {<<: [*a, {j: k}]}\n",
  "an unknown alias": "a: *b\n",
  "a key twice": "a: 1\nb: 2\na: 3\n",
  "keys that are no text": "{a: b}: c\n",
  "a number and null as keys": "1: a\n~: b\n",
  "bad indentation": "a:\n  - b\n c: d\n",
  "two documents": "a: 1\n---\nb: 2\n",
  "a directive and comments": "%YAML 1.2\n---\n# c\na: b # d\n",
  "JSON": '{"a": [1, true, null, "b"], "c": {"d": {}}}',
};

for (const [what, text] of Object.entries(TEXTS)) {
  test(`slimYaml reads ${what} as the whole package does`, () => {
    assert.deepEqual(read(slim.readYaml, text), read(readYaml, text));
  });
}

function read(readYaml: typeof slim.readYaml, text: string): unknown {
  try {
    return { value: readYaml(text, "crossdock.yaml").value };
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.equal(error.constructor.name, SyncConfigError.name);
    return { message: error.message };
  }
}

const PATTERNS = fileURLToPath(new URL("../../src/sync/pattern.ts", import.meta.url));

test("slimRe2js matches ASCII by every table as the whole package does", async () => {
  const bundle = await bundleText({
    entryPoints: [PATTERNS],
    platform: "browser",
    plugins: [slimRe2js],
  });
  const { compilePattern: compileSlim }: { compilePattern: typeof compilePattern } =
    await importText(bundle);
  const text = await bundleText({ entryPoints: [PATTERNS] });
  const tables = /\b(?:CATEGORIES|SCRIPTS) = new LazyMap\(\{(.*?)^\s*\}\);/gms;
  const names = [...text.matchAll(tables)].flatMap(([, entries = ""]) =>
    [...entries.matchAll(/^\s*"?(\w+)"?: \(\) =>/gm)].map(([, name]) => name)
  );
  assert.ok(names.length > 200, `${names.length} tables`);
  assert.ok(bundle.length < text.length - 25_000, "the tables are not shorter");
  const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
  for (const name of names) {
    const forms = [`\\p{${name}}`, `[^\\P{${name}}_]`];
    for (const pattern of forms.flatMap((form) => [form, `(?i)${form}`])) {
      const [expected, found] = [compilePattern, compileSlim].map((compile) =>
        ascii.filter(compile(pattern)).join("")
      );
      assert.equal(found, expected, pattern);
    }
  }
});
