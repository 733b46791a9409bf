/** The server on Cloudflare Workers: its fetch, its clock, and the Workflow in which durable copies run. */
import { env, waitUntil, WorkerEntrypoint, WorkflowEntrypoint } from "cloudflare:workers";
import type { WorkflowEvent, WorkflowStep } from "cloudflare:workers";
import type { CopyRequestInput } from "../copy/request.ts";
import type { Report } from "../copy/report.ts";
import { runDurableCopy } from "../server/durable_copy.ts";
import { runScheduledCopies } from "../server/scheduled_copies.ts";
import { composeWorker } from "./compose_worker.ts";
import { toDurableSteps } from "./workflow_steps.ts";
import type { SelfBinding } from "./workflow_steps.ts";

// Once an isolate; each request makes what it works with.
const worker = composeWorker(env, waitUntil);

export default {
  fetch: (request: Request): Response | Promise<Response> => worker.app.fetch(request),
  scheduled: (): Promise<void> => runScheduledCopies(worker),
};

/** The same without asking for a token. No route leads here: only a service binding, which whoever deploys decides on. */
export class Internal extends WorkerEntrypoint {
  fetch(request: Request): Response | Promise<Response> {
    return worker.openApp.fetch(request);
  }
}

/** A copy that goes on by itself, each step of it one request to this Worker with limits of its own. */
export class CopyWorkflow extends WorkflowEntrypoint<unknown, CopyRequestInput> {
  run(
    { payload, instanceId }: WorkflowEvent<CopyRequestInput>,
    step: WorkflowStep,
  ): Promise<Report> {
    const { SELF } = env as unknown as { SELF: SelfBinding };
    const steps = toDurableSteps(step, { self: SELF, requestId: instanceId });
    return runDurableCopy(payload, steps, worker.config);
  }
}
