/** Builds the OpenAPI 3.1 document from the operations and from the schemas that validate requests. */
import * as z from "zod";
import pkg from "../../package.json" with { type: "json" };
import type * as model from "./model.ts";
import type { Api, Components, Operation, Parameter, Schema } from "./model.ts";
import { OPERATIONS } from "./operations.ts";
import type { OperationSource } from "./operations.ts";
import type { Answer, Content, Examples } from "./responses.ts";

const TAGS = [
  { name: "Copies", description: "Copy within the request, or start a durable copy." },
  {
    name: "Rules",
    description:
      "Rules of the server's configuration, each of which mirrors images: run them now, or get their status.",
  },
  {
    name: "Runs",
    description:
      "What ran, when, why, and with which results. The history depends on the host: see `history` in the answers.",
  },
  {
    name: "Set-up",
    description: "The server's configuration without secrets, and checks of its credentials.",
  },
  {
    name: "Plans and steps",
    description:
      "A copy is a plan of steps. Each step moves one item and is idempotent, so any orchestrator can perform the plan: " +
      "stages in order, the steps of a stage in parallel.",
  },
  { name: "Images", description: "Inspect images, list tags and compare images." },
  { name: "Webhooks", description: "Receive push events from registries." },
  {
    name: "Health",
    description: "Health checks and metrics. Only `/metrics` requires a token.",
  },
];

export function describeApi(): Api {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const source of OPERATIONS) {
    (paths[source.path] ??= {})[source.method] = toOperation(source);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "crossdock",
      version: pkg.version,
      description:
        "Copies container images and other OCI artifacts from one registry to another. Each blob's response body is piped into the request body of the upload.\n\n" +
        "Every call under `/v1/` requires the header `Authorization: Bearer TOKEN`, unless the server runs with `CROSSDOCK_OPEN=true`. A token of scope " +
        "`read` can inspect, list and compare. A token of scope `copy` can also write. The server's configuration allows sources and destinations.\n\n" +
        "Errors are problem details (RFC 9457). Their `code` is stable, so clients can branch on it. Only the host's own HTTP server responds " +
        "without a body: 400 to malformed HTTP, 408 to slow headers, 431 to a URL or headers that are too long.",
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
    },
    // Relative to the document, so that it is right below any mount and behind any proxy.
    servers: [{ url: "." }],
    tags: TAGS,
    components: {
      schemas: describeSchemas(paths),
      responses: describeProblems(),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description:
            "One of the tokens in the server's `CROSSDOCK_TOKENS`. Its scope is `read` or `copy`.",
        },
        webhook: {
          type: "http",
          scheme: "bearer",
          description:
            "The proof that the hook's configuration requires, not an API token: a secret, a signature, a header, a user name " +
            "and password, or the last part of the path.",
        },
      },
    },
    paths,
  };
}

function toOperation(source: OperationSource): Operation {
  const { method: _, path: __, scope, parameters = [], body, responses, ...texts } = source;
  return {
    ...texts,
    ...(scope === undefined ? {} : {
      security: [scope === "webhook" ? { webhook: [] } : { bearer: [scope] }],
    }),
    ...(parameters.length === 0 ? {} : { parameters: parameters.flatMap(toParameters) }),
    ...(body === undefined ? {} : {
      requestBody: {
        required: body.isRequired ?? true,
        content: toContents({ "application/json": body }),
      },
    }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, answer]) => [
        status,
        // Problems are the same for all operations, so each is described once.
        isProblem(status) ? { $ref: `#/components/responses/Problem${status}` } : toAnswer(answer),
      ]),
    ),
  };
}

function toParameters(
  { in: place, schema, examples }: NonNullable<OperationSource["parameters"]>[number],
): Parameter[] {
  return Object.entries(schema.shape).map(([name, field]) => ({
    name,
    in: place,
    ...toField(field),
    examples: toExamples(examples[name] ?? {}),
  }));
}

function toAnswer({ description, headers, content }: Answer): model.Answer {
  return {
    description,
    headers: Object.fromEntries(
      Object.entries(headers.shape).map(([name, field]) => [name, toField(field)]),
    ),
    content: toContents(content),
  };
}

/** The fields that parameters and headers share. */
function toField(
  field: z.core.$ZodType,
): { schema: Schema; required: boolean; description?: string } {
  const schema = toSchema(field);
  const { description } = schema;
  return {
    schema,
    required: !z.safeParse(field, undefined).success,
    ...(description === undefined ? {} : { description }),
  };
}

function toContents(contents: Readonly<Record<string, Content>>): model.Content {
  return Object.fromEntries(
    Object.entries(contents).map(([mediaType, { schema, examples }]) => [
      mediaType,
      { schema: toSchema(schema), examples: toExamples(examples) },
    ]),
  );
}

/** Wraps each example as OpenAPI's Example Object. */
function toExamples(values: Examples): model.Examples {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

/** Refers to a schema that has an id, and inlines any other. */
function toSchema(schema: z.core.$ZodType): Schema {
  const id = z.globalRegistry.get(schema)?.id;
  if (id !== undefined) return { $ref: refTo(id) };
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest as Schema;
}

function refTo(id: string): string {
  return `#/components/schemas/${id}`;
}

/** All named schemas that the operations refer to, directly or through other schemas. */
function describeSchemas(paths: Api["paths"]): Components["schemas"] {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    // Response schemas allow further properties: later versions may add some.
    io: "input",
    uri: refTo,
  });
  const found: Record<string, Schema> = {};
  function visit(value: unknown): void {
    for (const [, id = ""] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found[id]) continue;
      // The document declares the dialect once, and the key in `schemas` identifies the schema.
      const { $schema: _, $id: __, ...schema } = { ...schemas[id] };
      found[id] = schema as Schema;
      visit(schema);
    }
  }
  visit(paths);
  visit(describeProblems());
  return found;
}

/** One response for each problem status, in order of first use. */
function describeProblems(): Components["responses"] {
  const problems = OPERATIONS.flatMap(({ responses }) => Object.entries(responses))
    .filter(([status]) => isProblem(status));
  return Object.fromEntries(
    problems.map(([status, answer]) => [`Problem${status}`, toAnswer(answer)]),
  );
}

function isProblem(status: string): boolean {
  return Number(status) >= 400;
}
