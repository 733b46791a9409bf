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
import { formatReference, parseReference } from "../../oci/reference.ts";
import { toRepositoryName } from "../allow_list.ts";
import { callerOf } from "../caller_of.ts";
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
        const { rules: names, dryRun, missing, only: part } = context.req.valid("json");
        const server = requireRules(options);
        const chosen = choose(server.rules, names, { pointer: "#/rules" });
        const { rules, only } = part === undefined
          ? { rules: chosen, only: undefined }
          : await choosePart(chosen, part);
        const { prefer } = context.req.valid("header");
        const { start } = server;
        if (start && !dryRun && !missing && !only && prefersAsync(prefer)) {
          const started: StartedSync = { rules: await Promise.all(rules.map(start)) };
          return context.json(started, 202, {
            location: "syncs",
            "preference-applied": "respond-async",
          });
        }
        const { now } = options;
        return await answerJob(context, options, {
          run: async (send, { signal, log }) => {
            const caller = callerOf(context);
            const runner: RuleRunner = {
              ...server,
              run: (rule, options) => server.run(rule, { ...options, log, caller }),
            };
            const running = { dryRun, missing, only, now, signal, emit: send };
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

/** Finds the rules that copy a part of their source. */
async function choosePart(
  rules: readonly SyncRule[],
  text: string,
): Promise<{ rules: readonly SyncRule[]; only: { repository: string; tag?: string } }> {
  const { selects } = await import("../../webhooks/incoming/match_rules.ts");
  const about = parseReference(text);
  const found = rules.filter((rule) => selects(rule, about));
  const { tag } = about;
  const only = { repository: toRepositoryName(about), ...(tag === undefined ? {} : { tag }) };
  if (found.length > 0) return { rules: found, only };
  const detail = `no rule copies ${formatReference(about)}`;
  throw new RequestError("not_found", detail, {
    hint: "name an image of the source of a rule: GET /v1/rules lists the sources",
    errors: [{ pointer: "#/only", detail }],
  });
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
