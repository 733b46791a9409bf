/** `/openapi.json` and `/docs`: the API described, from the schemas that check it. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import pkg from "../../package.json" with { type: "json" };
import type { AppEnv } from "./app_options.ts";
import { createRouter } from "./router.ts";

/** The OpenAPI 3.1 document. */
export function describeApi(
  app: Pick<OpenAPIHono<AppEnv>, "getOpenAPI31Document">,
): ReturnType<OpenAPIHono["getOpenAPI31Document"]> {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "crossdock",
      version: pkg.version,
      description: "Copies container images and OCI artifacts from one registry to another.",
      license: { name: "MIT" },
    },
    servers: [{ url: "/" }],
  });
}

// deno-lint-ignore explicit-function-return-type
export function documentRoutes(describe: () => ReturnType<typeof describeApi>) {
  return createRouter().get("/openapi.json", (context) => context.json(describe()));
}
