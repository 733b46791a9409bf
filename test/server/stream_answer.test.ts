import assert from "node:assert/strict";
import { test } from "node:test";
import { MIRROR } from "../../build/api/examples.ts";
import { startDocumentedApp, TOKEN } from "./documented_app.ts";

const ACCEPTS: readonly [accept: string, isSse: boolean][] = [
  ["text/event-stream", true],
  ["Text/Event-Stream", true],
  ["application/json, text/event-stream;q=0.5", true],
  ["TEXT/EVENT-STREAM ; charset=utf-8 , */*", true],
  ["text/event-stream;q=0.001", true],
  ["text/event-stream;q=0", false],
  ["text/event-stream; Q=0.000", false],
  ["*/*", false],
  ["application/x-ndjson", false],
  ["text/event-streams", false],
  ["x-text/event-stream", false],
  ["", false],
];

await using documented = await startDocumentedApp();

for (const [accept, isSse] of ACCEPTS) {
  const name = isSse ? "server-sent events" : "NDJSON";
  test(`streamAnswer() sends ${name} for Accept: ${accept}`, async () => {
    const response = await documented.app.request("/v1/copies", {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", accept },
      body: documented.toReal(JSON.stringify(MIRROR)),
    });
    const type = isSse ? "text/event-stream" : "application/x-ndjson";
    assert.equal(response.headers.get("content-type"), type);
    const [line = ""] = (await response.text()).split("\n");
    assert.equal(line.startsWith("event: "), isSse, line);
  });
}
