import type { Api, Operation } from "../../../build/api/model.ts";

/** Text that would run, load something or close an element if it were not escaped. */
export const HOSTILE = `<script>alert("x")</script><img src=x onerror='y'>&"'`;

/** An operation with the minimum that the page needs, and the given members. */
export function sampleOperation(operation: Partial<Operation> = {}): Operation {
  return {
    operationId: "doIt",
    summary: "Do it",
    tags: ["Things"],
    responses: {
      200: {
        description: "Done",
        headers: {},
        content: {
          "application/json": { schema: { type: "string" }, examples: { one: { value: "yes" } } },
        },
      },
    },
    ...operation,
  };
}

export const sampleInfo: Api["info"] = {
  title: "sample",
  version: "1",
  description: "A sample",
  license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
};

/** A document with one operation. */
export function sampleApi(operation: Operation, api: Partial<Api> = {}): Api {
  return {
    openapi: "3.1.0",
    info: sampleInfo,
    servers: [{ url: "/" }],
    tags: [{ name: "Things", description: "All of them" }],
    paths: { "/things/{id}": { post: operation } },
    components: { schemas: {}, responses: {}, securitySchemes: {} },
    ...api,
  };
}
