/** Invokes examples/aws_lambda/handler.ts as Lambda does, with events of API Gateway, a function URL and EventBridge. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import process from "node:process";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { bearer, variablesFor } from "../handler/setup.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";

const SECRET = "a-secret-of-sixteen-characters";

/** The handlers, with the parts of their types that the test needs. */
interface Handlers {
  http(event: unknown, stream: PassThrough, context: unknown): Promise<void>;
  buffered(event: unknown): Promise<{ statusCode: number; body: string }>;
  schedule(event: unknown): Promise<void>;
}

/** Imports the handler in the environment of a function between two registries. */
async function startFunction(a: RunningRegistry, b: RunningRegistry): Promise<Handlers> {
  Object.assign(process.env, variablesFor(a, b), {
    CROSSDOCK_LOG: "off",
    CROSSDOCK_CONFIG: `
sync:
  - { source: ${a.host}/acme/base, target: ${b.host}/nightly, type: repository, schedule: "0 3 * * *" }
  - { source: ${a.host}/acme/app, target: ${b.host}/pushed, type: repository }
webhooks:
  in:
    ci: { sender: plain, place: ${a.host}, kind: bearer, secrets: [${SECRET}] }
`,
  });
  const runtime = {
    streamifyResponse: (handler: unknown) => handler,
    HttpResponseStream: {
      from(stream: PassThrough, { statusCode }: { statusCode: number }): PassThrough {
        stream.write(`${statusCode}\n`);
        return stream;
      },
    },
  };
  Object.assign(globalThis, { awslambda: runtime });
  const path: string = "../../examples/aws_lambda/handler.ts";
  return await import(path);
}

/** An event of an HTTP API or a function URL: payload format 2.0. */
function httpEvent(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): unknown {
  return {
    version: "2.0",
    rawPath: path,
    rawQueryString: "",
    headers: {
      ...bearer(),
      "content-type": "application/json",
      host: "example.lambda-url",
      ...headers,
    },
    requestContext: { domainName: "example.lambda-url", http: { method, path } },
    ...(body === undefined ? {} : { body: JSON.stringify(body), isBase64Encoded: false }),
  };
}

test("docs/deploy/aws-lambda.md shows examples/aws_lambda/handler.ts", () => {
  const read = (path: string): string =>
    readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const [, code = ""] = read("examples/aws_lambda/handler.ts").split(/^\/\*\* .* \*\/\n/);
  const shown = code.replace('"../../src/entries/server.ts"', '"crossdock/server"');
  assert.ok(read("docs/deploy/aws-lambda.md").includes(`\`\`\`ts\n${shown}\`\`\`\n`));
});

test("examples/aws_lambda copies by a call, a webhook and a schedule", async (t) => {
  await using a = await startRegistry();
  await using b = await startRegistry();
  for (const name of ["acme/app", "acme/base"]) await putImage(a, name, { tag: "1", layers: 1 });
  const { http, buffered, schedule } = await startFunction(a, b);

  await t.test("buffered() answers an event of API Gateway with all events of a copy", async () => {
    const ready = await buffered(httpEvent("GET", "/readyz"));
    assert.equal(ready.statusCode, 200, ready.body);
    const names = { source: `${a.host}/acme/app:1`, destination: `${b.host}/called:1` };
    const { statusCode, body } = await buffered(httpEvent("POST", "/v1/copies", names));
    assert.equal(statusCode, 200, body);
    const lines = Buffer.from(body, "base64").toString().trimEnd().split("\n");
    assert.match(lines.at(-1) ?? "", /^\{"type":"report".*"copied"/);
    assert.deepEqual(b.tags("called"), ["1"]);
  });

  await t.test("http() streams the events of a copy", async () => {
    const stream = new PassThrough();
    const names = { source: `${a.host}/acme/app:1`, destination: `${b.host}/streamed:1` };
    const [written] = await Promise.all([
      text(stream),
      http(httpEvent("POST", "/v1/copies", names), stream, {}),
    ]);
    assert.match(written, /^200\n(?:\{.*\}\n)*\{"type":"report".*\}\n$/);
    assert.deepEqual(b.tags("streamed"), ["1"]);
  });

  await t.test("buffered() returns when an event of a webhook is handled", async () => {
    const event = httpEvent("POST", "/hooks/ci", { repository: `${a.host}/acme/app`, tag: "1" }, {
      authorization: `Bearer ${SECRET}`,
    });
    const { statusCode, body } = await buffered(event);
    assert.equal(statusCode, 202, body);
    assert.deepEqual(b.tags("pushed"), ["1"]);
  });

  await t.test("schedule() runs the rules with a time in the last five minutes", async () => {
    await schedule({ time: "2026-11-26T02:55:00Z" });
    assert.deepEqual(b.tags("nightly"), []);
    await schedule({ time: "2026-11-26T03:00:00Z" });
    assert.deepEqual(b.tags("nightly"), ["1"]);
  });
});
