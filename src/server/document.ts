/** The API described in OpenAPI, from the schemas that check it. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import pkg from "../../package.json" with { type: "json" };
import { BEARER } from "./access.ts";
import type { AppEnv } from "./app_options.ts";

/** The name of the scheme by which registries prove themselves. */
export const WEBHOOK = "webhook";

/** An OpenAPI document as the generator makes it. */
export type ApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

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

/** The OpenAPI 3.1 document of an app. */
export function describeApi(app: Pick<OpenAPIHono<AppEnv>, "getOpenAPI31Document">): ApiDocument {
  const document = app.getOpenAPI31Document({
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
  });
  return {
    ...document,
    components: {
      schemas: describeSchemas(Object.keys(document.components?.schemas ?? {})),
      responses: shareProblems(document),
      securitySchemes: {
        [BEARER]: {
          type: "http",
          scheme: "bearer",
          description:
            "One of the tokens in the server's `CROSSDOCK_TOKENS`. Its scope is `read` or `copy`.",
        },
        [WEBHOOK]: {
          type: "http",
          scheme: "bearer",
          description:
            "Not a token of the API: the secret of the hook, or whatever else the sender proves itself by, as the hook's " +
            "configuration says: a signature, a header, a user name and password, or the end of the path.",
        },
      },
    },
  };
}

type Components = Required<NonNullable<ApiDocument["components"]>>;

/**
 * The named schemas, by zod itself: the other generator takes each property that is `exactOptional()` for a required one.
 * https://github.com/asteasolutions/zod-to-openapi/issues/363
 */
function describeSchemas(names: readonly string[]): Components["schemas"] {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    // What is left open by a schema stays open: answers may come to have more members.
    io: "input",
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(names.map((name) => {
    // In OpenAPI the dialect is the document's, and the name is the place.
    const { $schema: _, $id: __, ...schema } = { ...schemas[name] };
    return [name, schema];
  })) as Components["schemas"];
}

/** Moves the problems out of the operations, where each stands many times over, and leaves references to them. */
function shareProblems({ paths = {} }: ApiDocument): Components["responses"] {
  const shared: Components["responses"] = {};
  const operations = Object.values(paths).flatMap((path) => [path.get, path.post, path.delete]);
  for (const { responses = {} } of operations.filter((operation) => operation !== undefined)) {
    for (const status of Object.keys(responses).filter((status) => Number(status) >= 400)) {
      const name = `Problem${status}`;
      shared[name] = responses[status];
      responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  return shared;
}
