import { mapConcurrent } from "./concurrent.ts";
import type { Plan, PlanTotals } from "./model.ts";
import { countRequests, pickRepositories } from "./repositories.ts";
import type { Repositories } from "./repositories.ts";
import type { Step } from "./step.ts";

/**
 * Asks the destination for each blob of a plan, for a dry run: performing does not need it.
 *
 * @param repositories those that the plan was made with: their requests so far are those of planning
 */
export async function surveyPlan(
  plan: Plan,
  repositories: Repositories,
  options: { concurrency: number; signal?: AbortSignal | undefined },
): Promise<Plan> {
  const planned = countRequests(repositories);
  const ask = async (step: Step, signal: AbortSignal): Promise<Step> => {
    if (step.type !== "blob") return step;
    const { target } = pickRepositories(step, repositories);
    const isPresent = await target.hasBlob(step.descriptor, { signal });
    return { ...step, found: isPresent ? "present" : "absent" };
  };
  const stages = [];
  for (const { name, steps } of plan.stages) {
    stages.push({
      name,
      steps: await mapConcurrent(steps, options.concurrency, ask, options.signal),
    });
  }
  return { ...plan, stages, totals: sum(stages.flatMap(({ steps }) => steps), planned) };
}

function sum(steps: readonly Step[], planned: { source: number; destination: number }): PlanTotals {
  const blobs = { stream: 0, mount: 0, present: 0 };
  const bytes = { stream: 0, mount: 0, present: 0 };
  const requests = { ...planned };
  let manifests = 0;
  for (const step of steps) {
    if (step.type === "blob") {
      const fate = step.found === "present"
        ? "present"
        : step.mountFrom.length > 0
        ? "mount"
        : "stream";
      blobs[fate] += 1;
      bytes[fate] += step.descriptor.size;
      requests.source += fate === "stream" ? 1 : 0;
      requests.destination += fate === "stream" ? 2 : 1;
    } else if (step.type === "manifest") {
      manifests += 1;
      requests.destination += 1;
    } else {
      requests.destination += 1;
    }
  }
  return { blobs, bytes, manifests, requests };
}
