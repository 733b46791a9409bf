import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { formatIssues, safeParseJson, schemaFor } from "../src/schema.ts";

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
