/** The manifests that were read to make a plan. Performing its steps needs them again. */
import type { ManifestContent } from "../content.ts";
import type { Digest } from "../oci/digest.ts";
import type { Plan } from "./model.ts";
import type { Step } from "./step.ts";

/** Bytes of all manifests together. Manifests beyond that are read again. */
const MAX_CACHED_BYTES = 64 * 1024 * 1024;

/** Bytes of all manifests that the steps of one plan carry. Manifests beyond that are read again. */
const MAX_CARRIED_BYTES = 4 * 1024 * 1024;

export class ManifestCache {
  readonly #contents = new Map<Digest, ManifestContent>();
  #bytes = 0;

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
 * Adds the cached manifests to the steps of a plan, for a runner in another process. It would have to read them again, and a
 * registry that counts pulls counts each reading.
 */
export function carryManifests(plan: Plan, manifests: ManifestCache): Plan {
  let left = MAX_CARRIED_BYTES;
  function carry(step: Step): Step {
    if (step.type !== "manifest" || step.content !== undefined) return step;
    const read = manifests.get(step.descriptor.digest);
    if (!read || read.bytes.byteLength > left) return step;
    left -= read.bytes.byteLength;
    // Every byte counts for the digest: malformed UTF-8 is an error, and a byte order mark is kept.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { ...step, content: decoder.decode(read.bytes) };
  }
  const stages = plan.stages.map(({ name, steps }) => ({ name, steps: steps.map(carry) }));
  return { ...plan, stages };
}
