import { mapConcurrent } from "./concurrent.ts";
import type { Plan, PlanTotals } from "./model.ts";
import { countRequests, pickRepositories } from "./repositories.ts";
import type { Repositories } from "./repositories.ts";
import { isRejectedCheck } from "./resolve_current.ts";
import type { Step } from "./step.ts";

/** A list of referrers, two uploads with a check each, and a manifest. */
const RECEIPT_REQUESTS = 8;

/**
 * Checks each blob of a plan at the destination and adds totals, for a dry run. Performing the plan does not need this.
 *
 * @param repositories the ones that made the plan; their requests so far count as planning
 */
export async function surveyPlan(
  plan: Plan,
  repositories: Repositories,
  options: { concurrency: number; signal?: AbortSignal | undefined },
): Promise<Plan> {
  const planned = countRequests(repositories);
  const check = async (step: Step, signal: AbortSignal): Promise<Step> => {
    if (step.type !== "blob") return step;
    const { target } = pickRepositories(step, repositories);
    const isPresent = await target.hasBlob(step.descriptor, { signal }).catch((error) => {
      if (isRejectedCheck(error)) return undefined;
      throw error;
    });
    if (isPresent === undefined) return step;
    return { ...step, found: isPresent ? "present" : "absent" };
  };
  const stages = [];
  for (const { name, steps } of plan.stages) {
    stages.push({
      name,
      steps: await mapConcurrent(steps, options.concurrency, check, options.signal),
    });
  }
  return { ...plan, stages, totals: countTotals(stages.flatMap(({ steps }) => steps), planned) };
}

function countTotals(
  steps: readonly Step[],
  planned: { source: number; destination: number },
): PlanTotals {
  const blobs = { stream: 0, mount: 0, present: 0 };
  const bytes = { stream: 0, mount: 0, present: 0 };
  const requests = { ...planned };
  let manifests = 0;
  for (const step of steps) {
    if (step.type === "blob") {
      const action = step.found === "present"
        ? "present"
        : step.mountFrom.length > 0
        ? "mount"
        : "stream";
      blobs[action] += 1;
      bytes[action] += step.descriptor.size;
      requests.source += action === "stream" ? 1 : 0;
      requests.destination += action === "stream" ? 2 : 1;
    } else if (step.type === "manifest") {
      manifests += 1;
      requests.destination += 1;
    } else {
      requests.destination += step.type === "receipt" ? RECEIPT_REQUESTS : 1;
    }
  }
  return { blobs, bytes, manifests, requests };
}
