/** Server entry for Cloudflare Workers: the fetch and cron handlers, and the Workflows of rules and durable copies. */
import { env, WorkerEntrypoint, WorkflowEntrypoint } from "cloudflare:workers";
import type { WorkflowEvent, WorkflowStep } from "cloudflare:workers";
import type { Report } from "../copy/model.ts";
import type { DurableSteps } from "../durable/steps.ts";
import { runDueRules } from "../rules/dispatch.ts";
import { runCopyOfCaller, runCopyOfRule, runWorkflowRule } from "../rules/workflow_rule.ts";
import type { DurableRuleReport, DurableRuleRun } from "../rules/workflow_rule.ts";
import { toTick } from "../sync/next_run.ts";
import type { DurableHistory } from "../rules/record_durably.ts";
import type { ComposedWorker } from "./compose_worker.ts";
import { openWorker } from "./open_worker.ts";
import type { CopyParams } from "./workflow_copies.ts";
import { toDurableSteps } from "./workflow_steps.ts";
import type { SelfBinding } from "./workflow_steps.ts";

export default {
  fetch: (request: Request): Response | Promise<Response> => openWorker().app.fetch(request),
  scheduled: ({ cron, scheduledTime }: { cron: string; scheduledTime: number }): Promise<void> => {
    const { config, dispatch } = openWorker();
    return runDueRules(config.sync.rules, dispatch, toTick(cron, scheduledTime));
  },
};

/** The server without token checks. No route leads here; only a service binding of the same account can call it. */
export class Internal extends WorkerEntrypoint {
  fetch(request: Request): Response | Promise<Response> {
    return openWorker().openApp.fetch(request);
  }
}

/** Runs a durable copy. Each step is a request to this Worker, which has its own limits. */
export class CopyWorkflow extends WorkflowEntrypoint<unknown, CopyParams> {
  async run(
    { payload, instanceId }: WorkflowEvent<CopyParams>,
    step: WorkflowStep,
  ): Promise<Report> {
    const { request, rule, sourceRequests } = payload;
    const steps = openSteps(step, instanceId);
    const worker = openWorker();
    if (rule === undefined) {
      const copying = { ...worker.config, sourceRequests };
      const history = openHistory(worker, instanceId);
      return await runCopyOfCaller(request, steps, { copying, history });
    }
    return await runCopyOfRule({ request, rule }, steps, worker);
  }
}

/** Runs a rule. Each step is a request to `/internal/rule-steps` of this Worker; steps start durable copies. */
export class SyncWorkflow extends WorkflowEntrypoint<unknown, DurableRuleRun> {
  run(
    { payload, instanceId }: WorkflowEvent<DurableRuleRun>,
    step: WorkflowStep,
  ): Promise<DurableRuleReport> {
    const worker = openWorker();
    const { config: { sync: { rules } }, log } = worker;
    const history = openHistory(worker, instanceId);
    const steps = openSteps(step, instanceId);
    return runWorkflowRule(payload, steps, { rules, log, ...(history ? { history } : {}) });
  }
}

function openHistory(
  { recorder: { save } }: ComposedWorker,
  instanceId: string,
): DurableHistory | undefined {
  return save && { save, instanceId };
}

function openSteps(step: WorkflowStep, requestId: string): DurableSteps {
  const { SELF } = env as unknown as { SELF: SelfBinding };
  return toDurableSteps(step, { self: SELF, requestId });
}
