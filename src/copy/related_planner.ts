import type { ContentSource, ContentTarget } from "../content.ts";
import type { Digest } from "../oci/digest.ts";
import { mapConcurrent } from "./concurrent.ts";
import type { MountMemory } from "./mount_memory.ts";
import type { Stage } from "./model.ts";
import { findRelated } from "./related.ts";
import type { Related, RelatedOptions, TaggedNode } from "./related.ts";
import type { Repositories } from "./repositories.ts";
import type { CopyRequest } from "./request.ts";
import type { BlobStep } from "./step.ts";
import type { StepFindings } from "./step_findings.ts";
import { StepMaker } from "./step_maker.ts";
import { listBlobs, listNodes } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

export interface RelatedPlannerOptions {
  /** Makes the image's own steps. */
  readonly steps: StepMaker;
  readonly findings: StepFindings;
  readonly mounts?: MountMemory | undefined;
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Manifests of the destination that are looked for at once. */
const LOOK_CONCURRENCY = 16;

/**
 * Plans what belongs to an image without being beneath it. cosign's digest tags come from and go to where the image does;
 * referrers may have repositories of their own.
 */
export class RelatedPlanner {
  readonly #request: CopyRequest;
  readonly #image: Pick<Repositories, "source" | "target">;
  readonly #referrerSource: ContentSource;
  readonly #referrerTarget: ContentTarget;
  readonly #isElsewhere: boolean;
  readonly #steps: StepMaker;
  /** The same where referrers come from and go to where the image does. */
  readonly #referrerSteps: StepMaker;
  readonly #warn: (message: string) => void;
  readonly #signal: AbortSignal | undefined;

  constructor(
    request: CopyRequest,
    { source, target, elsewhere }: Repositories,
    { steps, findings, mounts, warn, signal }: RelatedPlannerOptions,
  ) {
    this.#request = request;
    this.#image = { source, target };
    this.#referrerSource = elsewhere.source ?? source;
    this.#referrerTarget = elsewhere.target ?? target;
    this.#isElsewhere = (elsewhere.source ?? elsewhere.target) !== undefined;
    this.#steps = steps;
    const names = { source: this.#referrerSource.name, destination: this.#referrerTarget.name };
    this.#referrerSteps = this.#isElsewhere
      ? new StepMaker(request, names, { mounts, findings })
      : steps;
    this.#warn = warn;
    this.#signal = signal;
  }

  /**
   * Finds referrers and digest tags of an image, without those that the destination is known to have.
   *
   * @param root as it will be at the destination
   * @param options.sourceDigest of the root as it is at the source
   * @param options.isUpdate whether the destination may well have some of them
   */
  async find(
    root: TreeNode,
    { sourceDigest, isUpdate }: { readonly sourceDigest: Digest; readonly isUpdate: boolean },
  ): Promise<Related> {
    const options: RelatedOptions = {
      isKnown: isUpdate ? this.#isAtDestination : undefined,
      warn: this.#warn,
      referrerSource: this.#referrerSource,
      signal: this.#signal,
    };
    const isRebuilt = root.descriptor.digest !== sourceDigest;
    const digests = listNodes(root).map(({ descriptor }) => descriptor.digest);
    if (isRebuilt && this.#request.referrers) await this.#warnOfOrphans(sourceDigest);
    const { source } = this.#image;
    const { rounds, tagged } = await findRelated(source, digests, this.#request, options);
    return { rounds, tagged: isUpdate ? await this.#withoutUnchanged(tagged) : tagged };
  }

  async #warnOfOrphans(sourceDigest: Digest): Promise<void> {
    const options = { signal: this.#signal };
    const orphans = await this.#referrerSource.listReferrers(sourceDigest, options);
    if (orphans.length === 0) return;
    this.#warn(
      `${orphans.length} referrers of ${sourceDigest} stay behind: they are about the index as it is at the source`,
    );
  }

  async #withoutUnchanged(tagged: readonly TaggedNode[]): Promise<TaggedNode[]> {
    const changed = await mapConcurrent(tagged, LOOK_CONCURRENCY, async ({ tag, node }) => {
      const current = await this.#image.target.resolveManifest(tag, { signal: this.#signal });
      return current?.digest !== node.descriptor.digest;
    }, this.#signal);
    return tagged.filter((_, i) => changed[i]);
  }

  readonly #isAtDestination: NonNullable<RelatedOptions["isKnown"]> = async ({ digest }) => {
    const options = { signal: this.#signal };
    return await this.#referrerTarget.resolveManifest(digest, options) !== undefined;
  };

  /** Whether the image has to be at its destination before them. */
  wantsImage({ rounds, tagged }: Related): boolean {
    return tagged.length > 0 || rounds.length > 0 && this.#isOneTarget;
  }

  /** The image's blobs and theirs, each once in whatever it is, for each repository that it goes to. */
  toBlobSteps(
    image: readonly TreeNode[],
    { rounds, tagged }: Related,
    options: { readonly isUpdate: boolean },
  ): BlobStep[] {
    const referrers = rounds.flatMap(({ nodes }) => nodes.flatMap(listNodes));
    const tags = tagged.flatMap(({ node }) => listNodes(node));
    if (!this.#isElsewhere) {
      return this.#steps.toBlobSteps(listBlobs([...image, ...referrers, ...tags]), options);
    }
    const own = listBlobs([...image, ...tags]);
    const sent = new Set(this.#isOneTarget ? own.map(({ digest }) => digest) : []);
    const others = listBlobs(referrers).filter(({ digest }) => !sent.has(digest));
    return [
      ...this.#steps.toBlobSteps(own, options),
      ...this.#referrerSteps.toBlobSteps(others, options),
    ];
  }

  /** Referrers, then digest tags, then lists of referrers. */
  toStages({ rounds, tagged }: Related): Stage[] {
    return [
      ...this.#referrerSteps.toReferrerStages(rounds),
      ...this.#steps.toDigestTagStages(tagged),
      ...this.#referrerSteps.toListStages(rounds),
    ];
  }

  get #isOneTarget(): boolean {
    return this.#referrerTarget.name === this.#image.target.name;
  }
}
