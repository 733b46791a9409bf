/** `/v1/images`, `/v1/tags`, `/v1/verifications` and `/v1/admissions`: inspect, list, compare and check images. */
import { parseCopyRequest } from "../../copy/request.ts";
import { secured } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { RequestError } from "../../problem.ts";
import { check, checkBody, createRouter } from "../router.ts";
import { admissionBody, imageQuery, tagsQuery, verificationBody } from "../schemas.ts";
import { watchCall } from "../watch_call.ts";

// deno-lint-ignore explicit-function-return-type
export function imageRoutes(options: AppOptions, allowed: Allowed) {
  const { openEngine } = options;
  const access = secured("read", options, { takesQuery: true });

  return createRouter()
    .get("/v1/images", access, check("query", imageQuery), async (context) => {
      const { reference } = context.req.valid("query");
      allowed.read({ parameter: "reference" }, reference);
      const { signal, emit } = watchCall(context, options);
      return context.json(await openEngine().inspect(reference, { signal, emit }), 200);
    })
    .get("/v1/tags", access, check("query", tagsQuery), async (context) => {
      const { repository } = context.req.valid("query");
      allowed.read({ parameter: "repository" }, repository);
      const tags: string[] = [];
      const { signal, emit } = watchCall(context, options);
      const pages = openEngine().tags(repository, { signal, emit });
      for await (const page of pages) tags.push(...page);
      return context.json({ repository, tags }, 200);
    })
    .post(
      "/v1/verifications",
      secured("read", options),
      checkBody(verificationBody),
      async (context) => {
        const request = parseCopyRequest(context.req.valid("json"));
        allowed.comparison(request);
        const { signal, emit } = watchCall(context, options);
        return context.json(await openEngine().verify(request, { signal, emit }), 200);
      },
    )
    .post(
      "/v1/admissions",
      secured("read", options),
      checkBody(admissionBody),
      async (context) => {
        const { reference, referrerSource } = context.req.valid("json");
        if (options.config.sync.admission === undefined) {
          throw new RequestError("not_found", "this server has no admission policy", {
            hint: "add `admission` to the configuration of the server: see docs/admission.md",
          });
        }
        allowed.read({ pointer: "#/reference" }, reference);
        if (referrerSource) allowed.read({ pointer: "#/referrerSource" }, referrerSource);
        const { signal, emit } = watchCall(context, options);
        const call = { signal, emit, referrerSource };
        return context.json(await openEngine().admit(reference, call), 200);
      },
    );
}
