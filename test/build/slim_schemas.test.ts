import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  removeDescriptions,
  withoutDescriptions,
  withoutUnusedMethods,
} from "../../build/slim_schemas.ts";
import * as schemas from "../../src/server/schemas.ts";
import { safeParse } from "../../src/schema.ts";
import { bundleText, importText } from "./bundle_text.ts";

const CALLS: readonly (readonly [what: string, text: string, expected: string])[] = [
  ["meta() with texts", 'z.int().meta({ description: "a" + "b" }).min(1)', "z.int().min(1)"],
  ["describe()", "text.describe('a (b')", "text"],
  ["a template", "text.describe(`)`).optional()", "text.optional()"],
  ["parentheses and quotes in texts", 'a.meta({ description: "\\")(" })', "a"],
  ["comments", "a.meta({\n  // 1)\n  id: /* ( */ 'x',\n})", "a"],
  ["a call within a call", "a.meta({ d: f(b.meta({})) })", "a"],
  ["calls of other arguments", "s.describe(registry); s.meta()", "s.describe(registry); s.meta()"],
];

for (const [what, text, expected] of CALLS) {
  test(`removeDescriptions() handles ${what}`, () => {
    assert.equal(removeDescriptions(text), expected);
  });
}

test("removeDescriptions() rejects a call without an end", () => {
  assert.throws(() => removeDescriptions('a.describe("b"'), SyntaxError);
});

const PATH = fileURLToPath(new URL("../../src/server/schemas.ts", import.meta.url));

const file = await bundleText({
  entryPoints: [PATH],
  platform: "browser",
  plugins: [withoutDescriptions, withoutUnusedMethods(["z.string().max(1).min(1).regex(/a/)"])],
});

test("withoutDescriptions and withoutUnusedMethods leave out texts and methods", () => {
  assert.match(readFileSync(PATH, "utf8"), /the id from the response that started the copy/);
  assert.doesNotMatch(file, /the id from the response that started the copy/);
  assert.doesNotMatch(file, / emoji\(/);
  assert.match(file, / regex\(/);
});

const COPY = { source: "a.example/b:1", destination: "c.example/d" };

const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  copyBody: [COPY, { ...COPY, platforms: ["linux/amd64"], index: "sparse" }, {}, null, {
    ...COPY,
    additionalTags: ["a b"],
    verify: "never",
    more: 1,
  }, { ...COPY, source: "A B", platforms: ["x"] }],
  verificationBody: [COPY, { ...COPY, recheck: true }, { source: 1 }],
  planQuery: [{}, { survey: "false" }, { survey: "no" }],
  syncBody: [{}, { rules: ["a"], dryRun: true }, { rules: [""] }, { rules: "a" }],
  syncQuery: [{}, { rule: "a" }, { rule: ["a", "b"] }, { rule: [""] }],
};

test("withoutDescriptions and withoutUnusedMethods change no result", async () => {
  // The methods that the modules use are found by their names, as for the Worker.
  const slimFile = await bundleText({
    entryPoints: [PATH],
    platform: "browser",
    plugins: [withoutDescriptions, withoutUnusedMethods([file])],
  });
  const slim: typeof schemas = await importText(slimFile);
  for (const [name, values] of Object.entries(VALUES)) {
    const key = name as "copyBody";
    for (const value of values) {
      const [ours, whole] = [safeParse(slim[key], value), safeParse(schemas[key], value)];
      assert.deepEqual(ours.error?.issues, whole.error?.issues, name);
      assert.deepEqual(ours.data, whole.data, name);
    }
  }
});
