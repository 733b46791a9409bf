import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { mapConcurrent } from "./concurrent.ts";
import { toDigestTagStages, toListStages, toReferrerStages } from "./make_steps.ts";
import type { Route } from "./make_steps.ts";
import type { ReferrerState, Stage } from "./model.ts";
import { countReferrers } from "./referrer_state.ts";
import { findRelated } from "./related.ts";
import type { Related, TaggedNode } from "./related.ts";
import type { Repositories } from "./repositories.ts";
import type { CopyRequest } from "./request.ts";
import { resolveCurrent } from "./resolve_current.ts";
import { listBlobs, listNodes } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

export interface RelatedPlannerOptions {
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The referrers and digest tags to copy, and the state before the copy. */
export interface PlannedRelated extends Related {
  /** Absent if the request excludes both. */
  readonly state?: ReferrerState;
}

/** The blobs to copy from one repository to another. */
export interface Delivery {
  readonly route: Route;
  readonly blobs: readonly Descriptor[];
}

/** Manifests that are checked at the destination in parallel. */
const CHECK_CONCURRENCY = 16;

/**
 * Plans the copy of referrers and cosign's digest tags. Digest tags use the repositories of the image; referrers may use others.
 */
export class RelatedPlanner {
  readonly #request: CopyRequest;
  readonly #repositories: Repositories;
  readonly #route: Route;
  readonly #referrerRoute: Route;
  readonly #warn: (message: string) => void;
  readonly #signal: AbortSignal | undefined;

  constructor(
    request: CopyRequest,
    repositories: Repositories,
    { warn, signal }: RelatedPlannerOptions,
  ) {
    const { source, target, referrerSource, referrerTarget } = repositories;
    this.#request = request;
    this.#repositories = repositories;
    this.#route = { source: source.name, destination: target.name };
    this.#referrerRoute = { source: referrerSource.name, destination: referrerTarget.name };
    this.#warn = warn;
    this.#signal = signal;
  }

  /**
   * Finds referrers and digest tags of an image. For an update, it drops those that the destination already has.
   *
   * @param root the root manifest at the destination
   * @param options.sourceDigest digest of the root manifest at the source
   * @param options.isUpdate whether to check the destination for each of them
   */
  async find(
    root: TreeNode,
    { sourceDigest, isUpdate }: { readonly sourceDigest: Digest; readonly isUpdate: boolean },
  ): Promise<PlannedRelated> {
    const isRebuilt = root.descriptor.digest !== sourceDigest;
    const digests = listNodes(root).map(({ descriptor }) => descriptor.digest);
    if (isRebuilt && this.#request.referrers) await this.#warnAboutOrphans(sourceDigest);
    let isPartial = false;
    const referrers = this.#request.referrers && this.#isCopied(this.#referrerRoute);
    const digestTags = this.#request.digestTags && this.#isCopied(this.#route);
    const related = await findRelated(this.#repositories, digests, {
      ...this.#request,
      referrers,
      digestTags,
      isKnown: isUpdate ? this.#isAtDestination : undefined,
      warn: this.#warn,
      onGap: (message) => {
        isPartial = true;
        this.#warn(message);
      },
      signal: this.#signal,
    });
    const { rounds } = related;
    const tagged = isUpdate ? await this.#withoutUnchanged(related.tagged) : related.tagged;
    if (!referrers && !digestTags) return { rounds, tagged };
    const read = rounds.flatMap(({ nodes }) => nodes.map(({ descriptor }) => descriptor.digest));
    const missing = { referrers: new Set(read), tags: new Set(tagged.map(({ tag }) => tag)) };
    return { rounds, tagged, state: countReferrers(related, missing, isPartial) };
  }

  /** A repository has the referrers and digest tags of its own images. */
  #isCopied({ source, destination }: Route): boolean {
    return source !== destination || this.#request.recheck;
  }

  async #warnAboutOrphans(sourceDigest: Digest): Promise<void> {
    const options = { warn: this.#warn, signal: this.#signal };
    const orphans = await this.#repositories.referrerSource.listReferrers(sourceDigest, options);
    if (orphans.length === 0) return;
    this.#warn(
      `${orphans.length} referrers of ${sourceDigest} are not copied: their subject is the source's index, which the copy replaces`,
    );
  }

  async #withoutUnchanged(tagged: readonly TaggedNode[]): Promise<TaggedNode[]> {
    const { target } = this.#repositories;
    const changed = await mapConcurrent(tagged, CHECK_CONCURRENCY, async ({ tag, node }) => {
      const current = await resolveCurrent(target, tag, { signal: this.#signal });
      return current?.digest !== node.descriptor.digest;
    }, this.#signal);
    return tagged.filter((_, i) => changed[i]);
  }

  readonly #isAtDestination = async ({ digest }: Descriptor): Promise<boolean> => {
    const { referrerTarget } = this.#repositories;
    return await resolveCurrent(referrerTarget, digest, { signal: this.#signal }) !== undefined;
  };

  /** Whether the image must be at its destination before its referrers and digest tags. */
  needsImageFirst({ rounds, tagged }: Related): boolean {
    return tagged.length > 0 || rounds.length > 0 && this.#hasOneTarget;
  }

  /** The blobs of the image, its referrers and digest tags, each once per destination repository. */
  listBlobs(image: readonly TreeNode[], { rounds, tagged }: Related): Delivery[] {
    const { source, destination } = this.#route;
    const groups: { readonly route: Route; readonly nodes: readonly TreeNode[] }[] = [
      { route: this.#route, nodes: image },
      ...rounds.map(({ source, nodes }) => ({
        route: { source, destination: this.#referrerRoute.destination },
        nodes: nodes.flatMap(listNodes),
      })),
      ...tagged.map(({ source, node }) => ({
        route: { source, destination },
        nodes: listNodes(node),
      })),
    ];
    // The image's own repository first: what it has need not come from another.
    const byRoute = Map.groupBy(
      groups.toSorted((a, b) =>
        Number(b.route.source === source) - Number(a.route.source === source)
      ),
      ({ route }) => `${route.source} ${route.destination}`,
    );
    const copied = new Map<string, Set<Digest>>();
    return [...byRoute.values()].flatMap((groups) => {
      const [first] = groups;
      if (!first) return [];
      const { route } = first;
      const known = copied.get(route.destination) ?? new Set();
      copied.set(route.destination, known);
      const blobs = listBlobs(groups.flatMap(({ nodes }) => nodes))
        .filter(({ digest }) => !known.has(digest));
      for (const { digest } of blobs) known.add(digest);
      return [{ route, blobs }];
    });
  }

  /** The stages in order: referrers, digest tags, lists of referrers. */
  toStages({ rounds, tagged }: Related): Stage[] {
    return [
      ...toReferrerStages(rounds, this.#referrerRoute),
      ...toDigestTagStages(tagged, this.#route),
      ...toListStages(rounds, this.#referrerRoute),
    ];
  }

  get #hasOneTarget(): boolean {
    return this.#repositories.referrerTarget === this.#repositories.target;
  }
}
