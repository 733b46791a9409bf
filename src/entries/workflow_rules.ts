import { digestBytes } from "../oci/digest.ts";
import type { DurableRuleReport, DurableRuleRun } from "../rules/workflow_rule.ts";
import type { DurableRules, RuleRun, RuleStart } from "../rules/durable_rules.ts";
import { findInstance, hasEnded } from "./workflow_copies.ts";
import type { WorkflowInstance } from "./workflow_copies.ts";

/** The methods of a Workflow's binding that are used here. */
export interface RuleWorkflowBinding {
  /** Rejects if the id exists. */
  create(options: { id: string; params: DurableRuleRun }): Promise<unknown>;
  /** Rejects if there is no such instance. */
  get(id: string): Promise<Pick<WorkflowInstance, "status" | "restart" | "sendEvent">>;
}

/** Creates durable runs of rules, each an instance of a Workflow. A whole rule has one instance, which each run restarts. */
export function createWorkflowRules(workflow: RuleWorkflowBinding): DurableRules {
  return {
    async start({ rule, at, only, missing, after, hook }): Promise<RuleStart> {
      const id = await ruleRunId({ rule, at, only, missing });
      const instance = only ? undefined : await findInstance(workflow, id);
      if (!instance) {
        const params = {
          rule: rule.name,
          ...(only ? { only } : {}),
          ...(missing ? { missing } : {}),
          ...(after === undefined ? {} : { after }),
          // A whole rule has the same parameters whenever it is restarted.
          ...(only && hook !== undefined ? { hook } : {}),
        };
        try {
          await workflow.create({ id, params });
        } catch (error) {
          // The platform can deliver a tick twice.
          if (!await findInstance(workflow, id)) throw error;
        }
        return { id, state: "started" };
      }
      const { status, output } = await instance.status();
      if (!hasEnded(status)) {
        // As for copies: `wrangler dev` resumes an interrupted instance only when an event arrives.
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

/**
 * Makes the id of a run, 64 hexadecimal digits. The id of a whole rule's run depends on the content of the rule only, and on whether
 * it copies only missing tags. That of a repository's run also depends on the repository and the time.
 */
async function ruleRunId({ rule, at, only, missing }: RuleRun): Promise<string> {
  const { repository, subject } = only ?? {};
  const parts = only ? [rule, at, repository, ...(subject ? [subject.digest] : [])] : [rule];
  const text = JSON.stringify(missing ? [...parts, "missing"] : parts);
  const digest = await digestBytes(new TextEncoder().encode(text), "sha256");
  return digest.slice("sha256:".length);
}
