import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { checkSelfBinding } from "../../build/check_self_binding.ts";

const TOML = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");

test("checkSelfBinding() accepts wrangler.toml, also under another name in both places", () => {
  checkSelfBinding(TOML);
  checkSelfBinding(TOML.replaceAll('"crossdock"', '"mirror"'));
});

test("checkSelfBinding() rejects a name that only the Worker has", () => {
  assert.throws(() => checkSelfBinding(TOML.replace('name = "crossdock"', 'name = "mirror"')), {
    message: 'wrangler.toml: the name of the Worker is "mirror", but its binding SELF is to ' +
      '"crossdock"; write service = "mirror" below [[services]]',
  });
});

test("checkSelfBinding() accepts a Worker without the binding", () => {
  checkSelfBinding(TOML.replace('binding = "SELF"', 'binding = "OTHER"'));
});
