import assert from "node:assert/strict";
import { test } from "node:test";
import type { DurableCopies } from "../../../src/durable/durable_copies.ts";
import { RUN, RUN_LIST } from "../../../build/api/run_examples.ts";
import type { RunHistory } from "../../../src/history/model.ts";
import type { DurableRules } from "../../../src/rules/durable_rules.ts";
import {
  ALPINE,
  CANCELLED_COPY,
  COPY_ID,
  FINISHED_COPY,
  MIRROR,
  PROBLEM_EXAMPLES,
  QUEUED_COPY,
} from "../../../build/api/examples.ts";
import { listRoutes, resolveAnswer } from "../../../build/api/model.ts";
import type { Route } from "../../../build/api/model.ts";
import { getDocument } from "./api_document.ts";
import { startDocumentedApp, TOKEN } from "../../server/documented_app.ts";
import type { DocumentedApp, DocumentedOptions } from "../../server/documented_app.ts";
import { createCopyLimit } from "../../../src/server/copy_limit.ts";
import type { CopyLimit } from "../../../src/server/copy_limit.ts";
import { FakeTimers } from "../../support/fake_timers.ts";
import { until } from "../../support/until.ts";
import { createValidator } from "./schema_validator.ts";

/** Stands in for whatever runs copies durably: it knows the example. */
const durable: DurableCopies = {
  start: () => Promise.resolve(QUEUED_COPY),
  get: (id) => Promise.resolve(id === COPY_ID ? FINISHED_COPY : undefined),
  cancel: (id) => Promise.resolve(id === COPY_ID ? CANCELLED_COPY : undefined),
};

/** And for whatever runs rules durably. */
const durableRules: DurableRules = {
  start: () => Promise.resolve({ id: COPY_ID, state: "started" }),
};

/** A history with the run of the examples. */
const history: RunHistory = {
  status: RUN_LIST.history,
  begin: () => RUN.id,
  save: () => {},
  list: () => Promise.resolve({ runs: RUN_LIST.runs }),
  get: (id) => Promise.resolve(id === RUN.id ? RUN : undefined),
};

await using documented = await startDocumentedApp();
const document = await getDocument(documented.app);
const validate = createValidator(document);

for (const route of listRoutes(document)) {
  const { method, path, operation } = route;
  const names = listRequests(route);

  test(`${method} ${path} has an example of a request with an answer of the same name`, () => {
    assert.ok(names.length > 0);
    const answered = Object.values(operation.responses)
      .flatMap((answer) => Object.values(resolveAnswer(answer, document).content))
      .flatMap(({ examples }) => Object.keys(examples));
    for (const name of names) assert.ok(answered.includes(name), name);
  });

  for (const name of names) {
    const answers = Object.entries(operation.responses).flatMap(([status, answer]) =>
      Object.entries(resolveAnswer(answer, document).content)
        .filter(([, { examples }]) => name in examples)
        .map(([mediaType, { schema, examples }]) => ({
          status: Number(status),
          headers: resolveAnswer(answer, document).headers,
          mediaType,
          schema,
          example: examples[name]?.value,
        }))
    );
    for (const { status, headers, mediaType, schema, example } of answers) {
      test(`${method} ${path} answers the example ${name} as documented, in ${mediaType}`, async () => {
        await using documented = await startDocumentedApp({
          host: { durable, durableRules, history },
          ...(path === "/v1/admissions" ? await rejectAll() : {}),
        });
        const response = await send(route, name, documented, { accept: mediaType });
        assert.equal(response.status, status);
        assert.equal(response.headers.get("content-type")?.split(";")[0], mediaType);
        for (const header of Object.keys(headers)) assert.ok(response.headers.get(header), header);
        const text = documented.toExample(await response.text());
        if (mediaType === "text/event-stream") return assert.ok(text.endsWith(String(example)));
        if (mediaType === "text/plain") return assert.equal(text, example);
        const values = mediaType === "application/x-ndjson"
          ? text.trim().split("\n").map((line) => JSON.parse(line))
          : [JSON.parse(text)];
        for (const value of values) assert.deepEqual(validate(schema, value), []);
        assert.deepEqual(withoutOrder(values.at(-1)), withoutOrder(example));
      });
    }
  }
}

