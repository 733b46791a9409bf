import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, beforeEach, test } from "node:test";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { parseConfig } from "../../src/config/parse_config.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { composeServer } from "../../src/server/compose.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";

const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

beforeEach(() => exporter.reset());

// Bun runs all files in one process.
after(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

interface Setting extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  /** Posts a copy of `app:1` and waits for its end. */
  copy(headers?: Record<string, string>): Promise<string>;
}

async function startServer(
  auth: RegistryOptions["auth"] & object,
  password: string,
): Promise<Setting> {
  const source = await startRegistry({ auth });
  const destination = await startRegistry({ auth });
  const hosts = [source.host, destination.host];
  const credential = { auth: Buffer.from(`me:${password}`).toString("base64") };
  const { app } = composeServer(
    parseConfig({
      CROSSDOCK_OPEN: "true",
      CROSSDOCK_RETRIES: "0",
      CROSSDOCK_ALLOW_SOURCES: "**",
      CROSSDOCK_ALLOW_DESTINATIONS: "**",
      CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1 127.0.0.1:*=127.0.0.1",
      CROSSDOCK_REGISTRY_AUTH: JSON.stringify({
        auths: Object.fromEntries(hosts.map((host) => [host, credential])),
      }),
    }),
    { runtime: await createRuntime(), write: () => {} },
  );
  return {
    source,
    destination,
    async copy(headers = {}): Promise<string> {
      const answer = await app.request("/v1/copies", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({
          source: `${source.host}/app:1`,
          destination: `${destination.host}/app`,
        }),
      });
      return await answer.text();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([source.close(), destination.close()]);
    },
  };
}

const BEARER = { type: "bearer", users: { me: "hunter2-right" } } as const;

function spans(name: string): ReadableSpan[] {
  return exporter.getFinishedSpans().filter((span) => span.name === name);
}

function one(name: string): ReadableSpan {
  const [span, ...others] = spans(name);
  assert.ok(span && others.length === 0, `${others.length + (span ? 1 : 0)} spans ${name}`);
  return span;
}

test("traceSpans() makes a tree of copy, steps and requests to registries", async () => {
  await using server = await startServer(BEARER, "hunter2-right");
  const { descriptor } = await putImage(server.source, "app", { tag: "1" });
  await server.copy();
  const copy = one("copy");
  assert.equal(copy.kind, SpanKind.INTERNAL);
  assert.equal(copy.parentSpanContext, undefined);
  assert.equal(copy.status.code, SpanStatusCode.UNSET);
  assert.deepEqual(copy.attributes, {
    "crossdock.source": `${server.source.host}/app:1`,
    "crossdock.destination": `${server.destination.host}/app:1`,
    "crossdock.result": "copied",
    "crossdock.digest": descriptor.digest,
  });
  const steps = spans("step");
  assert.deepEqual(
    steps.map(({ attributes }) =>
      `${attributes["crossdock.step"]} ${attributes["crossdock.state"]}`
    ).sort(),
    ["blob streamed", "blob streamed", "blob streamed", "manifest put"],
  );
  for (const step of steps) {
    assert.equal(step.parentSpanContext?.spanId, copy.spanContext().spanId);
  }
  const requests = spans("registry request");
  const { source, destination } = server;
  assert.equal(requests.length, source.count() + destination.count());
  const parents = [copy, ...steps].map((span) => span.spanContext().spanId);
  for (const request of requests) {
    const { kind, parentSpanContext, status } = request;
    assert.equal(kind, SpanKind.CLIENT);
    assert.equal(request.spanContext().traceId, copy.spanContext().traceId);
    assert.ok(parents.includes(parentSpanContext?.spanId ?? ""), "a parent that is not ours");
    assert.equal(status.code, SpanStatusCode.UNSET, "a challenge is no error");
  }
  const puts = requests.filter(({ attributes }) => attributes["http.request.method"] === "PUT");
  assert.deepEqual(
    puts.map(({ parentSpanContext }) => parentSpanContext?.spanId).sort(),
    steps.map((step) => step.spanContext().spanId).sort(),
    "each step has one PUT",
  );
  const { "url.path": path, ...rest } = puts[0]?.attributes ?? {};
  assert.match(String(path), /^\/v2\/app\//);
  assert.deepEqual(rest, {
    "http.request.method": "PUT",
    "server.address": "127.0.0.1",
    "crossdock.side": "destination",
    "crossdock.kind": "registry",
    "http.response.status_code": 201,
  });
});

test("traceSpans() marks failures, and contains no secret", async () => {
  await using server = await startServer(BEARER, "hunter2-right");
  const { source, destination } = server;
  await putImage(source, "app", { tag: "1", layers: 1 });
  const location = "http://me:hunter2-url@127.0.0.1:1/blob?signature=hunter2-url";
  source.fail({ method: "GET", path: "/blobs/", times: 9, action: { redirect: location } });
  await server.copy();
  assert.equal(one("copy").status.code, SpanStatusCode.ERROR);
  assert.equal(one("copy").attributes["error.type"], "network");
  const failed = spans("registry request")
    .filter(({ attributes }) => attributes["server.address"] === "127.0.0.1")
    .find(({ status }) => status.code === SpanStatusCode.ERROR);
  assert.equal(failed?.attributes["error.type"], "network");
  assert.match(failed?.status.message ?? "", /^connect to 127\.0\.0\.1:1: /);
  assert.equal(failed?.events[0]?.name, "exception");
  source.clearFaults();
  destination.fail({ method: "POST", path: "/uploads/", times: 9, action: { status: 403 } });
  await server.copy();
  const refused = spans("registry request")
    .find(({ attributes }) => attributes["http.response.status_code"] === 403);
  assert.equal(refused?.status.code, SpanStatusCode.ERROR);
  assert.equal(refused?.attributes["error.type"], "403");
  await using stranger = await startServer(BEARER, "hunter2-wrong");
  await putImage(stranger.source, "app", { tag: "1" });
  await stranger.copy();
  const told = JSON.stringify(
    exporter.getFinishedSpans().map(({ name, attributes, status, events }) => ({
      name,
      attributes,
      status,
      events,
    })),
  );
  const shown = [server, stranger].flatMap(({ source, destination }) =>
    [source, destination].flatMap(({ requests }) =>
      requests.flatMap(({ headers }) => headers.get("authorization")?.split(" ").at(-1) ?? [])
    )
  );
  assert.ok(shown.length > 3);
  for (const secret of [...shown, "hunter2"]) {
    assert.ok(!told.includes(secret), `${secret} came to light`);
  }
});

test("continueTrace() makes the caller's span the parent", async () => {
  await using server = await startServer(BEARER, "hunter2-right");
  await putImage(server.source, "app", { tag: "1" });
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const spanId = "b7ad6b7169203331";
  await server.copy({ traceparent: `00-${traceId}-${spanId}-01` });
  const copy = one("copy");
  assert.equal(copy.spanContext().traceId, traceId);
  assert.equal(copy.parentSpanContext?.spanId, spanId);
});

test("continueTrace() leaves the span of a host that has one", async () => {
  await using server = await startServer(BEARER, "hunter2-right");
  await putImage(server.source, "app", { tag: "1" });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await trace.getTracer("host").startActiveSpan("request", async (span) => {
    await server.copy({ traceparent });
    span.end();
  });
  assert.equal(one("copy").parentSpanContext?.spanId, one("request").spanContext().spanId);
});
