import type { ByteBudget } from "../byte_budget.ts";
import type {
  ContentSource,
  FetchManifestOptions,
  ManifestContent,
  ReferrersOptions,
} from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { DelegatedSource } from "./delegated_source.ts";

/** A source whose manifests and lists of referrers count against a budget. Used by one plan, inspection or verification. */
export class BoundedSource extends DelegatedSource {
  readonly #budget: ByteBudget;

  constructor(source: ContentSource, budget: ByteBudget) {
    super(source);
    this.#budget = budget;
  }

  override fetchManifest(
    tagOrDigest: string,
    options?: FetchManifestOptions,
  ): Promise<ManifestContent | undefined> {
    return super.fetchManifest(tagOrDigest, { ...options, budget: this.#budget });
  }

  override listReferrers(subject: Digest, options?: ReferrersOptions): Promise<Descriptor[]> {
    return super.listReferrers(subject, { ...options, budget: this.#budget });
  }
}
