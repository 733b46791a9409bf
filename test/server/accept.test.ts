import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseMediaType } from "../../src/server/accept.ts";

const NDJSON = "application/x-ndjson";
const SSE = "text/event-stream";
const JSON_TYPE = "application/json";
const OFFERS = [NDJSON, SSE, JSON_TYPE];

const HEADERS: readonly [accept: string | undefined, chosen: string | undefined][] = [
  [undefined, NDJSON],
  ["", NDJSON],
  [" ", NDJSON],
  ["*/*", NDJSON],
  ["*/*;q=0.1", NDJSON],
  ["application/*", NDJSON],
  ["text/*", SSE],
  ["TEXT/*", SSE],
  [SSE, SSE],
  ["Text/Event-Stream", SSE],
  [JSON_TYPE, JSON_TYPE],
  ["APPLICATION/JSON;charset=UTF-8", JSON_TYPE],
  ["application/json ; charset=utf-8 ; q=0.5 , */* ; q=0.1", JSON_TYPE],
  // What axios and HTTPie send.
  ["application/json, text/plain, */*", JSON_TYPE],
  ["application/json, */*;q=0.5", JSON_TYPE],
  ["application/json, text/event-stream;q=0.5", JSON_TYPE],
  ["application/json;q=0.5, text/event-stream", SSE],
  ["application/json;q=0.5,text/event-stream;q=0.7,application/x-ndjson;q=0.6", SSE],
  // The first of equal ones, whatever the server prefers.
  ["text/event-stream, application/x-ndjson", SSE],
  ["application/x-ndjson, text/event-stream", NDJSON],
  // A more specific range decides, in any order.
  ["*/*, application/x-ndjson;q=0", SSE],
  ["application/x-ndjson;q=0, */*", SSE],
  ["application/*;q=0, */*;q=0.1", SSE],
  ["application/*;q=0, application/json;q=0.2", JSON_TYPE],
  ["TEXT/EVENT-STREAM ; charset=utf-8 , */*", SSE],
  ["text/event-stream;q=0.001", SSE],
  ["text/event-stream;q=1.000", SSE],
  ["text/event-stream;q=0", undefined],
  ["text/event-stream; Q=0.000", undefined],
  ["*/*;q=0", undefined],
  ["*/*;q=0, application/json", JSON_TYPE],
  ["text/html", undefined],
  ["text/html, */*;q=0.1", NDJSON],
  ["text/event-streams", undefined],
  ["x-text/event-stream", undefined],
  ["application/problem+json", undefined],
  // A separator in a quoted string is text.
  ['text/html;x="a, application/json"', undefined],
  ['text/html;x="a;q=0", application/json', JSON_TYPE],
  ['application/json;x="a\\"b, c"', JSON_TYPE],
  ['application/json;x=", text/event-stream', JSON_TYPE],
  ['text/html;x=", application/json', undefined],
  // Elements that break the grammar count as absent.
  ["json", undefined],
  ["*", undefined],
  ["*/json", undefined],
  ["application/json;q=2", undefined],
  ["application/json;q=", undefined],
  ["application/json;q=high, text/event-stream;q=0.1", SSE],
  [",,application/json,", JSON_TYPE],
];

for (const [accept, chosen] of HEADERS) {
  test(`chooseMediaType() chooses ${chosen} for Accept: ${accept}`, () => {
    assert.equal(chooseMediaType(accept, OFFERS), chosen);
  });
}

test("chooseMediaType() takes the time of the header's length, whatever is in it", () => {
  const ends = ["a/b;", ",", ";", '"', '\\"', '"\\', "a/b;q=", " "];
  for (const end of ends) {
    assert.equal(chooseMediaType(`application/json,${end.repeat(100_000)}`, OFFERS), JSON_TYPE);
    assert.equal(chooseMediaType(`"${end.repeat(100_000)}\\`, OFFERS), undefined);
  }
});
