import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TEMPLATE_FUNCTIONS } from "../../../src/template/functions.ts";
import { parseTemplate } from "../../../src/template/parse.ts";
import { checkFields } from "../../../src/template/render.ts";
import { textOf, tryParse } from "../../support/property.ts";
import { DATA, render } from "../setup.ts";

const operands = fc.constantFrom(
  ...["1", "0", "-3", "1.5", "9999999999999999", '""', '"a,b"', '"%5d %q %x %999s"', "`x`"],
  ...["true", "nil", ".", "$", ".Ref", ".Ref.Tag", ".Sync.Type", ".Ref.None", "$x", "time.Now"],
  ...["(split `a,b` `,`)", "time", "time.Now.Month", '(time.Now.Format "2006-01-02")', '"-1"'],
);
const commands = fc.tuple(
  fc.oneof(fc.constantFrom(...Object.keys(TEMPLATE_FUNCTIONS)), operands),
  fc.array(operands, { maxLength: 3 }),
).map(([first, rest]) => [first, ...rest].join(" "));
const actions = fc.tuple(
  fc.constantFrom("", "", "$x := ", "$x = ", "if ", "if not ", "else if "),
  fc.array(commands, { minLength: 1, maxLength: 3 }),
).map(([start, pipeline]) => `{{ ${start}${pipeline.join(" | ")} }}`);
const templates = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: actions },
    { weight: 1, arbitrary: fc.constantFrom("{{ else }}", "{{ end }}", "{{ end }}") },
    { weight: 1, arbitrary: textOf("text", " ", "{", "}}") },
  ),
  { maxLength: 6 },
).map((parts) => parts.join(""));

test("renderTemplate() returns text or throws a ParseError", () => {
  let rendered = 0;
  fc.assert(
    fc.property(templates, (text) => {
      tryParse(() => checkFields(parseTemplate(text), DATA));
      const result = tryParse(() => render(text));
      if (result === undefined) return;
      rendered++;
      assert.equal(typeof result, "string");
    }),
    { numRuns: 3000 },
  );
  assert.ok(rendered > 100, `${rendered} texts`);
});

test("renderTemplate() rejects text that grows without bound", () => {
  const start = '{{ $x := "0123456789" }}';
  assert.equal(render(`${start}{{ $x = print $x $x }}{{ $x }}`), "01234567890123456789");
  for (const grow of ["print $x $x", 'printf "%s%s" $x $x', 'join (split $x "") $x']) {
    const text = start + `{{ $x = ${grow} }}`.repeat(60) + "{{ len $x }}";
    assert.throws(() => render(text), { name: "ParseError" }, grow);
  }
});
