import { createCopier } from "../copier.ts";
import type { EngineOptions } from "../copier.ts";
import { engineOn } from "../engine.ts";
import type { LocalEngine } from "../engine.ts";
import { createBatch } from "./batch.ts";
import type { Batch, BatchOptions } from "./batch.ts";

/** An engine that also runs rules. */
export interface SyncEngine extends LocalEngine {
  /** Opens a batch of copies, which shares what each of them finds out. It needs no closing: all that it holds is in memory. */
  batch(options?: BatchOptions): Batch;
}

/**
 * Makes an engine for rules. Both of its sides need the credentials of the config: one rule's target may be another's source.
 *
 * @throws RangeError for an option out of its range
 */
export function createSyncEngine(options: EngineOptions): SyncEngine {
  const copier = createCopier(options);
  return { ...engineOn(copier), batch: (batchOptions) => createBatch(copier, batchOptions) };
}
