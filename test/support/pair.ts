import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import type { EngineOptions } from "../../src/copier.ts";
import type { SyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { startRegistry } from "./registry.ts";
import type { RegistryOptions, RunningRegistry } from "./registry.ts";

/** Two embedded registries and an engine that copies between them. */
export interface Pair extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly engine: SyncEngine;
}

/** Starts both registries. The engine sleeps 1 ms instead of each wait, so retries take no time. */
export async function startPair(
  options: {
    source?: RegistryOptions;
    destination?: RegistryOptions;
    engine?: Partial<EngineOptions>;
  } = {},
): Promise<Pair> {
  const source = await startRegistry(options.source);
  const destination = await startRegistry(options.destination);
  const runtime = await createRuntime();
  const hasty = {
    ...runtime,
    sleep: (_: number, signal?: AbortSignal) => runtime.sleep(1, signal),
  };
  return {
    source,
    destination,
    engine: createSyncEngine({ runtime: hasty, ...options.engine }),
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([source.close(), destination.close()]);
    },
  };
}

/** The request to copy `app:1` from the source to the destination. */
export function requestOf({ source, destination }: Pair): { source: string; destination: string } {
  return { source: `${source.host}/app:1`, destination: `${destination.host}/app` };
}
