/** `/v1/images`, `/v1/tags` and `/v1/verifications`: look, list and compare, as the CLI does. */
import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { parseCopyRequest } from "../../copy/request.ts";
import { secured } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { ALPINE, COMPARISONS, INSPECTION, TAGS, VERIFICATIONS } from "../examples.ts";
import { body, bodyRefusals, failures, json, parameterExamples, refusals } from "../responses.ts";
import { createRouter } from "../router.ts";
import { inspectionSchema, tagsSchema, verificationSchema } from "../../copy/model.ts";
import { referenceText, repositoryText, verificationBody } from "../schemas.ts";
import { watchCall } from "../watch_call.ts";

// deno-lint-ignore explicit-function-return-type
export function imageRoutes(options: AppOptions, allowed: Allowed) {
  const { openEngine } = options;
  const tags = ["Images"];
  const access = secured("read", options, { takesQuery: true });

  const inspect = createRoute({
    method: "get",
    path: "/v1/images",
    summary: "Show an image: manifests, platforms, configs, layers, and what refers to it",
    description: "Reads manifests and configs, and no layer.",
    operationId: "inspectImage",
    tags,
    ...access,
    request: {
      query: z.strictObject({
        reference: referenceText.meta(parameterExamples({ alpine: `${ALPINE}:3.20` })),
      }),
    },
    responses: {
      200: json("The image", inspectionSchema, { alpine: INSPECTION }),
      ...refusals,
      ...failures,
    },
  });

  const list = createRoute({
    method: "get",
    path: "/v1/tags",
    summary: "List a repository's tags",
    operationId: "listTags",
    tags,
    ...access,
    request: {
      query: z.strictObject({
        repository: repositoryText.meta(parameterExamples({ alpine: ALPINE })),
      }),
    },
    responses: { 200: json("The tags", tagsSchema, { alpine: TAGS }), ...refusals, ...failures },
  });

  const verify = createRoute({
    method: "post",
    path: "/v1/verifications",
    summary: "Compare two images to the last blob, moving none",
    description:
      "Reads the source's manifests and asks the destination for each part of them, by HEAD. With `platforms` and `index` it " +
      "compares with what such a copy leaves at the destination. That they differ is no error.",
    operationId: "verifyCopy",
    tags,
    ...secured("read", options),
    request: { body: body(verificationBody, COMPARISONS) },
    responses: {
      200: json("How they compare", verificationSchema, VERIFICATIONS),
      ...refusals,
      ...bodyRefusals,
      ...failures,
    },
  });

  return createRouter()
    .openapi(inspect, async (context) => {
      const { reference } = context.req.valid("query");
      allowed.read("reference", reference);
      const { signal, emit } = watchCall(context, options);
      return context.json(await openEngine().inspect(reference, { signal, emit }), 200);
    })
    .openapi(list, async (context) => {
      const { repository } = context.req.valid("query");
      allowed.read("repository", repository);
      const tags: string[] = [];
      const { signal, emit } = watchCall(context, options);
      const pages = openEngine().tags(repository, { signal, emit });
      for await (const page of pages) tags.push(...page);
      return context.json({ repository, tags }, 200);
    })
    .openapi(verify, async (context) => {
      const request = parseCopyRequest(context.req.valid("json"));
      allowed.comparison(request);
      const { signal, emit } = watchCall(context, options);
      return context.json(await openEngine().verify(request, { signal, emit }), 200);
    });
}
