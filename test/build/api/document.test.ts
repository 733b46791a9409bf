import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import pkg from "../../../package.json" with { type: "json" };
import { DOCUMENT_FILE, formatDocument } from "../../../build/api/write.ts";
import { listRoutes, resolveAnswer } from "../../../build/api/model.ts";
import { getDocument } from "./api_document.ts";
import { MIRROR } from "../../../build/api/examples.ts";
import { PROBLEMS, RequestError } from "../../../src/problem.ts";
import { READ_TOKEN, startDocumentedApp, TOKEN } from "../../server/documented_app.ts";
import type { DocumentedOptions } from "../../server/documented_app.ts";
import { createValidator } from "./schema_validator.ts";

await using documented = await startDocumentedApp();
const document = await getDocument(documented.app);
const routes = listRoutes(document);

test("/openapi.json is a valid document of OpenAPI 3.1", async () => {
  const validator = new Validator();
  const result = await validator.validate({ ...structuredClone(document) });
  assert.deepEqual(result.errors ?? [], []);
  assert.equal(validator.version, "3.1");
  assert.equal(document.info.version, pkg.version);
});

test("/openapi.json names the routes that the server has, and no other", () => {
  const served = documented.app.routes
    .filter(({ method }) => method !== "ALL" && method !== "OPTIONS")
    .filter(({ path }) => !["/", "/docs", "/openapi.json"].includes(path))
    .filter(({ path }) => !path.startsWith("/assets/"))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  const described = routes.map(({ method, path }) => `${method} ${path}`);
  assert.ok(described.length > 10);
  assert.deepEqual(described.sort(), [...new Set(served)].sort());
});

test("src/server/api has the generated document", () => {
  const text = readFileSync(DOCUMENT_FILE, "utf8");
  assert.ok(text === formatDocument(), "openapi.json is out of date: run deno task schema");
});

