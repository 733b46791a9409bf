import type { Descriptor } from "../oci/descriptor.ts";
import { ManifestCache } from "./manifest_cache.ts";

/** What comes to light as the steps of a plan are made. */
export class StepFindings {
  /** What the steps' manifests hold, as far as it was read. */
  readonly manifests = new ManifestCache();
  /** Layers that stay where they are. */
  readonly foreign: Descriptor[] = [];
}
