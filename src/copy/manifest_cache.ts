/** Caches the manifests that were read for a plan, because its steps need them again. */
import type { ManifestContent } from "../content.ts";
import type { Digest } from "../oci/digest.ts";
import type { Plan } from "./model.ts";
import type { Step } from "./step.ts";

/** Limit for all manifests of a cache. Further manifests are read again. */
const MAX_CACHED_BYTES = 64 * 1024 * 1024;

/** Limit for all manifests in the steps of one plan. Further manifests are read again. */
export const MAX_CARRIED_BYTES = 4 * 1024 * 1024;

export class ManifestCache {
  readonly #contents = new Map<Digest, ManifestContent>();
  #bytes = 0;

  /** The bytes of all manifests. */
  get bytes(): number {
    return this.#bytes;
  }

  get(digest: Digest): ManifestContent | undefined {
    return this.#contents.get(digest);
  }

  add(content: ManifestContent): void {
    if (
      this.#contents.has(content.digest) ||
      this.#bytes + content.bytes.byteLength > MAX_CACHED_BYTES
    ) return;
    this.#bytes += content.bytes.byteLength;
    this.#contents.set(content.digest, content);
  }
}

/**
 * Adds the cached manifests to the steps of a plan, for a runner in another process. Otherwise the runner reads them again, and a
 * registry with a pull limit counts each read.
 */
export function carryManifests(plan: Plan, manifests: ManifestCache): Plan {
  let left = MAX_CARRIED_BYTES;
  function carry(step: Step): Step {
    if (step.type !== "manifest" || step.content !== undefined) return step;
    const read = manifests.get(step.descriptor.digest);
    if (!read || read.bytes.byteLength > left) return step;
    left -= read.bytes.byteLength;
    // The digest covers every byte: malformed UTF-8 is an error, and a byte order mark is kept.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { ...step, content: decoder.decode(read.bytes) };
  }
  const stages = plan.stages.map(({ name, steps }) => ({ name, steps: steps.map(carry) }));
  return { ...plan, stages };
}
