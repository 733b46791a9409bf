/** `/v1/images`, `/v1/tags` and `/v1/verifications`: look, list and compare, as the CLI does. */
import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { requireScope } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { body, failures, json } from "../responses.ts";
import { createRouter } from "../router.ts";
import {
  inspectionSchema,
  referenceText,
  repositoryText,
  tagsSchema,
  verificationBody,
  verificationSchema,
} from "../schemas.ts";
import { watchCall } from "../watch_call.ts";

// deno-lint-ignore explicit-function-return-type
export function imageRoutes(options: AppOptions, allowed: Allowed) {
  const { openEngine } = options;
  const middleware = requireScope("read", options);

  const inspect = createRoute({
    method: "get",
    path: "/v1/images",
    summary: "Show an image: manifests, platforms, configs, layers, and what refers to it",
    middleware,
    request: { query: z.object({ reference: referenceText }) },
    responses: { 200: json("The image", inspectionSchema), ...failures },
  });

  const tags = createRoute({
    method: "get",
    path: "/v1/tags",
    summary: "List a repository's tags",
    middleware,
    request: { query: z.object({ repository: repositoryText }) },
    responses: { 200: json("The tags", tagsSchema), ...failures },
  });

  const verify = createRoute({
    method: "post",
    path: "/v1/verifications",
    summary: "Compare two images to the last blob, moving none",
    middleware,
    request: { body: body(verificationBody) },
    responses: { 200: json("How they compare", verificationSchema), ...failures },
  });

  return createRouter()
    .openapi(inspect, async (context) => {
      const { reference } = context.req.valid("query");
      allowed.read("reference", reference);
      const { signal, emit } = watchCall(context, options);
      return context.json(await openEngine().inspect(reference, { signal, emit }), 200);
    })
    .openapi(tags, async (context) => {
      const { repository } = context.req.valid("query");
      allowed.read("repository", repository);
      const tags: string[] = [];
      const { signal, emit } = watchCall(context, options);
      const pages = openEngine().tags(repository, { signal, emit });
      for await (const page of pages) tags.push(...page);
      return context.json({ repository, tags }, 200);
    })
    .openapi(verify, async (context) => {
      const { source, destination, ...rest } = context.req.valid("json");
      allowed.comparison({ source, destination });
      const { signal, emit } = watchCall(context, options);
      const comparison = { ...rest, signal, emit };
      return context.json(await openEngine().verify(source, destination, comparison), 200);
    });
}
