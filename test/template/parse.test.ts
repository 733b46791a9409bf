import assert from "node:assert/strict";
import { test } from "node:test";
import { isTemplate, parseTemplate } from "../../src/template/parse.ts";
import { render } from "./setup.ts";

test("parseTemplate() suggests functions, renderTemplate() suggests fields", () => {
  assert.throws(() => render("{{ foo }}"), { hint: /^expected one of env, file, default/ });
  assert.throws(() => render("{{ .Ref.tag }}"), { hint: "did you mean .Tag" });
});

test("parseTemplate() rejects escape sequences of no character, as Go does", () => {
  assert.equal(render('{{ "\\u00e9\\U0001F600\\377\\x41" }}'), "é😀ÿA");
  for (const escape of ["\\U00110000", "\\UFFFFFFFF", "\\ud800", "\\400", "\\777"]) {
    assert.throws(() => render(`{{ "${escape}" }}`), { message: /is not an escape sequence/ });
  }
});

test("parseTemplate() rejects more than 10,000 characters", () => {
  assert.equal(parseTemplate("{{ 1 }}".padEnd(10_000)).length, 2);
  assert.throws(() => parseTemplate("{{ 1 }}".padEnd(10_001)), {
    message: /the template is too long, expected at most 10000 characters/,
  });
});

test("isTemplate() is false for plain text", () => {
  assert.deepEqual(["a", "{a}", "{{a}}"].map(isTemplate), [false, false, true]);
});
