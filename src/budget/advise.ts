/** Says what to change so that a copy fits on a platform. */
import { SMALL_BYTES } from "../copy/copy_blob.ts";
import type { Plan } from "../copy/model.ts";
import type { Advice, BudgetWay } from "./model.ts";
import type { PlatformName } from "./platforms.ts";

/** Lists changes. None if the copy fits in every way. */
export function advise(plan: Plan, name: PlatformName, ways: readonly BudgetWay[]): Advice[] {
  const [inline, durable] = ways;
  const isTight = ways.some(({ exceeds }) => exceeds.length > 0);
  const isSlow = ways.some(({ exceeds }) => exceeds.some((need) => need.startsWith("cpuMs")));
  const children = plan.stages.find((stage) => stage.name === "manifests");
  const applies: Readonly<Record<Advice, boolean>> = {
    // In alphabetical order: no, perhaps, yes.
    "durable": (durable?.fits ?? "") > (inline?.fits ?? ""),
    "paid-plan": name === "workers-free" && isTight,
    "cpu-ms": name === "workers-paid" && isSlow,
    "pro-plan": name === "deno-deploy" && isTight,
    "verify-destination": isSlow && hashesLargeBlobs(plan),
    "fewer-platforms": ways.every(({ fits }) => fits !== "yes") &&
      (children?.steps.length ?? 0) > 1,
  };
  return (Object.keys(applies) as Advice[]).filter((advice) => applies[advice]);
}

/** Whether a blob is sent that may be hashed on the way, and is not one of the small ones, which always are. */
function hashesLargeBlobs({ stages }: Plan): boolean {
  return stages.some(({ steps }) =>
    steps.some((step) =>
      step.type === "blob" && step.found !== "present" && step.verify !== "destination" &&
      step.descriptor.size > SMALL_BYTES
    )
  );
}
