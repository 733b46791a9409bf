import { createCopier } from "../copier.ts";
import type { EngineOptions } from "../copier.ts";
import { engineOn } from "../engine.ts";
import type { LocalEngine } from "../engine.ts";
import { createBatch } from "./batch.ts";
import type { Batch, BatchOptions } from "./batch.ts";

/** An engine that also runs rules. */
export interface SyncEngine extends LocalEngine {
  /** Opens a batch of copies, which share their findings. It need not be closed: it holds only memory. */
  batch(options?: BatchOptions): Batch;
}

/**
 * Creates an engine for rules. Both sides need all credentials of the configuration: the target of one rule may be the source of
 * another.
 *
 * @throws RangeError for an option out of range
 */
export function createSyncEngine(options: EngineOptions): SyncEngine {
  const copier = createCopier(options);
  return { ...engineOn(copier), batch: (batchOptions) => createBatch(copier, batchOptions) };
}
