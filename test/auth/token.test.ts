import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchToken } from "../../src/auth/token.ts";

const NOW = Date.UTC(2025, 0, 1, 12);
const NOW_S = NOW / 1000;

/** A token with these claims, or with any other text in their place; nobody looks at its signature. */
function jwt(claims: unknown): string {
  const text = typeof claims === "string" ? claims : JSON.stringify(claims);
  return ["{}", text, "signature"].map((part) =>
    btoa(part).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
  ).join(".");
}

const hourAndMore = jwt({ iat: NOW_S, exp: NOW_S + 4500 });

const ANSWERS: [name: string, answer: Record<string, unknown>, lifetimeS: number][] = [
  ["an answer that says how long", { token: "opaque", expires_in: 300 }, 300],
  ["an answer that says how long, whatever the token says", {
    token: hourAndMore,
    expires_in: 300,
    issued_at: "2025-01-01T12:00:00Z",
  }, 300],
  ["an answer that says how long, whenever that began by another clock", {
    token: "opaque",
    expires_in: 300,
    issued_at: "2024-12-31T12:00:00Z",
  }, 300],
  ["an opaque token", { token: "opaque" }, 60],
  ["an opaque token with dots", { token: "a.b.c" }, 60],
  ["an encrypted token", { token: "e30.a.b.c.d" }, 60],
  ["a token that says how long, less a minute for its clock", { token: hourAndMore }, 4440],
  ["one by its other name", { access_token: hourAndMore }, 4440],
  ["one beside an empty one by its other name", { token: hourAndMore, access_token: "" }, 4440],
  ["a life as text", { token: "opaque", expires_in: "300" }, 300],
  ["a life that is no number", { token: "opaque", expires_in: { seconds: 300 } }, 60],
  ["one beside a life of none", { token: hourAndMore, expires_in: 0 }, 4440],
  ["a token for years", { token: jwt({ exp: NOW_S + 1e9 }) }, 1e9 - 60],
  ["a token for a fraction of a second more", { token: jwt({ exp: NOW_S + 300.5 }) }, 240.5],
  ["a token of the past", { token: jwt({ exp: NOW_S - 3600 }) }, 60],
  ["a token for half a minute", { token: jwt({ exp: NOW_S + 30 }) }, 60],
  ["a token that does not say", { token: jwt({ iat: NOW_S }) }, 60],
  ["a token that says it in words", { token: jwt({ exp: "tomorrow" }) }, 60],
  ["a token that says never", { token: jwt('{"exp":1e999}') }, 60],
  ["a token of no claims", { token: jwt("[]") }, 60],
  ["a token of no JSON", { token: jwt("exp") }, 60],
];

for (const [name, answer, lifetimeS] of ANSWERS) {
  test(`fetchToken() gives ${name} ${lifetimeS} s`, async () => {
    const token = await fetchToken({
      registry: "registry.example.com",
      realm: { url: new URL("https://registry.example.com/token"), service: undefined },
      scopes: [],
      match: undefined,
      fetch: () => Promise.resolve(Response.json(answer)),
      now: () => NOW,
      explain: () => "",
    });
    assert.equal(token.value, answer.token ?? answer.access_token);
    assert.equal((token.expiresAt - NOW) / 1000, lifetimeS);
  });
}
