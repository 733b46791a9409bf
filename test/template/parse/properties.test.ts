import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isTemplate, parseTemplate } from "../../../src/template/parse.ts";
import { repeated, textOf, tryParse } from "../../support/property.ts";

const PIECES = [
  "{{",
  "}}",
  "{{- ",
  " -}}",
  "/*",
  "*/",
  "{{ if .A }}",
  "{{ else }}",
  "{{ end }}",
  "(",
  ")",
  "|",
  ".Ref",
  "$x",
  ":=",
  '"',
  "`",
  "\\",
  "\\UFFFFFFFF",
  "printf",
  "1.5",
  " ",
];

test("parseTemplate() parses any text or throws a ParseError", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        textOf(...PIECES),
        textOf(...PIECES).map((text) => `{{ ${text} }}`),
        fc.string().map((text) => `{{ "\\${text}" }}`),
        repeated(40_000, ...PIECES),
        repeated(40_000, ...PIECES).map((text) => `{{ ${text}`),
      ),
      (text) => void tryParse(() => parseTemplate(text)),
    ),
    { numRuns: 2000 },
  );
});

const DEEP: readonly [what: string, text: (depth: number) => string][] = [
  ["parentheses", (depth) => `{{ ${"(".repeat(depth)}1${")".repeat(depth)} }}`],
  ["{{if}}", (depth) => "{{if 1}}".repeat(depth) + "{{end}}".repeat(depth)],
];
for (const [what, text] of DEEP) {
  test(`parseTemplate() accepts 50 ${what} within each other, and rejects any more`, () => {
    assert.equal(parseTemplate(text(50)).length, 1);
    for (const depth of [51, 600, 100_000]) {
      assert.throws(() => parseTemplate(text(depth)), { name: "ParseError" });
    }
    assert.equal(parseTemplate(text(30).repeat(2)).length, 2);
  });
}

test("parseTemplate() returns text without actions unchanged", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      fc.pre(!isTemplate(text));
      assert.deepEqual(parseTemplate(text), text === "" ? [] : [{ kind: "text", text }]);
    }),
    { numRuns: 1000 },
  );
});
