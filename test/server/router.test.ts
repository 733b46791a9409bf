import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { RequestError } from "../../src/problem.ts";
import { check, checkBody, createRouter, limitRequestBody } from "../../src/server/router.ts";

const schema = z.strictObject({
  name: z.string().optional(),
  list: z.array(z.array(z.strictObject({ count: z.int() }))).optional(),
  "a/b~c d": z.string().optional(),
});

const router = createRouter().use(limitRequestBody(64 * 1024)).post(
  "/:id",
  check("query", z.strictObject({ page: z.string().regex(/^\d+$/, "not a number").optional() })),
  check("param", z.object({ id: z.string().max(4) })),
  checkBody(schema),
  (context) => context.json(context.req.valid("json"), 200),
);
router.onError((error, context) => {
  assert.ok(error instanceof RequestError, String(error));
  return context.json(error.problem, 400);
});

async function ask(body: unknown, path = "/a"): Promise<Response> {
  return await router.request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

const BODIES: { body: unknown; pointers: string[] }[] = [
  { body: { name: 1 }, pointers: ["#/name"] },
  { body: { list: [[], [{ count: 1 }, { count: "1" }]] }, pointers: ["#/list/1/1/count"] },
  { body: { list: [[{}]] }, pointers: ["#/list/0/0/count"] },
  { body: { "a/b~c d": 1 }, pointers: ["#/a~1b~0c%20d"] },
  { body: { colour: "red" }, pointers: ["#/colour"] },
  { body: { colour: "red", name: 1, size: 2 }, pointers: ["#/name", "#/colour", "#/size"] },
  { body: { list: [[{ count: 1, "x/y": 2 }]] }, pointers: ["#/list/0/0/x~1y"] },
  { body: { "\ud800": 1 }, pointers: ["#/%EF%BF%BD"] },
  { body: [], pointers: ["#"] },
  { body: null, pointers: ["#"] },
];

for (const { body, pointers } of BODIES) {
  test(`checkBody() points to the errors in ${JSON.stringify(body)}`, async () => {
    const response = await ask(body);
    assert.equal(response.status, 400);
    const problem = await response.json();
    assert.equal(problem.code, "usage");
    assert.deepEqual(problem.errors.map((one: { pointer: string }) => one.pointer), pointers);
    for (const { pointer, detail } of problem.errors) {
      assert.ok(problem.detail.includes(`${pointer}: ${detail}`), problem.detail);
    }
  });
}

const PATHS = [
  { path: "/a?page=x", errors: [{ parameter: "page", detail: "not a number" }] },
  { path: "/a?pages=1", errors: [{ parameter: "pages", detail: "unknown parameter" }] },
];

for (const { path, errors } of PATHS) {
  test(`check() names the parameter that is wrong in ${path}`, async () => {
    const problem = await (await ask({}, path)).json();
    assert.deepEqual(problem.errors, errors);
  });
}

test("check() names the part of the path that is wrong", async () => {
  const problem = await (await ask({}, "/abcde")).json();
  assert.deepEqual(
    problem.errors.map(({ parameter }: { parameter: string }) => parameter),
    ["id"],
  );
});

test("check() passes on the output of its schema", async () => {
  const body = { name: "x", list: [[{ count: 1 }]] };
  const response = await ask(body, "/a?page=1");
  assert.deepEqual([response.status, await response.json()], [200, body]);
});

test("checkBody() rejects JSON that is nested too deeply", async () => {
  const response = await router.request("/a", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "[".repeat(50_000),
  });
  assert.match((await response.json()).detail, /more than 64 levels/);
});

test("checkBody() names at most 20 mistakes, and no long name in full", async () => {
  const fields = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`é${i}`, 1]));
  const text = await (await ask(fields)).text();
  assert.ok(text.length < 5000, `${text.length}`);
  const { errors, detail } = JSON.parse(text);
  assert.equal(errors.length, 20);
  assert.match(detail, /and 4980 more$/);
  const long = await (await ask({ ["é".repeat(30_000)]: 1 })).text();
  assert.ok(long.length < 1000, `${long.length}`);
});
