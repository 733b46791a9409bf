import type { DurableRuleRun } from "../server/durable_rule.ts";
import { ruleRunId } from "../server/durable_rules.ts";
import type { DurableRules } from "../server/durable_rules.ts";

/** What is asked of a Workflow's binding. */
export interface RuleWorkflowBinding {
  /** Rejects where the id is taken. */
  create(options: { id: string; params: DurableRuleRun }): Promise<unknown>;
  /** Rejects where there is none. */
  get(id: string): Promise<unknown>;
}

/** Durable runs of rules, each an instance of a Workflow. */
export function createWorkflowRules(workflow: RuleWorkflowBinding): DurableRules {
  return {
    async start(run): Promise<string> {
      const id = await ruleRunId(run);
      const { rule: { name, type, prune }, only, after } = run;
      const params = {
        rule: name,
        type,
        prunes: prune !== undefined,
        ...(only ? { only } : {}),
        ...(after === undefined ? {} : { after }),
      };
      try {
        await workflow.create({ id, params });
      } catch (error) {
        // A tick may be told twice.
        if (!await workflow.get(id).then(() => true, () => false)) throw error;
      }
      return id;
    },
  };
}
