import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossdockError } from "../../src/errors.ts";
import { becomesGet, isRedirect, resolveLocation } from "../../src/registry/redirect.ts";

const GOOD: readonly [location: string, from: string, wanted: string][] = [
  ["/v2/a/up?x=1", "https://h/v2/", "https://h/v2/a/up?x=1"],
  ["up?x=1", "https://h/v2/a/", "https://h/v2/a/up?x=1"],
  ["?x=1", "https://h/v2/a", "https://h/v2/a?x=1"],
  ["//cdn.h/x", "https://h/v2/", "https://cdn.h/x"],
  ["https://cdn/x?sig=a%2Fb%3D+c", "https://h/", "https://cdn/x?sig=a%2Fb%3D+c"],
  ["https://cdn/x", "http://h/", "https://cdn/x"],
  ["http://other/x", "http://h/", "http://other/x"],
  ["http://h/x", "https://h/", "https://h/x"],
  ["http://h:80/x", "https://h/", "https://h/x"],
  ["http://h/x?y=1", "https://h:8443/", "https://h:8443/x?y=1"],
  ["http://h:5000/x", "https://h:8443/", "https://h:8443/x"],
  ["https://h/x#y", "https://h/", "https://h/x"],
];

for (const [location, from, wanted] of GOOD) {
  test(`resolveLocation() of ${location} at ${from} is ${wanted}`, () => {
    assert.equal(resolveLocation(location, new URL(from), "test", "source").href, wanted);
  });
}

const BAD: readonly [location: string | null, from: string, message: RegExp][] = [
  [null, "https://h/", /no valid Location/],
  ["", "https://h/", /no valid Location/],
  ["http://[", "https://h/", /no valid Location/],
  ["file:///etc/passwd", "https://h/", /no valid Location/],
  ["data:,x", "https://h/", /no valid Location/],
  ["http://other/x", "https://h/", /from https to http:\/\/other/],
  ["http://sub.h/x", "https://h/", /from https to http/],
];

for (const [location, from, message] of BAD) {
  test(`resolveLocation() rejects ${JSON.stringify(location)} from ${from}`, () => {
    assert.throws(
      () => resolveLocation(location, new URL(from), "test", "destination"),
      (error) => {
        assert.ok(error instanceof CrossdockError);
        assert.deepEqual([error.code, error.side], ["registry", "destination"]);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test("isRedirect() wants a redirect's status and a Location", () => {
  const answer = (status: number, headers: Record<string, string> = { location: "/x" }): boolean =>
    isRedirect(new Response(null, { status, headers }));
  assert.deepEqual([301, 302, 303, 307, 308].filter((status) => !answer(status)), []);
  assert.deepEqual([200, 201, 202, 304, 401].filter((status) => answer(status)), []);
  assert.equal(answer(302, {}), false);
});

test("becomesGet() keeps the method of 307 and 308, and otherwise follows fetch", () => {
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH"];
  const changed = (status: number): string[] =>
    methods.filter((method) => becomesGet(status, method));
  assert.deepEqual(changed(301), ["POST"]);
  assert.deepEqual(changed(302), ["POST"]);
  assert.deepEqual(changed(303), ["POST", "PUT", "PATCH"]);
  assert.deepEqual(changed(307), []);
  assert.deepEqual(changed(308), []);
});
