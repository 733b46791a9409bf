import { createRegistry, serveRegistry } from "./registry.ts";
import type { RegistryOptions, RunningRegistry } from "./registry.ts";

/** A registry that records requests whose client disconnected before the response ended. */
export interface ObservedRegistry extends RunningRegistry {
  /** The methods of those requests. */
  readonly abandoned: readonly string[];
}

export async function startObservedRegistry(
  options: RegistryOptions = {},
): Promise<ObservedRegistry> {
  const registry = createRegistry(options);
  const abandoned: string[] = [];
  const running = await serveRegistry(registry, {}, (request) => {
    request.signal.addEventListener("abort", () => abandoned.push(request.method));
    return registry.fetch(request);
  });
  return Object.assign(running, { abandoned });
}
