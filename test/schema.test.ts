import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { formatIssues, safeParse, safeParseJson, schemaFor } from "../src/schema.ts";

const schema = z.object({ name: z.string("not a name"), sizes: z.array(z.int("not a size")) });

test("safeParseJson() returns the output of the schema", () => {
  const { data } = safeParseJson('{"name":"a","sizes":[1],"more":true}', schema);
  assert.deepEqual(data, { name: "a", sizes: [1] });
});

for (const text of ["", "s3cret", '{"name":"s3cret"', "[]", "null", '{"name":"s3cret"}']) {
  test(`safeParseJson() gives an error without the text for ${JSON.stringify(text)}`, () => {
    const { success, error } = safeParseJson(text, schema);
    assert.equal(success, false);
    assert.doesNotMatch(JSON.stringify(error) + error?.message + error?.cause, /s3cret/);
  });
}

test("formatIssues() names each field with its mistake in one line", () => {
  const { error } = safeParseJson('{"sizes":[1,"x"]}', schema);
  assert.equal(formatIssues(error?.issues ?? []), "name: not a name; sizes.1: not a size");
});

interface Sized {
  readonly name: string;
  readonly size?: number;
}

test("schemaFor() compiles only if the schema has the members of the type", () => {
  const name = z.string();
  const size = z.number().exactOptional();
  const sized = schemaFor<Sized>()(z.object({ name, size }));
  assert.deepEqual(sized.parse({ name: "a", more: 1 }), { name: "a" });
  // @ts-expect-error -- the schema lacks an optional member
  schemaFor<Sized>()(z.object({ name }));
  // @ts-expect-error -- the type lacks an optional member
  schemaFor<Sized>()(z.object({ name, size, date: z.string().exactOptional() }));
  // @ts-expect-error -- a member is optional only in the type
  schemaFor<Sized>()(z.object({ name, size: z.number() }));
  // @ts-expect-error -- a member has another type
  schemaFor<Sized>()(z.object({ name: z.literal("a"), size }));
});

const MESSAGES: readonly [schema: z.ZodType, value: unknown, message: string, secret?: string][] = [
  [z.string(), 3, "expected a string, got 3", "expected a string, got a number"],
  [z.string(), null, "expected a string, got null"],
  [z.string(), [], "expected a string, got an array"],
  [z.number(), "s3cret", 'expected a number, got "s3cret"', "expected a number, got a string"],
  [z.int(), 1.5, "expected an integer, got 1.5", "expected an integer, got a number"],
  [z.boolean(), {}, "expected true or false, got an object"],
  [z.array(z.string()), "a", 'expected an array, got "a"', "expected an array, got a string"],
  [z.object({ a: z.string() }), {}, "a: is missing, expected a string"],
  [z.strictObject({}), { b: 1 }, 'unknown member "b"'],
  [z.strictObject({}), { b: 1, c: 2 }, 'unknown members "b", "c"'],
  [
    z.enum(["a", "b", "c"]),
    "d",
    'expected "a", "b" or "c", got "d"',
    'expected "a", "b" or "c", got another string',
  ],
  [z.literal("a"), 1, 'expected "a", got 1', 'expected "a", got a number'],
  [z.string().min(3), "ab", "expected at least 3 characters, got 2"],
  [z.string().min(1), "", "expected at least 1 character, got 0"],
  [z.string().max(3), "abcd", "expected at most 3 characters, got 4"],
  [z.array(z.string()).min(1), [], "expected at least 1 element, got 0"],
  [z.array(z.string()).max(1), ["a", "b"], "expected at most 1 element, got 2"],
  [z.number().min(3), 2, "expected at least 3, got 2"],
  [z.number().lt(3), 3, "expected less than 3, got 3"],
  [z.number().positive(), 0, "expected more than 0, got 0"],
  [
    z.number().multipleOf(2),
    3,
    "expected a multiple of 2, got 3",
    "expected a multiple of 2, got a number",
  ],
  [z.url(), "a b", 'expected a URL, got "a b"', "expected a URL, got another string"],
  [
    z.email(),
    "a",
    'expected an email address, got "a"',
    "expected an email address, got another string",
  ],
  [z.string().regex(/^a$/, "not an a"), "b", "not an a"],
  [
    z.string().regex(/^a$/),
    "b",
    'expected another form, got "b"',
    "expected another form, got another string",
  ],
  [
    z.union([z.string(), z.array(z.string())]),
    3,
    "expected a string or an array, got 3",
    "expected a string or an array, got a number",
  ],
  [z.union([z.string().min(2), z.array(z.string())]), "a", "expected at least 2 characters, got 1"],
  [
    z.discriminatedUnion("type", [
      z.object({ type: z.literal("a") }),
      z.object({ type: z.literal("b") }),
    ]),
    { type: "c" },
    'type: expected "a" or "b", got "c"',
    'type: expected "a" or "b", got another string',
  ],
  [
    z.discriminatedUnion("type", [z.object({ type: z.literal("a") })]),
    {},
    'type: is missing, expected "a"',
  ],
  [z.record(z.string().regex(/^a$/, "not an a"), z.string()), { b: "c" }, "b: name: not an a"],
  [
    z.string().refine(() => false),
    "a",
    'expected another value, got "a"',
    "expected another value, got another string",
  ],
];

for (const [schema, value, message, secret = message] of MESSAGES) {
  test(`safeParse() says ${message}`, () => {
    assert.equal(formatIssues(safeParse(schema, value).error?.issues ?? []), message);
    const { error } = safeParse(schema, value, { quotes: false });
    assert.equal(formatIssues(error?.issues ?? []), secret);
  });
}

test("safeParse() cuts long values", () => {
  const { error } = safeParse(z.number(), "x".repeat(10_000));
  assert.ok((error?.issues[0]?.message.length ?? 0) < 120);
});
