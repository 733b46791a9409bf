/** `/v1/syncs`: runs the configured rules, or returns their status. */
import { ParseError } from "../../errors.ts";
import { chooseRules } from "../../sync/choose_rules.ts";
import { runRules, statusOfRules } from "../../sync/run_rules.ts";
import type { RuleRunner } from "../../sync/run_rules.ts";
import type { SyncRule } from "../../sync/rule.ts";
import { secured } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import { preferHeader, prefersAsync } from "../prefer.ts";
import { RequestError } from "../../problem.ts";
import type { FieldMistake } from "../../problem.ts";
import { check, checkBody, createRouter } from "../router.ts";
import type { ServerRules, StartedSync } from "../../rules/rules.ts";
import { answerJob } from "../answer_job.ts";
import { answerProblem } from "../answer_problem.ts";
import { toSyncProblem } from "../sync_problem.ts";
import { syncBody, syncQuery } from "../schemas.ts";
import { watchCall } from "../watch_call.ts";

// deno-lint-ignore explicit-function-return-type
export function syncRoutes(options: AppOptions) {
  return createRouter()
    .post(
      "/v1/syncs",
      secured("copy", options),
      check("header", preferHeader),
      checkBody(syncBody),
      async (context) => {
        const { rules: names, dryRun, missing } = context.req.valid("json");
        const server = requireRules(options);
        const rules = choose(server.rules, names, { pointer: "#/rules" });
        const { prefer } = context.req.valid("header");
        const { start } = server;
        if (start && !dryRun && !missing && prefersAsync(prefer)) {
          const started: StartedSync = { rules: await Promise.all(rules.map(start)) };
          return context.json(started, 202, {
            location: "syncs",
            "preference-applied": "respond-async",
          });
        }
        const { now } = options;
        return await answerJob(context, options, {
          run: async (send, { signal, log }) => {
            const runner: RuleRunner = {
              ...server,
              run: (rule, options) => server.run(rule, { ...options, log }),
            };
            const running = { dryRun, missing, now, signal, emit: send };
            const report = await runRules(rules, runner, running);
            send({ type: "report", report });
            return report;
          },
          toResponse(report): Response {
            const problem = toSyncProblem(report, now());
            return problem ? answerProblem(context, problem) : context.json(report, 200);
          },
        });
      },
    )
    .get(
      "/v1/syncs",
      secured("read", options, { takesQuery: true }),
      check("query", syncQuery),
      async (context) => {
        const { rule: names } = context.req.valid("query");
        const server = requireRules(options);
        const rules = choose(server.rules, names, { parameter: "rule" });
        const { signal } = watchCall(context, options);
        return context.json(await statusOfRules(rules, server, { signal }), 200);
      },
    );
}

function requireRules({ rules }: AppOptions): ServerRules {
  if (rules && rules.rules.length > 0) return rules;
  throw new RequestError("not_found", "this server has no rules", {
    hint: "set CROSSDOCK_CONFIG to the text of a crossdock.yaml with rules: see docs/sync.md",
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