/** A policy that rejects every image. */
async function rejectAll(): Promise<DocumentedOptions> {
  const { createAdmission } = await import("../../../src/admission/check.ts");
  const admission = createAdmission([{ images: "**", rule: "reject" }], {
    trustRoot: { json: {} },
    now: Date.now,
  });
  return {
    variables: { CROSSDOCK_CONFIG: "admission: [{ images: '**', default: reject }]" },
    host: { openAdmission: () => admission },
  };
}

/** The names of the examples of an operation's request; of the answer where it takes nothing. */
function listRequests({ operation }: Route): string[] {
  const { parameters = [], requestBody, responses } = operation;
  const taken = [
    ...parameters,
    ...Object.values(requestBody?.content ?? {}),
  ].flatMap(({ examples }) => Object.keys(examples));
  if (taken.length > 0) return [...new Set(taken)];
  return Object.values(resolveAnswer(responses["200"] ?? { $ref: "" }, document).content)
    .flatMap(({ examples }) => Object.keys(examples));
}

/** Sends one example of a request. */
async function send(
  { method, path, operation }: Route,
  name: string,
  { app, toReal }: DocumentedApp,
  headers: Record<string, string>,
): Promise<Response> {
  const { parameters = [], requestBody, security } = operation;
  const query = new URLSearchParams();
  const given = new Headers(headers);
  let filled = path;
  for (const { name: key, in: place, required, examples } of parameters) {
    const value = examples[name]?.value;
    assert.ok(!required || value !== undefined, `${key} has no example ${name}`);
    if (value === undefined) continue;
    if (place === "path") filled = filled.replace(`{${key}}`, String(value));
    else if (place === "query") query.set(key, toReal(String(value)));
    else given.set(key, String(value));
  }
  if (security) given.set("authorization", `Bearer ${TOKEN}`);
  const init: RequestInit = { method, headers: given };
  if (requestBody) {
    given.set("content-type", "application/json");
    const body = requestBody.content["application/json"]?.examples[name]?.value;
    init.body = toReal(JSON.stringify(body));
  }
  return await app.request(`${filled}?${query}`, init);
}

/** A server speaks to registries about several things at once, and lists them as they come. */
function withoutOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutOrder).sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, inner]) => [key, withoutOrder(inner)]),
  );
}

interface Trouble {
  readonly options?: DocumentedOptions;
  /** What goes wrong at the registries. */
  readonly prepare?: (app: DocumentedApp) => unknown;
  readonly path: string;
  /** `undefined`: the request has no body. */
  readonly body?: unknown;
  /** Whether the body does not arrive, and its time ends. */
  readonly isSlow?: boolean;
  readonly headers?: Record<string, string>;
  readonly retryAfter?: string;
}

const TAGS = `/v1/tags?repository=${ALPINE}`;
const INDEX = "application/vnd.oci.image.index.v1+json";

/** The time for a body, in milliseconds. */
const BODY_TIMEOUT_MS = 60_000;

/** A limit with as many copies that run and wait as may. */
function createFullLimit(): CopyLimit {
  const limit = createCopyLimit({ maxCopies: 50, sleep: () => new Promise(() => {}) });
  for (let i = 0; i < 100; i++) void limit(new AbortController().signal);
  return limit;
}

