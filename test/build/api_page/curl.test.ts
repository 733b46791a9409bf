import assert from "node:assert/strict";
import { test } from "node:test";
import { toCurl } from "../../../build/api_page/curl.ts";
import { sampleOperation } from "./sample_api.ts";

test("toCurl() fills in the path, the query, headers and the body of one example", () => {
  const parameter = (name: string, place: "path" | "query" | "header", value: string) => ({
    name,
    in: place,
    required: true,
    schema: {},
    examples: { one: { value }, other: { value: "no" } },
  });
  const operation = sampleOperation({
    security: [{ bearer: ["copy"] }],
    parameters: [
      parameter("id", "path", "a b"),
      parameter("reference", "query", "docker.io/library/alpine:3.20&x=1"),
      parameter("prefer", "header", "it's"),
    ],
    requestBody: {
      required: true,
      content: {
        "application/json": { schema: {}, examples: { one: { value: { name: "it's" } } } },
      },
    },
  });
  assert.equal(
    toCurl({ method: "POST", path: "/things/{id}", operation }, "one"),
    [
      `curl "$CROSSDOCK_URL/things/a%20b?reference=docker.io/library/alpine:3.20%26x%3D1" \\`,
      `  --header "Authorization: Bearer $CROSSDOCK_TOKEN" \\`,
      `  --header 'prefer: it'\\''s' \\`,
      `  --json '{"name":"it'\\''s"}'`,
    ].join("\n"),
  );
});

test("toCurl() has no token for an operation without one", () => {
  const operation = sampleOperation();
  assert.equal(
    toCurl({ method: "GET", path: "/healthz", operation }, "one"),
    'curl "$CROSSDOCK_URL/healthz"',
  );
});

test("toCurl() names a method that is not curl's default", () => {
  const operation = sampleOperation();
  assert.match(toCurl({ method: "DELETE", path: "/x", operation }, "one"), /--request DELETE "/);
});

test("toCurl() shows a stream's events as they come", () => {
  const content = { "text/event-stream": { schema: {}, examples: {} } };
  const responses = { 200: { description: "", headers: {}, content } };
  const operation = sampleOperation({ responses });
  assert.match(toCurl({ method: "POST", path: "/x", operation }, "one"), /^curl --no-buffer "/);
});
