import assert from "node:assert/strict";
import { test } from "node:test";
import { ParseError } from "../../src/errors.ts";
import { findAccessToken, parseAccessTokens } from "../../src/config/access_tokens.ts";

const A = "aaaaaaaaaaaaaaaaaaaaaaaa";
const B = "bbbbbbbbbbbbbbbbbbbbbbbb";

test("parseAccessTokens() reads names with tokens, with and without a scope", () => {
  const text = JSON.stringify({ ci: A, board: { token: B, scope: "read" } });
  assert.deepEqual(parseAccessTokens(text), [
    { name: "ci", token: A, scope: "copy" },
    { name: "board", token: B, scope: "read" },
  ]);
});

test("parseAccessTokens() defaults the scope to copy", () => {
  assert.deepEqual(parseAccessTokens(JSON.stringify({ ci: { token: A } })), [
    { name: "ci", token: A, scope: "copy" },
  ]);
});

const WRONG: Readonly<Record<string, string>> = {
  "no JSON": `${A}`,
  "an array": JSON.stringify([A]),
  "a number for a token": JSON.stringify({ ci: 1 }),
  "a short token": JSON.stringify({ ci: A.slice(0, 15) }),
  "a token with a space": JSON.stringify({ ci: `${A} ` }),
  "a scope that is none": JSON.stringify({ ci: { token: A, scope: "write" } }),
  "a field too many": JSON.stringify({ ci: { token: A, scop: "read" } }),
  "a name with a space": JSON.stringify({ "c i": A }),
  "the same token twice": JSON.stringify({ ci: A, other: { token: A, scope: "read" } }),
};

for (const [what, text] of Object.entries(WRONG)) {
  test(`parseAccessTokens() rejects ${what} and quotes no token`, () => {
    assert.throws(() => parseAccessTokens(text), (error) => {
      assert.ok(error instanceof ParseError);
      assert.doesNotMatch(`${error.message} ${error.cause}`, /aaaa/);
      return true;
    });
  });
}

test("parseAccessTokens() names the mistake in a token object", () => {
  assert.throws(() => parseAccessTokens('{"ci":{"token":"short"}}'), /ci: .*16 characters/);
});

test("findAccessToken() finds the token that was shown, and no other", async () => {
  const known = parseAccessTokens(JSON.stringify({ ci: A, board: B }));
  assert.equal((await findAccessToken(A, known))?.name, "ci");
  assert.equal((await findAccessToken(B, known))?.name, "board");
  for (const shown of ["", A.slice(1), `${A}a`, A.toUpperCase()]) {
    assert.equal(await findAccessToken(shown, known), undefined);
  }
});