/** What makes the server answer with each problem that the document has an example of, by status and code. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  "400 usage": { path: "/v1/copies", body: { ...MIRROR, colour: "red" } },
  "401 unauthorized": { path: TAGS, headers: { authorization: "" } },
  "403 denied": {
    path: "/v1/copies",
    body: { ...MIRROR, destination: "registry.example.com/other/alpine:3.20" },
  },
  "404 not_found": {
    path: "/v1/plans",
    body: { ...MIRROR, source: "docker.io/library/absent:3.20" },
  },
  "406 usage": { path: "/v1/copies", body: MIRROR, headers: { accept: "text/html" } },
  "408 timeout": { path: "/v1/copies", body: MIRROR, isSlow: true },
  "409 conflict": {
    prepare: ({ destination }) =>
      destination.putManifest(
        "mirror/alpine",
        { schemaVersion: 2, mediaType: INDEX, manifests: [] },
        INDEX,
        ["3.20"],
      ),
    path: "/v1/plans",
    body: { ...MIRROR, ifExists: "fail" },
  },
  "413 limit": { path: "/v1/copies", body: { ...MIRROR, platforms: ["x".repeat(65_536)] } },
  "415 usage": { path: "/v1/copies", body: MIRROR, headers: { "content-type": "text/plain" } },
  "422 unsupported": { path: "/v1/plans", body: { ...MIRROR, platforms: ["linux/s390x"] } },
  "429 rate_limited": {
    options: {
      host: { limitTries: () => Promise.resolve(true), addressOf: () => "192.0.2.7" },
    },
    path: TAGS,
    headers: { authorization: "Bearer guessed" },
    retryAfter: "60",
  },
  "500 internal": {
    options: {
      host: { durable: { ...durable, get: () => Promise.reject(new TypeError("a bug")) } },
    },
    path: `/v1/copies/${COPY_ID}`,
  },
  "502 network": {
    prepare: ({ source }) => source.fail({ action: { dropConnection: true } }),
    path: TAGS,
  },
  "503 aborted": { options: { host: { isStopping: () => true } }, path: TAGS, retryAfter: "5" },
  "503 limit": {
    options: { host: { limitCopies: createFullLimit() } },
    path: "/v1/copies",
    body: MIRROR,
    retryAfter: "10",
  },
  "504 timeout": {
    options: { variables: { CROSSDOCK_TIMEOUT_MS: "1000" } },
    prepare: ({ source }) => source.fail({ action: { hang: true } }),
    path: TAGS,
  },
};

const EXAMPLES = Object.entries(PROBLEM_EXAMPLES).flatMap(([status, examples]) =>
  examples.map((example) => ({ status: Number(status), example }))
);

test("each problem of the document has a request that gets it", () => {
  const names = EXAMPLES.map(({ status, example }) => `${status} ${example.code}`);
  assert.deepEqual(names.sort(), Object.keys(TROUBLES).sort());
});

for (const { status, example } of EXAMPLES) {
  test(`the example of ${status} ${example.code} is the response of the server`, async () => {
    const { options, prepare, path, body, isSlow, headers, retryAfter = null } =
      TROUBLES[`${status} ${example.code}`] as Trouble;
    await using documented = await startDocumentedApp(options);
    await prepare?.(documented);
    using timers = new FakeTimers(BODY_TIMEOUT_MS);
    const text = documented.toReal(JSON.stringify(body) ?? "");
    const answering = documented.app.request(documented.toReal(path), {
      headers: {
        authorization: `Bearer ${TOKEN}`,
        "content-type": "application/json",
        ...headers,
      },
      ...(body ? { method: "POST", duplex: "half", body: isSlow ? slowBody(text) : text } : {}),
    });
    if (isSlow) {
      await until("the server waits for the body", () => timers.count > 0);
      timers.advance(BODY_TIMEOUT_MS);
    }
    const response = await answering;
    assert.equal(response.status, status);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal(response.headers.get("retry-after"), retryAfter);
    assert.equal(response.headers.get("www-authenticate"), status === 401 ? "Bearer" : null);
    const problem = JSON.parse(documented.toExample(await response.text()));
    const examples = document.components.responses[`Problem${status}`]
      ?.content["application/problem+json"]?.examples ?? {};
    assert.deepEqual(examples[example.code], { value: problem });
  });
}

/** A body that begins and does not end. */
function slowBody(text: string): ReadableStream<Uint8Array> {
  const start = new TextEncoder().encode(text).slice(0, 10);
  return new ReadableStream({ start: (controller) => controller.enqueue(start) });
}
