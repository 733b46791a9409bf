import type { ContentSource, ContentTarget } from "../content.ts";
import type { Runtime } from "../runtime.ts";
import type { ManifestCache } from "./manifest_cache.ts";
import type { Emit } from "./model.ts";
import type { Receipts } from "./receipts.ts";
import type { Slots } from "./slots.ts";

/** The repositories and settings for performing a step. */
export interface PerformContext {
  readonly source: ContentSource;
  readonly target: ContentTarget;
  readonly runtime: Runtime;
  readonly retries: number;
  /** Idle timeout. */
  readonly timeoutMs: number;
  /** Manifests that are already read. Others are read from the source. */
  readonly manifests?: ManifestCache | undefined;
  /** Limits the transfers at once. Default: none; the number of steps at once is the limit. */
  readonly transfers?: Slots | undefined;
  /** Signs receipts. Default: a step that signs one fails. */
  readonly receipts?: Receipts | undefined;
  readonly emit?: Emit | undefined;
  readonly signal?: AbortSignal | undefined;
}
