/** `/v1/setup`: the server's configuration without secrets, and `/v1/checks`: whether its credentials work. */
import { requireCopyScope, secured } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { describeConfig } from "../../config/setup.ts";
import type { HookMemory, Setup } from "../../config/setup.ts";
import { PACKAGE_VERSION } from "../../version.ts";
import { checkBody, createRouter } from "../router.ts";
import { checkBodySchema } from "../schemas.ts";
import { watchCall } from "../watch_call.ts";

// deno-lint-ignore explicit-function-return-type
export function setupRoutes(options: AppOptions, allowed: Allowed, hooks: HookMemory) {
  const { config, host, durable, rules, openEngine } = options;

  return createRouter()
    .get("/v1/setup", secured("read", options), (context) => {
      const caller = context.get("caller");
      const setup: Setup = {
        version: PACKAGE_VERSION,
        host: {
          ...host,
          durableCopies: durable !== undefined,
          durableRules: rules?.start !== undefined,
        },
        caller: caller && { token: caller.name, scope: caller.scope },
        ...describeConfig(config, hooks),
      };
      return context.json(setup, 200);
    })
    .post("/v1/checks", secured("read", options), checkBody(checkBodySchema), async (context) => {
      const { name, access } = context.req.valid("json");
      const isPush = access === "push";
      // The check opens an upload.
      if (isPush) requireCopyScope(context);
      allowed.check(name, isPush);
      const { signal, emit } = watchCall(context, options);
      const result = await openEngine().checkAccess(name, { signal, emit, isPush });
      // The places that were searched say little about a credential that was found.
      return context.json(result.from === undefined ? result : { ...result, sources: [] }, 200);
    });
}
