import assert from "node:assert/strict";
import { test } from "node:test";
import { exchange, oauthSchema, quoteAnswer, toExchangeError } from "../../src/auth/exchange.ts";
import type { FetchForExchange } from "../../src/auth/exchange.ts";
import { failureOf } from "../registry/setup.ts";

const url = new URL("https://cloud.example.com/token");

function request(fetch: FetchForExchange, timeoutMs = 30_000): Parameters<typeof exchange>[0] {
  const headers = new Headers();
  return { fetch, url, headers, body: "", what: "get a token", schema: oauthSchema, timeoutMs };
}

test("exchange() returns status and members without invalid ones", async () => {
  const answers = [
    Response.json({ access_token: "t", expires_in: "60", scope: "x" }),
    Response.json({ access_token: 7, expires_in: "soon", error: "" }),
    Response.json({ error: "x" }, { status: 400 }),
    new Response("<html>", { status: 502 }),
  ];
  const got = [];
  for (const answer of answers) got.push(await exchange(request(() => Promise.resolve(answer))));
  assert.deepEqual(got, [
    { status: 200, members: { access_token: "t", expires_in: 60 } },
    { status: 200, members: { access_token: undefined, expires_in: undefined, error: undefined } },
    { status: 400, members: { error: "x" } },
    { status: 502, members: {} },
  ]);
});

test("exchange() fails if the server is silent", async () => {
  const fetch: FetchForExchange = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const error = await failureOf(exchange(request(fetch, 10)));
  assert.equal(error.code, "timeout");
  assert.match(error.message, /get a token: waiting for cloud\.example\.com/);
  assert.match(error.hint ?? "", /can reach cloud\.example\.com/);
});

const STATUSES: [status: number, code: string, isTemporary: boolean, hint: string | undefined][] = [
  [400, "unauthorized", false, "mend it"],
  [401, "unauthorized", false, "mend it"],
  [403, "denied", false, "mend it"],
  [404, "registry", false, undefined],
  [408, "registry", true, undefined],
  [429, "rate_limited", true, undefined],
  [500, "registry", true, undefined],
  [503, "registry", true, undefined],
];

for (const [status, code, isTemporary, hint] of STATUSES) {
  test(`toExchangeError() makes ${code} of ${status}`, () => {
    const error = toExchangeError({ status, members: {} }, {
      what: "get a token",
      url,
      reason: "",
      hint: "mend it",
    });
    assert.equal(error.message, `get a token: cloud.example.com answered ${status}`);
    assert.deepEqual([error.code, error.isTemporary, error.hint], [code, isTemporary, hint]);
  });
}

const QUOTES: [value: string | undefined, secrets: (string | undefined)[], want: string][] = [
  ["a\r\nb\x1b[31m", [], "a b [31m"],
  ["no secret", ["s3cret", undefined, ""], "no secret"],
  ["it was s3cret!", ["s3cret"], ""],
  ["x".repeat(400), [], `${"x".repeat(300)}…`],
  [undefined, [], ""],
];

for (const [value, secrets, want] of QUOTES) {
  test(`quoteAnswer() makes ${JSON.stringify(want.slice(0, 12))} of ${JSON.stringify(value)?.slice(0, 20)}`, () => {
    assert.equal(quoteAnswer(value, secrets), want);
  });
}
