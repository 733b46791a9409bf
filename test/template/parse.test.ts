import assert from "node:assert/strict";
import { test } from "node:test";
import { isTemplate } from "../../src/template/parse.ts";
import { render } from "./setup.ts";

test("parseTemplate() suggests functions, renderTemplate() suggests fields", () => {
  assert.throws(() => render("{{ foo }}"), { hint: /^expected one of env, file, default/ });
  assert.throws(() => render("{{ .Ref.tag }}"), { hint: "did you mean .Tag" });
});

test("isTemplate() is false for plain text", () => {
  assert.deepEqual(["a", "{a}", "{{a}}"].map(isTemplate), [false, false, true]);
});
