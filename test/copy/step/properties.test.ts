import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseStep } from "../../../src/copy/step.ts";
import { tryParse } from "../../support/property.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

/** Values that a field may have by mistake. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom("", "ghcr.io/team/app", "ghcr.io/team/app:1", "team/app", DIGEST, -1, 1.5, null),
);

/** The right value in three of four cases. */
function mostly(right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: anything });
}

const repository = fc.constantFrom("ghcr.io/team/app", "docker.io/library/alpine", "[::1]:5000/a");
const descriptor = fc.record({
  mediaType: mostly(fc.constant("application/vnd.oci.image.manifest.v1+json")),
  digest: mostly(fc.constant(DIGEST)),
  size: mostly(fc.nat()),
  annotations: mostly(fc.dictionary(fc.string(), fc.string())),
  urls: mostly(fc.array(fc.webUrl(), { maxLength: 3 })),
  data: mostly(fc.base64String()),
}, { requiredKeys: ["mediaType", "digest", "size"] });
const steps = fc.record({
  type: mostly(fc.constantFrom("blob", "manifest", "referrers")),
  source: mostly(repository),
  destination: mostly(repository),
  descriptor: mostly(descriptor),
  mountFrom: mostly(fc.array(fc.constantFrom("team/base", "a"), { maxLength: 9 })),
  eager: mostly(fc.boolean()),
  verify: mostly(fc.constantFrom("auto", "stream", "destination")),
  tag: mostly(fc.constantFrom("1", "latest", "a".repeat(129))),
  content: mostly(fc.string()),
  subject: mostly(fc.constant(DIGEST)),
  referrers: mostly(fc.array(descriptor, { maxLength: 2 })),
}, { requiredKeys: ["type", "destination"] });

test("parseStep() returns a step that survives JSON unchanged, or throws a ParseError", () => {
  const fields: Readonly<Record<string, readonly string[]>> = {
    blob: ["type", "source", "destination", "descriptor", "mountFrom", "eager", "verify"],
    manifest: ["type", "source", "destination", "descriptor", "tag", "content"],
    referrers: ["type", "destination", "subject", "referrers"],
  };
  /** Without the fields of other steps, each of which is a mistake. */
  const ownFields = steps.map((step) =>
    Object.fromEntries(
      Object.entries(step).filter(([key]) => fields[String(step.type)]?.includes(key) ?? true),
    )
  );
  let parsed = 0;
  fc.assert(
    fc.property(fc.oneof(ownFields, steps, anything), (value) => {
      const step = tryParse(() => parseStep(value));
      if (step === undefined) return;
      parsed++;
      assert.deepEqual(throughJson(step), throughJson(value));
      assert.deepEqual(throughJson(parseStep(throughJson(step))), throughJson(step));
    }),
    { numRuns: 3000 },
  );
  assert.ok(parsed > 100, `${parsed} steps`);
});

/** Without `__proto__`, which the schema leaves out. */
function throughJson(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value),
    (key, inner) => key === "__proto__" ? undefined : inner,
  );
}
