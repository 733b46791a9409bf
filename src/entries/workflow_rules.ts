import type { DurableRuleReport, DurableRuleRun } from "../rules/workflow_rule.ts";
import { ruleRunId } from "../rules/durable_rules.ts";
import type { DurableRules, RuleStart } from "../rules/durable_rules.ts";
import { findInstance, hasEnded } from "./workflow_copies.ts";
import type { WorkflowInstance } from "./workflow_copies.ts";

/** What is asked of a Workflow's binding. */
export interface RuleWorkflowBinding {
  /** Rejects where the id is taken. */
  create(options: { id: string; params: DurableRuleRun }): Promise<unknown>;
  /** Rejects where there is none. */
  get(id: string): Promise<Pick<WorkflowInstance, "status" | "restart" | "sendEvent">>;
}

/** Durable runs of rules, each an instance of a Workflow. A whole rule has one, which is begun again once it has ended. */
export function createWorkflowRules(workflow: RuleWorkflowBinding): DurableRules {
  return {
    async start({ rule, at, only, after }): Promise<RuleStart> {
      const id = await ruleRunId({ rule, at, only });
      const instance = only ? undefined : await findInstance(workflow, id);
      if (!instance) {
        const params = {
          rule: rule.name,
          ...(only ? { only } : {}),
          ...(after === undefined ? {} : { after }),
        };
        try {
          await workflow.create({ id, params });
        } catch (error) {
          // A tick may be told twice.
          if (!await findInstance(workflow, id)) throw error;
        }
        return { id, state: "started" };
      }
      const { status, output } = await instance.status();
      if (!hasEnded(status)) {
        // As for copies: the local one of `wrangler dev` waits for something to happen.
        await instance.sendEvent({ type: "asked-again", payload: {} }).catch(() => {});
        return { id, state: "running" };
      }
      const { startedAt } = (output ?? {}) as Partial<DurableRuleReport>;
      if (startedAt !== undefined && startedAt >= at) return { id, state: "done" };
      await instance.restart();
      return { id, state: "started" };
    },
  };
}
