import assert from "node:assert/strict";
import { test } from "node:test";
import { MIRROR, STEPS } from "../../build/api/examples.ts";
import { startDocumentedApp, TOKEN } from "./documented_app.ts";

const FOLDER = "oci:/etc/crossdock";

/** Requests that name a folder. */
const REQUESTS: readonly { path: string; body?: object; detail: RegExp }[] = [
  ...["/v1/copies", "/v1/plans", "/v1/verifications"].flatMap((path) => [
    { path, body: { ...MIRROR, source: FOLDER }, detail: /source: .*is not a registry/ },
    {
      path,
      body: { ...MIRROR, destination: `${FOLDER}:1` },
      detail: /destination: .*is not a reg/,
    },
    { path, body: { ...MIRROR, referrerSource: FOLDER }, detail: /referrerSource: .*is not a reg/ },
  ]),
  { path: "/v1/steps", body: { ...STEPS.blob, source: FOLDER }, detail: /not an allowed source/ },
  {
    path: "/v1/steps",
    body: { ...STEPS.blob, destination: FOLDER },
    detail: /not an allowed dest/,
  },
  { path: `/v1/images?reference=${FOLDER}`, detail: /is not a registry/ },
  { path: `/v1/tags?repository=${FOLDER}`, detail: /is not a registry/ },
];

for (const [i, { path, body, detail: expected }] of REQUESTS.entries()) {
  test(`${path} rejects a folder in place of a registry, request ${i}`, async () => {
    await using documented = await startDocumentedApp();
    const { app, toReal } = documented;
    const response = await app.request(path, {
      method: body ? "POST" : "GET",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      ...(body ? { body: toReal(JSON.stringify(body)) } : {}),
    });
    const { detail } = await response.json();
    assert.match(detail, expected);
    assert.ok(response.status === 400 || response.status === 403, `${response.status}`);
  });
}
