/** `/v1/runs`: what ran, and `/v1/rules`: the configured rules and when they ran and run. */
import { secured } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import type { HistoryStatus, RunList } from "../../history/model.ts";
import { RequestError } from "../../problem.ts";
import type { RuleList } from "../../rules/rule_list.ts";
import { check, createRouter } from "../router.ts";
import { runParams, runsQuery } from "../schemas.ts";

const NO_HISTORY: HistoryStatus = {
  kept: "none",
  note: "nothing: a Worker keeps runs only in a KV namespace with the binding HISTORY",
};

// deno-lint-ignore explicit-function-return-type
export function runRoutes(options: AppOptions) {
  const { history, rules, now, pullsLeft } = options;
  const status = history?.status ?? NO_HISTORY;
  const read = secured("read", options, { takesQuery: true });

  return createRouter()
    .get("/v1/runs", read, check("query", runsQuery), async (context) => {
      const { limit, cursor, rule, state } = context.req.valid("query");
      const found = await history?.list({ limit, cursor, rules: rule, states: state });
      const list: RunList = { runs: [], ...found, history: status };
      return context.json(list, 200);
    })
    .get("/v1/runs/:id", secured("read", options), check("param", runParams), async (context) => {
      const { id } = context.req.valid("param");
      const run = await history?.get(id);
      if (run) return context.json(run, 200);
      throw new RequestError("not_found", `run ${id} not found`, {
        hint: `the history has ${status.note}`,
      });
    })
    .get("/v1/rules", secured("read", options), async (context) => {
      const { listRules } = await import("../../rules/rule_list.ts");
      const listed = await listRules(rules?.rules ?? [], { now: now(), history, pullsLeft });
      const list: RuleList = { rules: listed, history: status };
      return context.json(list, 200);
    });
}
