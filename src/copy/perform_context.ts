import type { ContentSource, ContentTarget } from "../content.ts";
import type { Runtime } from "../runtime.ts";
import type { ManifestCache } from "./manifest_cache.ts";
import type { Emit } from "./model.ts";

/** What a step works with. */
export interface PerformContext {
  readonly source: ContentSource;
  readonly target: ContentTarget;
  readonly runtime: Runtime;
  readonly retries: number;
  readonly timeoutMs: number;
  /** Manifests that were read before; others are read again. */
  readonly manifests?: ManifestCache | undefined;
  readonly emit?: Emit | undefined;
  readonly signal?: AbortSignal | undefined;
}
