import { createCopier } from "../copier.ts";
import type { EngineOptions } from "../copier.ts";
import type { ContentSource } from "../content.ts";
import { engineOn } from "../engine.ts";
import type { LocalEngine, RunOptions } from "../engine.ts";
import { parseReference } from "../oci/reference.ts";
import { createBatch } from "./batch.ts";
import type { Batch, BatchOptions } from "./batch.ts";

/** An engine that also runs rules, and reads content for the command line. */
export interface SyncEngine extends LocalEngine {
  /** Opens a batch of copies, which share their findings. It need not be closed: it holds only memory. */
  batch(options?: BatchOptions): Batch;
  /** Opens the repository of a reference for reading. Uses the options of the source side. */
  openSource(reference: string, options?: Pick<RunOptions, "emit">): ContentSource;
}

/**
 * Creates an engine for rules. Both sides need all credentials of the configuration: the target of one rule may be the source of
 * another.
 *
 * @throws RangeError for an option out of range
 */
export function createSyncEngine(options: EngineOptions): SyncEngine {
  const copier = createCopier(options);
  return {
    ...engineOn(copier),
    batch: (batchOptions) => createBatch(copier, batchOptions),
    openSource: (text, { emit } = {}) =>
      copier.sides.open("source", parseReference(text), { emit }),
  };
}
