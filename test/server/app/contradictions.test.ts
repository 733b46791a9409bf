/** Requests whose fields are right one by one, and wrong together. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { MIRROR, STEPS } from "../../../build/api/examples.ts";
import { startDocumentedApp, TOKEN } from "../documented_app.ts";

const DIGESTS = [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`] as const;

const TWO_DIGESTS = {
  source: `${MIRROR.source}@${DIGESTS[0]}`,
  destination: `${MIRROR.destination}@${DIGESTS[1]}`,
};

/** Of the content `{}`, but for its size. */
const EMPTY = {
  ...STEPS.manifest.descriptor,
  digest: `sha256:${createHash("sha256").update("{}").digest("hex")}`,
};

const CASES: readonly { path: string; body: object; pointer: string; detail?: RegExp }[] = [
  { path: "/v1/copies", body: TWO_DIGESTS, pointer: "#/destination" },
  { path: "/v1/plans", body: TWO_DIGESTS, pointer: "#/destination" },
  { path: "/v1/verifications", body: TWO_DIGESTS, pointer: "#/destination" },
  { path: "/v1/steps", body: { ...STEPS.manifest, content: "{}" }, pointer: "#/content" },
  {
    path: "/v1/steps",
    body: { ...STEPS.manifest, content: "{}", descriptor: { ...EMPTY, size: 2 } },
    pointer: "#/content",
    detail: /not a valid manifest/,
  },
  {
    path: "/v1/steps",
    body: { ...STEPS.manifest, content: "{}", descriptor: { ...EMPTY, size: 3 } },
    pointer: "#/content",
    detail: /has 2 bytes, expected 3/,
  },
];

for (const [i, { path, body, pointer, detail: wanted = /./ }] of CASES.entries()) {
  test(`POST ${path} points to ${pointer} and sends no request to a registry, contradiction ${i}`, async () => {
    await using documented = await startDocumentedApp();
    const { app, source, destination, toReal } = documented;
    const response = await app.request(path, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: toReal(JSON.stringify(body)),
    });
    const { status, code, detail, errors } = await response.json();
    assert.deepEqual([response.status, status, code], [400, 400, "usage"]);
    assert.match(detail, wanted);
    assert.deepEqual(errors, [{ pointer, detail }]);
    assert.equal(source.count() + destination.count(), 0);
  });
}
