import type { Api, Operation } from "../../../src/server/docs/api.ts";

/** What would run, load or break out if it were not escaped. */
export const HOSTILE = `<script>alert("x")</script><img src=x onerror='y'>&"'`;

/** An operation with as little as the page needs, and whatever is given. */
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

/** A document with one operation. */
export function sampleApi(operation: Operation, api: Partial<Api> = {}): Api {
  return {
    info: { title: "sample", version: "1", description: "A sample" },
    tags: [{ name: "Things", description: "All of them" }],
    paths: { "/things/{id}": { post: operation } },
    components: { schemas: {}, responses: {} },
    ...api,
  };
}
