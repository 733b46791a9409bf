/** `/v1/syncs`: run the server's own rules now, or ask how they stand. */
import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { ParseError } from "../../errors.ts";
import { chooseRules } from "../../sync/choose_rules.ts";
import { runRules, statusOfRules } from "../../sync/run_rules.ts";
import type { RuleRunner } from "../../sync/run_rules.ts";
import type { SyncRule } from "../../sync/rule.ts";
import { secured } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import {
  LAST_SYNC_EVENT,
  RULE,
  STARTED_SYNC,
  SYNC_REQUESTS,
  SYNC_STATUS,
} from "../sync_examples.ts";
import { ASYNC_APPLIED, preferHeader, prefersAsync } from "../prefer.ts";
import { RequestError } from "../../problem.ts";
import type { FieldMistake } from "../../problem.ts";
import {
  body,
  bodyRefusals,
  eventStream,
  everyAnswer,
  failures,
  json,
  parameterExamples,
  refusals,
} from "../responses.ts";
import { createRouter } from "../router.ts";
import type { ServerRules } from "../../rules/rules.ts";
import { streamAnswer } from "../stream_answer.ts";
import { startedSyncSchema } from "../../rules/rules.ts";
import { syncStreamEventSchema } from "../../stream_events.ts";
import { syncStatusSchema } from "../../sync/model.ts";
import { ruleNames, syncBody } from "../schemas.ts";
import { watchCall } from "../watch_call.ts";

const TAGS = ["Rules"];

// deno-lint-ignore explicit-function-return-type
export function syncRoutes(options: AppOptions) {
  const post = createRoute({
    method: "post",
    path: "/v1/syncs",
    operationId: "runRules",
    tags: TAGS,
    summary: "Run rules of the server's configuration",
    description:
      "Runs them one after the other and answers with a stream of events. The last one is `report`, also where some of it failed: " +
      "`result` says so, and for each tag why. Or it is `error` with a problem, where the run was given up. A client that goes away " +
      "stops the run, and doing it again finishes it.\n\n" +
      "With `Prefer: respond-async`, and a host where rules can run by themselves, the answer is 202. With `dryRun` or `missing` the " +
      "run is waited for in any case.",
    ...secured("copy", options),
    request: {
      // Without one, all rules run.
      body: { ...body(syncBody, SYNC_REQUESTS), required: false },
      headers: preferHeader("respondAsync"),
    },
    responses: {
      200: eventStream(syncStreamEventSchema, { alpine: LAST_SYNC_EVENT }),
      202: {
        ...json("Runs were started, or are under way", startedSyncSchema, {
          respondAsync: STARTED_SYNC,
        }),
        headers: everyAnswer.extend({
          Location: z.string().meta({ description: "where it can be asked how the rules stand" }),
          ...ASYNC_APPLIED,
        }),
      },
      ...refusals,
      ...bodyRefusals,
      404: failures[404],
    },
  });

  const get = createRoute({
    method: "get",
    path: "/v1/syncs",
    operationId: "getRules",
    tags: TAGS,
    summary: "How the rules stand",
    description:
      "For each rule and tag whether its copy is in step, behind or missing, as the registries say now: nothing is stored, and " +
      "nothing is written. That something could not be found out is no error of the call's.",
    ...secured("read", options, { takesQuery: true }),
    request: {
      query: z.strictObject({
        rule: ruleNames.meta({
          description: "names of those to ask about; all of them without",
          ...parameterExamples({ alpine: RULE }),
        }),
      }),
    },
    responses: {
      200: json("How they stand", syncStatusSchema, { alpine: SYNC_STATUS }),
      ...refusals,
      404: failures[404],
    },
  });

  return createRouter()
    .openapi(post, async (context) => {
      const { rules: names, dryRun, missing } = context.req.valid("json");
      const server = requireRules(options);
      const rules = choose(server.rules, names, { pointer: "#/rules" });
      const { prefer } = context.req.valid("header");
      const { start } = server;
      if (start && !dryRun && !missing && prefersAsync(prefer)) {
        const started = await Promise.all(rules.map(start));
        return context.json({ rules: started }, 202, {
          location: "/v1/syncs",
          "preference-applied": "respond-async",
        });
      }
      const { now } = options;
      return streamAnswer(context, options, async (send, { signal, log }) => {
        const runner: RuleRunner = {
          ...server,
          run: (rule, options) => server.run(rule, { ...options, log }),
        };
        const running = { dryRun, missing, now, signal, emit: send };
        send({ type: "report", report: await runRules(rules, runner, running) });
      });
    })
    .openapi(get, async (context) => {
      const { rule: names } = context.req.valid("query");
      const server = requireRules(options);
      const rules = choose(server.rules, names, { parameter: "rule" });
      const { signal } = watchCall(context, options);
      return context.json(await statusOfRules(rules, server, { signal }), 200);
    });
}

function requireRules({ rules }: AppOptions): ServerRules {
  if (rules && rules.rules.length > 0) return rules;
  throw new RequestError("not_found", "this server has no rules", {
    hint: "give it a crossdock.yaml in CROSSDOCK_CONFIG; docs/sync.md says what stands in it",
  });
}

function choose(
  rules: readonly SyncRule[],
  names: readonly string[] | undefined,
  place: Omit<FieldMistake, "detail">,
): readonly SyncRule[] {
  try {
    return chooseRules(rules, names);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const { message: detail, hint = "" } = error;
    throw new RequestError("not_found", detail, { hint, errors: [{ ...place, detail }] });
  }
}
