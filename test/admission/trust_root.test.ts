import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTrustRoot } from "../../src/admission/trust_root.ts";
import { ParseError } from "../../src/errors.ts";
import { ROOT } from "./fixtures.ts";

test("parseTrustRoot() accepts a trust root, and nothing else", () => {
  assert.deepEqual(parseTrustRoot(JSON.stringify(ROOT), "file").json, ROOT);
  const { certificateAuthorities: _, ...incomplete } = ROOT as Record<string, unknown>;
  const wrong = ["", "no", "null", "1", "[]", "{}", '"text"', JSON.stringify(incomplete)];
  for (const text of wrong) assert.throws(() => parseTrustRoot(text, "file"), ParseError, text);
});
