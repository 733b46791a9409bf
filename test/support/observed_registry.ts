import { createRegistry } from "./registry.ts";
import type { RegistryOptions, RunningRegistry } from "./registry.ts";
import { serve } from "./serve.ts";

/** A registry that tells of requests whose client went away before they were answered to the end. */
export interface ObservedRegistry extends RunningRegistry {
  /** Their methods. */
  readonly abandoned: readonly string[];
}

export async function startObservedRegistry(
  options: RegistryOptions = {},
): Promise<ObservedRegistry> {
  const registry = createRegistry(options);
  const abandoned: string[] = [];
  const server = await serve((request) => {
    request.signal.addEventListener("abort", () => abandoned.push(request.method));
    return registry.fetch(request);
  });
  return Object.assign(registry, server, { abandoned });
}
