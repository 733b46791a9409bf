/** Makes the OpenAPI 3.1 document from the operations and the schemas that check them. */
import * as z from "zod";
import pkg from "../../package.json" with { type: "json" };
import type * as model from "./model.ts";
import type { Api, Components, Operation, Parameter, Schema } from "./model.ts";
import { OPERATIONS } from "./operations.ts";
import type { OperationSource } from "./operations.ts";
import type { Answer, Content, Examples } from "./responses.ts";

const TAGS = [
  { name: "Copies", description: "Copy now and watch, or start a copy that goes on by itself." },
  {
    name: "Rules",
    description:
      "What the configuration keeps in step with what: run it now, or ask how it stands.",
  },
  {
    name: "Plans and steps",
    description:
      "A copy is a plan of steps. Each step moves one thing and can be done again without harm, so that any orchestrator can " +
      "perform them: stage after stage, and the steps of a stage side by side.",
  },
  { name: "Images", description: "Look, list and compare." },
  { name: "Webhooks", description: "For registries that tell of their pushes." },
  {
    name: "Health",
    description: "For whoever keeps the server running; only `/metrics` wants a token.",
  },
];

/** Makes the document. */
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
        "Copies container images and other OCI artifacts from one registry to another, by piping each blob's response body into the upload's request body.\n\n" +
        "Every call under `/v1/` wants `Authorization: Bearer` and a token that the server knows, unless it runs open. A token of scope `read` " +
        "may look and compare; one of scope `copy` may also write. What may be copied from where to where is the server's configuration.\n\n" +
        "What goes wrong is told as a problem (RFC 9457) with a `code` to switch on.",
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
    },
    servers: [{ url: "/" }],
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
            "Not a token of the API: the secret of the hook, or whatever else the sender proves itself by, as the hook's " +
            "configuration says: a signature, a header, a user name and password, or the end of the path.",
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
        // Problems are the same everywhere: each is described once.
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

/** What parameters and headers have in common. */
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

/** Examples as OpenAPI writes them. */
function toExamples(values: Examples): model.Examples {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

/** A schema that has a name is a reference to it. */
function toSchema(schema: z.core.$ZodType): Schema {
  const id = z.globalRegistry.get(schema)?.id;
  if (id !== undefined) return { $ref: refTo(id) };
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest as Schema;
}

function refTo(id: string): string {
  return `#/components/schemas/${id}`;
}

/** All named schemas that the operations lead to. */
function describeSchemas(paths: Api["paths"]): Components["schemas"] {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    // Schemas of answers stay open: answers may get more members.
    io: "input",
    uri: refTo,
  });
  const found: Record<string, Schema> = {};
  function visit(value: unknown): void {
    for (const [, id = ""] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found[id]) continue;
      // The document states the dialect, and a schema's place is its name.
      const { $schema: _, $id: __, ...schema } = { ...schemas[id] };
      found[id] = schema as Schema;
      visit(schema);
    }
  }
  visit(paths);
  visit(describeProblems());
  return found;
}

/** Each problem once, in the order of its first use. */
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
