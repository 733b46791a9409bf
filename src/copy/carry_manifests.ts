import type { ManifestCache } from "./manifest_cache.ts";
import type { Plan } from "./model.ts";
import type { Step } from "./step.ts";

/** Characters of all manifests of a plan together. Those beyond are read again when they are put. */
const MAX_CARRIED = 4 * 1024 * 1024;

/**
 * Has the steps of a plan carry the manifests that were read for it, so that whoever performs them elsewhere need not read them
 * once more: a registry that counts pulls counts each reading.
 */
export function carryManifests(plan: Plan, manifests: ManifestCache): Plan {
  let left = MAX_CARRIED;
  function carry(step: Step): Step {
    if (step.type !== "manifest" || step.content !== undefined) return step;
    const read = manifests.get(step.descriptor.digest);
    if (!read || read.bytes.byteLength > left) return step;
    left -= read.bytes.byteLength;
    // To the last byte: it is read as UTF-8 for the plan, and a mark at its beginning is part of it.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { ...step, content: decoder.decode(read.bytes) };
  }
  const stages = plan.stages.map(({ name, steps }) => ({ name, steps: steps.map(carry) }));
  return { ...plan, stages };
}
