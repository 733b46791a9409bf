import { test } from "node:test";
import assert from "node:assert/strict";
import { parseChallenges } from "../../src/auth/challenge.ts";
import type { Challenge } from "../../src/auth/challenge.ts";

const realm = "https://auth.example.com/token";
const bearer = { scheme: "bearer", parameters: { realm, service: "r" } };
const basic = { scheme: "basic", parameters: { realm: "b" } };

const rows: [behaviour: string, header: string, want: Challenge[]][] = [
  ["reads a quoted realm and service", `Bearer realm="${realm}",service="r"`, [bearer]],
  ["takes any case and order", `BEARER Service="r", REALM="${realm}"`, [bearer]],
  ["takes blanks around the equals sign", `Bearer realm = "${realm}" ,\tservice= "r"`, [bearer]],
  ["takes unquoted values", `Bearer realm=${realm},service=r`, [bearer]],
  ["takes parameters without a comma between", `Bearer realm="${realm}" service="r"`, [bearer]],
  ["takes empty list items", `,, Bearer ,realm="${realm}",,service="r", ,`, [bearer]],
  ["reads two schemes", `Basic realm="b", Bearer realm="${realm}",service="r"`, [basic, bearer]],
  ["reads two schemes unquoted", `Basic realm=b, Bearer realm=${realm},service=r`, [basic, bearer]],
  ["keeps the order of schemes", `Bearer realm="${realm}",service=r,Basic realm="b"`, [
    bearer,
    basic,
  ]],
  ["keeps commas and equals signs inside quotes", `Bearer scope="repository:a/b:pull,push=1, x"`, [
    { scheme: "bearer", parameters: { scope: "repository:a/b:pull,push=1, x" } },
  ]],
  ["keeps several scopes", `Bearer scope="repository:a:pull repository:b:push,pull"`, [
    { scheme: "bearer", parameters: { scope: "repository:a:pull repository:b:push,pull" } },
  ]],
  ["keeps a scheme's name inside quotes", `Bearer realm="x, Basic realm=y"`, [
    { scheme: "bearer", parameters: { realm: "x, Basic realm=y" } },
  ]],
  ["undoes escapes", String.raw`Basic realm="a\"b\\c\d"`, [
    { scheme: "basic", parameters: { realm: `a"b\\cd` } },
  ]],
  ["keeps a query in an unquoted realm", "Bearer realm=https://a:5000/t?x=1&y=2,service=r", [
    { scheme: "bearer", parameters: { realm: "https://a:5000/t?x=1&y=2", service: "r" } },
  ]],
  ["takes a realm left empty", "BASIC realm=", [{ scheme: "basic", parameters: { realm: "" } }]],
  ["takes an empty realm before the next scheme", `Basic realm=, Bearer service="r"`, [
    { scheme: "basic", parameters: { realm: "" } },
    { scheme: "bearer", parameters: { service: "r" } },
  ]],
  ["takes an empty quoted string", `Basic realm=""`, [
    { scheme: "basic", parameters: { realm: "" } },
  ]],
  ["takes a scheme alone", "Basic", [{ scheme: "basic", parameters: {} }]],
  ["takes schemes alone", "Negotiate, Basic", [
    { scheme: "negotiate", parameters: {} },
    { scheme: "basic", parameters: {} },
  ]],
  ["reads token68", `Negotiate YWJj/+== , Basic realm="b"`, [
    { scheme: "negotiate", parameters: {}, token68: "YWJj/+==" },
    basic,
  ]],
  ["reads token68 with one equals sign", "Negotiate YWI=", [
    { scheme: "negotiate", parameters: {}, token68: "YWI=" },
  ]],
  ["does not take a parameter for token68", "Digest realm=b, qop=auth", [
    { scheme: "digest", parameters: { realm: "b", qop: "auth" } },
  ]],
  ["takes the first of a key given twice", `Basic realm="b", realm="c"`, [basic]],
  ["keeps keys that name the prototype", `Basic __proto__="x"`, [
    { scheme: "basic", parameters: Object.fromEntries([["__proto__", "x"]]) },
  ]],
  ["drops what follows a closing quote", `Bearer realm="${realm}"junk,service="r"`, [bearer]],
  ["drops a parameter before any scheme", `realm="x", Basic realm="b"`, [basic]],
  ["drops a quoted string that does not end", `Basic realm="b", charset="UTF-8`, [basic]],
  ["drops a quoted string that ends in an escape", `Basic realm="b", charset="\\`, [basic]],
  ["drops rubbish between", `Basic realm="b", ;;; "a, b" (x) = @, Bearer service=r`, [
    basic,
    { scheme: "bearer", parameters: { service: "r" } },
  ]],
  ["drops a word that is neither scheme nor key", `Bearer realm="${realm}", a:b, service="r"`, [
    bearer,
  ]],
  ["gives nothing for nothing", "", []],
  ["gives nothing for rubbish", ` "Basic realm=x" :;, =, [\u0000] \u{1f600}`, []],
];

for (const [behaviour, header, want] of rows) {
  test(`parseChallenges() ${behaviour}`, () => {
    assert.deepEqual(parseChallenges(header), want);
  });
}

test("parseChallenges() never throws on mixed pieces", () => {
  const pieces = ["Basic", "realm", "=", '"', "\\", ",", " ", "\t", "a/b", "==", "\u00e9", "@"];
  const seed = 20251125;
  let state = seed;
  const next = (bound: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % bound;
  };
  for (let round = 0; round < 5000; round++) {
    const header = Array.from({ length: next(14) }, () => pieces[next(pieces.length)]).join("");
    for (const challenge of parseChallenges(header)) {
      const where = `seed ${seed}: ${JSON.stringify(header)}`;
      assert.match(challenge.scheme, /^[a-z/.=-]+$/, where);
      assert.equal(challenge.scheme, challenge.scheme.toLowerCase(), where);
    }
  }
});

test("parseChallenges() reads 16 KiB and no more", () => {
  const padding = "x".repeat(16 * 1024);
  assert.deepEqual(
    parseChallenges(`Basic realm="b", pad=${padding}, Bearer realm="late"`).length,
    1,
  );
});

test("parseChallenges() is fast on input that makes a regex backtrack", () => {
  const started = performance.now();
  for (const piece of [" ", '"', "\\", "a ", "a=", "=", ",", '"\\', "a  =  ", "Basic "]) {
    parseChallenges(`Basic realm="${piece.repeat(200_000)}`);
    parseChallenges(piece.repeat(200_000));
  }
  assert.ok(performance.now() - started < 30_000, "20 headers took more than 30 s");
});
