import assert from "node:assert/strict";
import { test } from "node:test";
import { explainBody } from "../../src/streams/explain_body.ts";

const CASES: readonly [headers: Record<string, string>, text: string][] = [
  [{}, ""],
  [{ "content-encoding": "identity" }, ""],
  [{ "content-type": "application/octet-stream" }, ""],
  [{ "content-type": "Text/HTML; charset=utf-8" }, "; it is a web page (text/html)"],
  [{ "content-encoding": "gzip" }, "; it has Content-Encoding gzip, which was not requested"],
  [{ "content-encoding": "<b>hunter2</b>" }, ""],
];

for (const [headers, text] of CASES) {
  test(`explainBody() of ${JSON.stringify(headers)} is ${JSON.stringify(text)}`, () => {
    assert.equal(explainBody(new Response(null, { headers })), text);
  });
}