test("/openapi.json names the routes of Health that need a token", () => {
  const { description = "" } = document.tags.find(({ name }) => name === "Health") ?? {};
  const health = routes.filter(({ operation }) => operation.tags.includes("Health"));
  const secured = health.filter(({ operation }) => operation.security).map(({ path }) => path);
  assert.ok(health.length > secured.length);
  assert.deepEqual([...description.matchAll(/`([^`]+)`/g)].map(([, path]) => path), secured);
});

for (const { method, path, operation } of routes) {
  const { operationId, tags, summary, security, parameters = [], requestBody } = operation;
  const answers = Object.entries(operation.responses)
    .map(([status, answer]) => [status, resolveAnswer(answer, document)] as const);

  test(`/openapi.json ${method} ${path} has an id, a summary, a tag and who may call`, () => {
    assert.equal(routes.filter((one) => one.operation.operationId === operationId).length, 1);
    assert.ok(summary);
    const known = document.tags.map(({ name }) => name);
    assert.ok(tags.length === 1 && tags.every((tag) => known.includes(tag)), `${tags}`);
    const scopes = security?.map(({ bearer }) => bearer?.join());
    if (tags.includes("Webhooks")) return assert.deepEqual(security, [{ webhook: [] }]);
    const wanted = tags.includes("Health") && path !== "/metrics"
      ? undefined
      : ["copy", "cancelCopy", "performStep", "runRules"].includes(operationId)
      ? ["copy"]
      : ["read"];
    assert.deepEqual(scopes, wanted);
  });

  test(`/openapi.json ${method} ${path} needs the token that it names`, async () => {
    const [scope] = security?.flatMap(({ bearer = [] }) => bearer) ?? [];
    const ask = async (token: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await documented.app.request(path, { method, headers })).status;
    };
    if (!path.startsWith("/hooks/")) {
      assert.equal(await ask("unknown") === 401, scope !== undefined);
    }
    assert.equal(await ask(READ_TOKEN) === 403, scope === "copy");
  });

  test(`/openapi.json ${method} ${path} has an example of all that it takes and answers`, () => {
    const validate = createValidator(document);
    for (const { name, schema, examples } of parameters) {
      assert.ok(Object.keys(examples).length > 0, `parameter ${name}`);
      for (const { value } of Object.values(examples)) {
        assert.deepEqual(validate(schema, value), [], name);
      }
    }
    const contents = [...answers.map(([, { content }]) => content), requestBody?.content ?? {}];
    for (
      const [mediaType, { schema, examples }] of contents.flatMap((content) =>
        Object.entries(content)
      )
    ) {
      assert.ok(Object.keys(examples).length > 0, mediaType);
      for (const [name, { value }] of Object.entries(examples)) {
        assert.deepEqual(validate(schema, value), [], name);
      }
    }
  });

  test(`/openapi.json ${method} ${path} lists the headers of its responses`, () => {
    for (const [status, { headers, description }] of answers) {
      assert.ok(description);
      const required = Object.keys(headers).filter((name) => headers[name]?.required);
      const wanted: Record<string, string[]> = {
        202: tags.includes("Webhooks") ? [] : ["Location", "Preference-Applied"],
        401: ["WWW-Authenticate"],
      };
      assert.deepEqual(required.sort(), [...wanted[status] ?? [], "X-Request-Id"].sort(), status);
    }
  });
}

/** Statuses that no operation lists: a path has no such method, and a client that has disconnected. */
const UNLISTED = [405, 499];

test("/openapi.json lists every status of a problem in the server's code", () => {
  const folder = new URL("../../../src/server/", import.meta.url);
  const code = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => readFileSync(new URL(path, folder), "utf8")).join("\n");
  const used = [...code.matchAll(/(?:status|unauthorized|not_found|limit|usage): ([45]\d\d)\b/g)]
    .map(([, status]) => Number(status));
  assert.ok(used.includes(408) && used.includes(413) && used.includes(503), `${used}`);
  const statuses = [...used, ...Object.values(PROBLEMS).map(({ status }) => status)];
  const listed = routes.flatMap(({ operation }) => Object.keys(operation.responses)).map(Number);
  const missing = statuses.filter((status) => !listed.includes(status));
  assert.deepEqual([...new Set(missing)].sort(), UNLISTED);
});

interface Refusal {
  readonly options?: DocumentedOptions;
  readonly headers?: Record<string, string>;
  readonly query?: string;
  readonly body?: string;
}

/** Reasons to reject a call before it does anything. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  "a wrong token": { headers: { authorization: "Bearer wrong" } },
  "too many wrong tokens": {
    options: { host: { limitTries: () => Promise.resolve(true), addressOf: () => "192.0.2.7" } },
    headers: { authorization: "Bearer wrong" },
  },
  "a token without the scope": { headers: { authorization: `Bearer ${READ_TOKEN}` } },
  "an unknown parameter": { query: "?unknown=1" },
  "a long body": { headers: { "content-length": "99999999" } },
  "a body of another type": { headers: { "content-type": "text/plain" }, body: "text" },
  "a body that is not JSON": { body: "{" },
  "a server that is stopping": { options: { host: { isStopping: () => true } } },
  "a server that is busy": {
    options: {
      host: {
        limitCopies: () => Promise.reject(new RequestError("limit", "busy", { status: 503 })),
      },
    },
    body: JSON.stringify(MIRROR),
  },
};

for (const [reason, { options, headers, query = "", body = "{}" }] of Object.entries(REFUSALS)) {
  test(`/openapi.json lists the status of ${reason} for each operation`, async () => {
    await using app = await startDocumentedApp(options);
    const problems = new Set<number>();
    for (const { method, path, operation } of routes) {
      const { status } = await app.app.request(path.replace("{name}", "plain") + query, {
        method,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          "content-type": "application/json",
          ...headers,
        },
        ...(method === "POST" ? { body: app.toReal(body) } : {}),
      });
      if (status < 400) continue;
      problems.add(status);
      assert.ok(operation.responses[status], `${method} ${path}: ${status}`);
    }
    assert.ok(problems.size > 0);
  });
}

test("/openapi.json lists 408 for each operation with a body", () => {
  const withBody = routes.filter(({ operation }) => operation.requestBody);
  assert.ok(withBody.length > 0);
  for (const { path, operation } of withBody) assert.ok(operation.responses[408], path);
});

test("/openapi.json closes the schemas of requests, and leaves those of answers open", () => {
  const closed = Object.entries(document.components.schemas)
    .filter(([, { additionalProperties }]) => additionalProperties === false)
    .map(([name]) => name);
  assert.deepEqual(closed.sort(), [
    "AdmissionRequest",
    "BlobStep",
    "CheckRequest",
    "CopyRequest",
    "ManifestStep",
    "PlanRequest",
    "ReceiptStep",
    "ReferrerFilter",
    "ReferrersStep",
    "StepDescriptor",
    "SyncRequest",
    "VerificationRequest",
  ]);
});

test("/openapi.json does not require optional fields", () => {
  const { Descriptor, Plan, BlobStep } = document.components.schemas;
  assert.deepEqual(Descriptor?.required, ["mediaType", "digest", "size"]);
  assert.ok(!Plan?.required?.includes("current"));
  assert.ok(!BlobStep?.required?.includes("found"));
});
