import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultAction } from "../support/registry_faults.ts";
import { startDocumentedApp, TOKEN } from "./documented_app.ts";

const FAULTS: readonly { name: string; action: FaultAction; wanted: [number, string] }[] = [
  { name: "stands still", action: { hangAfterBytes: 5 }, wanted: [504, "timeout"] },
  { name: "is cut", action: { cutAfterBytes: 5 }, wanted: [502, "network"] },
  {
    name: "is longer than 4 MiB",
    action: { tamper: () => new Response(new Blob(["x".repeat(5_000_000)]).stream()) },
    wanted: [422, "limit"],
  },
  {
    name: "is another",
    action: {
      tamper: async (response) => {
        const text = await response.text();
        return new Response(text.replace("amd64", "arm64"), response);
      },
    },
    wanted: [502, "integrity"],
  },
];

for (const { name, action, wanted } of FAULTS) {
  test(`GET /v1/images answers ${wanted.join(" ")} where a config ${name}`, async () => {
    const variables = { CROSSDOCK_TIMEOUT_MS: "1000" };
    await using documented = await startDocumentedApp({ variables });
    const { app, source } = documented;
    source.fail({ method: "GET", path: "/blobs/", action });
    const reference = `${source.host}/library/alpine:3.20`;
    const response = await app.request(`/v1/images?${new URLSearchParams({ reference })}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const { status, code, side } = await response.json();
    assert.deepEqual([response.status, status, code, side], [wanted[0], ...wanted, "source"]);
  });
}
