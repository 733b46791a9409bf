import type { Pace } from "../registry/request.ts";
import type { Runtime } from "../runtime.ts";
import { Slots } from "../copy/slots.ts";

/** The limits for requests to a registry. An absent key means no limit. */
export interface RegistryLimits {
  readonly registry: string;
  readonly requestsPerSecond?: number | undefined;
  readonly concurrentRequests?: number | undefined;
}

/**
 * Limits the requests of an engine to each registry: requests per second, evenly spaced, and requests at once. A request counts
 * from its start until its response begins. All copies of the engine and both sides count together.
 */
export function createPacer(
  limits: readonly RegistryLimits[],
  { now, sleep }: Pick<Runtime, "now" | "sleep">,
): Pace {
  const paces = new Map(limits.map((limit) => [limit.registry, paceOne(limit)]));

  function paceOne({ requestsPerSecond, concurrentRequests }: RegistryLimits): PaceOne {
    const slots = concurrentRequests ? new Slots(concurrentRequests) : undefined;
    const spaceMs = requestsPerSecond ? 1000 / requestsPerSecond : 0;
    let next = 0;
    return async (signal) => {
      const leave = await slots?.take(signal);
      const turn = Math.max(now(), next);
      next = turn + spaceMs;
      try {
        if (turn > now()) await sleep(turn - now(), signal);
      } catch (error) {
        leave?.();
        throw error;
      }
      return () => leave?.();
    };
  }

  return async (registry, { signal }) => await paces.get(registry)?.(signal) ?? noLeave;
}

type PaceOne = (signal: AbortSignal | undefined) => Promise<() => void>;

function noLeave(): void {}
