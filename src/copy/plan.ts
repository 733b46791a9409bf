/** Plans a copy: reads both sides and makes the steps, in order. Writes nothing. */
import type { ContentSource, ContentTarget, ManifestContent } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isForeignLayer, isIndexMediaType } from "../oci/media_types.ts";
import { formatReference, isLocal } from "../oci/reference.ts";
import { mapConcurrent } from "./concurrent.ts";
import { imageNotFound, requireDigest, wouldOverwrite } from "./copy_error.ts";
import {
  isRetag,
  toBlobSteps,
  toManifestStages,
  toManifestStep,
  toPlainDescriptor,
  toTagStages,
} from "./make_steps.ts";
import type { Route } from "./make_steps.ts";
import { ManifestCache } from "./manifest_cache.ts";
import { listRelatedNodes } from "./related.ts";
import { RelatedPlanner } from "./related_planner.ts";
import type { PlannedRelated } from "./related_planner.ts";
import { withBoundSources } from "./repositories.ts";
import type { Repositories } from "./repositories.ts";
import type { CopyRequest } from "./request.ts";
import type { CompleteImage } from "./shared_content.ts";
import type { Receipts } from "./receipts.ts";
import { resolveCurrent } from "./resolve_current.ts";
import { listNodes, readTree } from "./tree.ts";
import type { TreeNode } from "./tree.ts";
import { readWantedTree } from "./wanted_tree.ts";
import type { Plan, ReferrerState, Stage } from "./model.ts";
import type { Step } from "./step.ts";

export interface MakePlanOptions {
  /** What both names resolve to, if already known. */
  readonly seen?: { readonly current: Descriptor | undefined; readonly found: Descriptor };
  /** Set if another tag of the destination's repository has the image already, with all that is copied with it. */
  readonly complete?: CompleteImage | undefined;
  /** Signs a receipt for each manifest of the copy. Default: there are no receipts. */
  readonly receipts?: Receipts | undefined;
  readonly warn?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A plan with the manifests that were read for it. */
export interface Planned {
  readonly plan: Plan;
  readonly manifests: ManifestCache;
}

/**
 * Makes the plan of a copy.
 *
 * @throws CrossdockError `not_found` for a missing source, `conflict` with `ifExists: "fail"`, `usage` for a destination with another
 * digest, and the errors of `readWantedTree`
 */
export async function makePlan(
  request: CopyRequest,
  repositories: Repositories,
  options: MakePlanOptions = {},
): Promise<Planned> {
  return await withBoundSources(
    repositories,
    (bounded) => new Planner(request, bounded, options).plan(),
  );
}

/** The stages of a plan, with their manifests and foreign layers. */
interface Draft {
  readonly stages: readonly Stage[];
  /** The manifests that the steps put. */
  readonly nodes: readonly TreeNode[];
  /** Foreign layers, which are not copied. */
  readonly foreign: readonly Descriptor[];
  readonly referrerState?: ReferrerState | undefined;
}

/** A name of the copy at the destination, and the manifest that it has now. */
interface Name {
  /** Absent if the destination is only a digest. */
  readonly tag: string | undefined;
  readonly current: Descriptor | undefined;
}

/** Tags that are resolved at the destination in parallel. */
const RESOLVE_CONCURRENCY = 16;

const EMPTY_DRAFT: Draft = { stages: [], nodes: [], foreign: [] };

class Planner {
  readonly #request: CopyRequest;
  readonly #source: ContentSource;
  readonly #target: ContentTarget;
  readonly #route: Route;
  readonly #seen: MakePlanOptions["seen"];
  readonly #complete: CompleteImage | undefined;
  readonly #related: RelatedPlanner;
  /** The repository of referrers. */
  readonly #referrerTarget: ContentTarget;
  readonly #receipts: Receipts | undefined;
  /** Whether the destination has the tag, with any digest. It may then have some of the content too. */
  #isUpdate = false;
  readonly #signal: AbortSignal | undefined;
  readonly #warn: (message: string) => void;
  readonly #warnings: string[] = [];

  constructor(
    request: CopyRequest,
    repositories: Repositories,
    { seen, complete, receipts, warn, signal }: MakePlanOptions,
  ) {
    const { source, target, referrerTarget } = repositories;
    this.#request = request;
    this.#source = source;
    this.#target = target;
    this.#route = { source: source.name, destination: target.name };
    this.#seen = seen;
    this.#complete = complete;
    this.#referrerTarget = referrerTarget;
    // A tag of the same repository is no copy, and a receipt is about an image that others can pull.
    const isReceived = !isLocal(request.destination) && source.name !== target.name;
    this.#receipts = isReceived ? receipts : undefined;
    this.#signal = signal;
    this.#warn = (message) => {
      this.#warnings.push(message);
      warn?.(message);
    };
    this.#related = new RelatedPlanner(request, repositories, { warn: this.#warn, signal });
  }

  /** Whether source and destination are one repository, which has all content but a rebuilt index. */
  get #isRetag(): boolean {
    return isRetag(this.#route) && !this.#request.recheck;
  }

  async plan(): Promise<Planned> {
    const { destination, ifExists, platforms, recheck, fastCheck } = this.#request;
    const { current, found } = this.#seen ?? await this.#resolveBoth();
    const names: Name[] = [{ tag: destination.tag, current }, ...await this.#resolveAdditional()];
    this.#isUpdate = names.some(({ current }) => current) && !recheck;
    const has = (digest: Digest) => ({ current }: Name): boolean => current?.digest === digest;
    const differs = (digest: Digest) => ({ current }: Name): boolean =>
      current !== undefined && current.digest !== digest;
    const isSkipped = (digest: Digest): boolean =>
      ifExists === "skip" && names.every(differs(digest));
    if (platforms.length === 0 && !recheck && current && names.every(has(found.digest))) {
      return await this.#planUnchanged(current, found);
    }
    if (platforms.length === 0 && current && isSkipped(found.digest)) {
      return this.#planSkipped(found.digest, current);
    }
    if (this.#complete) return await this.#planTag(this.#complete, found, names);
    const tree = await this.#readSource(found, recheck ? [] : names);
    const root = tree.descriptor;
    const { digest } = root;
    if (current && isSkipped(digest)) return this.#planSkipped(found.digest, current);
    const other = ifExists === "fail" ? names.find(differs(digest)) : undefined;
    if (other?.current) {
      const name = { ...destination, ...(other.tag ? { tag: other.tag } : {}) };
      throw wouldOverwrite(name, { current: other.current.digest, wanted: digest });
    }
    const set = ifExists === "skip" ? names.filter((name) => !differs(digest)(name)) : names;
    this.#warnOfKept(names.filter((name) => !set.includes(name)));
    const planned = { sourceDigest: found.digest, root, names: set };
    if (recheck || !names.some(has(digest))) {
      const draft = await this.#draftCopy(tree, found.digest, set);
      const receipts = await this.#toReceiptStages(listNodes(tree), found.digest);
      return this.#finish({ ...draft, stages: [...draft.stages, ...receipts] }, planned);
    }
    const draft = fastCheck ? EMPTY_DRAFT : await this.#draftRelated(tree, digest);
    const tags = this.#toTagStages(tree, set.filter((name) => !has(digest)(name)));
    const receipts = await this.#lacksReceipt(digest)
      ? await this.#draftReceipts(tree, found.digest)
      : [];
    const nodes = [...draft.nodes, tree];
    const stages = [...draft.stages, ...tags, ...receipts];
    return this.#finish({ ...draft, nodes, stages }, planned);
  }

  async #resolveAdditional(): Promise<Name[]> {
    return await mapConcurrent(
      this.#request.additionalTags ?? [],
      RESOLVE_CONCURRENCY,
      async (tag) => ({ tag, current: await this.#resolveTarget(tag) }),
      this.#signal,
    );
  }

  #warnOfKept(names: readonly Name[]): void {
    for (const { tag, current } of names) {
      this.#warn(
        `${this.#target.name}:${tag} keeps ${current?.digest}, because of --if-exists skip`,
      );
    }
  }

  #toTagStages(tree: TreeNode, names: readonly Name[]): Stage[] {
    return toTagStages(names.map(({ tag }) => toManifestStep(tree, this.#route, tag)));
  }

  /**
   * Resolves both names. Normally it resolves the destination and fetches the source's manifest in parallel. If the source has a
   * pull limit, or its digest is known, it resolves the destination first, because the result may end the copy.
   */
  async #resolveBoth(): Promise<
    { current: Descriptor | undefined; found: Descriptor | ManifestContent }
  > {
    const { source, destination, platforms } = this.#request;
    const options = { signal: this.#signal };
    const reference = source.digest ?? source.tag ?? "latest";
    const name = destination.tag ?? destination.digest ?? source.digest;
    const resolve = async (): Promise<Descriptor | undefined> =>
      name === undefined ? undefined : await this.#resolveTarget(name);
    const fetch = async (): Promise<ManifestContent> =>
      await this.#source.fetchManifest(reference, options) ?? this.#notFound();
    if (!source.digest && !this.#source.countsPulls) {
      const [current, found] = await Promise.all([resolve(), fetch()]);
      return { current, found };
    }
    const current = await resolve();
    if (!current || platforms.length > 0) return { current, found: await fetch() };
    if (source.digest) return { current, found: { ...current, digest: source.digest } };
    const found = await this.#source.resolveManifest(reference, options);
    return { current, found: found ?? this.#notFound() };
  }

  async #readSource(
    found: Descriptor | ManifestContent,
    names: readonly Name[],
  ): Promise<TreeNode> {
    const { index, platforms } = this.#request;
    const signal = this.#signal;
    const root = "bytes" in found
      ? found
      : await this.#source.fetchManifest(found.digest, { signal }) ?? this.#notFound();
    // An unwrapped image becomes the root and needs its manifest, unless it is already the destination's root.
    const isRoot = ({ digest }: Pick<Descriptor, "digest">): Promise<boolean> =>
      Promise.resolve(names.some(({ current }) => current?.digest === digest));
    const isComplete = this.#isRetag || platforms.length === 0 && await isRoot(found);
    const isKnown = index === "unwrap"
      ? isRoot
      : isComplete
      ? () => Promise.resolve(true)
      : this.#isUpdate
      ? this.#isAtDestination
      : undefined;
    const tree = await readWantedTree(this.#request, this.#source, { root, isKnown, signal });
    if (tree.isRebuilt) {
      this.#warn(
        `the index was rebuilt for the selected platforms: digest ${root.digest} becomes ${tree.descriptor.digest}`,
      );
    }
    return tree;
  }

  /**
   * Plans an image that the destination already has. Only its referrers, digest tags and receipts may be new. Reads an index
   * without a pull at the source.
   */
  async #planUnchanged(current: Descriptor, found: Descriptor | ManifestContent): Promise<Planned> {
    const { referrers, digestTags, fastCheck } = this.#request;
    const { destination, additionalTags = [] } = this.#request;
    const names = [destination.tag, ...additionalTags].map((tag) => ({ tag, current }));
    const planned = { sourceDigest: current.digest, root: current, names };
    const isRelated = !fastCheck && (referrers || digestTags);
    const lacksReceipt = await this.#lacksReceipt(current.digest);
    if (!isRelated && !lacksReceipt) return this.#finish(EMPTY_DRAFT, planned);
    let tree: TreeNode = { descriptor: current, children: [] };
    if (isIndexMediaType(current.mediaType)) {
      const content = "bytes" in found
        ? found
        : await this.#target.fetchManifest(current.digest, { signal: this.#signal });
      if (content) {
        const isKnown = (): Promise<boolean> => Promise.resolve(true);
        tree = await readTree(this.#target, content, { isKnown, signal: this.#signal });
      }
    }
    const draft = isRelated ? await this.#draftRelated(tree, current.digest) : EMPTY_DRAFT;
    const receipts = lacksReceipt ? await this.#draftReceipts(tree, current.digest) : [];
    return this.#finish({ ...draft, stages: [...draft.stages, ...receipts] }, planned);
  }

  /** Whether an image that the destination has lacks receipts. The root's is the last that a copy puts, so it alone is looked for. */
  async #lacksReceipt(subject: Digest): Promise<boolean> {
    const receipts = this.#receipts;
    if (!receipts) return false;
    const receipt = { subject, name: receipts.nameOf(this.#target.name) };
    return !await receipts.has(this.#referrerTarget, receipt, { signal: this.#signal });
  }

  /** Makes the stages of receipts for an image that the destination has. Its index may list platforms that are not there. */
  async #draftReceipts(tree: TreeNode, sourceDigest: Digest): Promise<Stage[]> {
    const nodes = listNodes(tree);
    const present = await mapConcurrent(
      nodes,
      RESOLVE_CONCURRENCY,
      async (node) => node === tree || await this.#isAtDestination(node.descriptor),
      this.#signal,
    );
    return await this.#toReceiptStages(nodes.filter((_, i) => present[i]), sourceDigest);
  }

  /** Makes the stages of receipts. The root's is the last. */
  async #toReceiptStages(nodes: readonly TreeNode[], sourceDigest: Digest): Promise<Stage[]> {
    const receipts = this.#receipts;
    if (!receipts) return [];
    await receipts.check({ signal: this.#signal });
    const { source } = this.#request;
    const toStep = ({ descriptor }: TreeNode): Step => ({
      type: "receipt",
      destination: this.#referrerTarget.name,
      descriptor: toPlainDescriptor(descriptor),
      name: receipts.nameOf(this.#target.name),
      image: formatReference({ ...source, digest: sourceDigest }),
    });
    return [nodes.slice(0, -1), nodes.slice(-1)].map((nodes) => ({
      name: "receipts",
      steps: nodes.map(toStep),
    }));
  }

  /** Plans a further tag of an image: only its root manifest is put. */
  async #planTag(
    { root }: CompleteImage,
    found: Descriptor | ManifestContent,
    names: readonly Name[],
  ): Promise<Planned> {
    const content = root ??
      await this.#source.fetchManifest(found.digest, { signal: this.#signal }) ?? this.#notFound();
    const { digest, mediaType, bytes } = content;
    const descriptor = { mediaType, digest, size: bytes.byteLength };
    const node: TreeNode = { descriptor, content, children: [] };
    const draft = { stages: this.#toTagStages(node, names), nodes: [node], foreign: [] };
    return this.#finish(draft, { sourceDigest: found.digest, root: descriptor, names });
  }

  #planSkipped(sourceDigest: Digest, current: Descriptor): Planned {
    const names = [{ tag: this.#request.destination.tag, current }];
    return this.#finish(EMPTY_DRAFT, { sourceDigest, root: current, names, result: "skipped" });
  }

  /** Makes the stages in order: blobs, manifests (children first), referrers, tag. */
  async #draftCopy(
    tree: TreeNode,
    sourceDigest: Digest,
    names: readonly Name[],
  ): Promise<Draft> {
    const related = await this.#related.find(tree, { sourceDigest, isUpdate: this.#isUpdate });
    const missing = listNodes(tree).filter((node) => node.content);
    // Referrers need their subject, and the tag comes last. With referrers, the root is put by digest first.
    const isPutFirst = this.#related.needsImageFirst(related);
    const early = missing.filter((node) =>
      (isPutFirst || node !== tree) && (!this.#isRetag || node.isRebuilt)
    );
    return this.#draft(missing, related, [
      ...toManifestStages("manifests", early, this.#route),
      ...this.#related.toStages(related),
      ...this.#toTagStages(tree, names.filter(({ tag }) => !isPutFirst || tag !== undefined)),
    ]);
  }

  /** Makes the stages for the referrers of an image that the destination already has. */
  async #draftRelated(tree: TreeNode, sourceDigest: Digest): Promise<Draft> {
    const related = await this.#related.find(tree, { sourceDigest, isUpdate: this.#isUpdate });
    return this.#draft([], related, this.#related.toStages(related));
  }

  /** Adds the stage of the blobs before all other stages. */
  #draft(image: readonly TreeNode[], related: PlannedRelated, stages: readonly Stage[]): Draft {
    const options = { ...this.#request, isUpdate: this.#isUpdate };
    const deliveries = this.#related.listBlobs(image, related);
    const steps = deliveries.flatMap(({ blobs, route }) => toBlobSteps(blobs, route, options));
    const foreign = deliveries.flatMap(({ blobs }) => blobs.filter(isForeignLayer));
    return {
      stages: [{ name: "blobs", steps }, ...stages],
      nodes: [...image, ...listRelatedNodes(related)],
      foreign: this.#request.foreignLayers ? [] : foreign,
      referrerState: related.state,
    };
  }

  /** Only `ifExists: "overwrite"` can do without the answer. */
  async #resolveTarget(name: string): Promise<Descriptor | undefined> {
    const options = { warn: this.#warn, signal: this.#signal };
    return this.#request.ifExists === "overwrite"
      ? await resolveCurrent(this.#target, name, options)
      : await this.#target.resolveManifest(name, options);
  }

  readonly #isAtDestination = async ({ digest }: Descriptor): Promise<boolean> => {
    return await resolveCurrent(this.#target, digest, { signal: this.#signal }) !== undefined;
  };

  #finish(
    { stages, nodes, foreign, referrerState }: Draft,
    { sourceDigest, root, names: [name, ...others], result }: {
      readonly sourceDigest: Digest;
      readonly root: Descriptor;
      /** The names that have the root after the copy. */
      readonly names: readonly Name[];
      readonly result?: "skipped";
    },
  ): Planned {
    const { source, destination } = this.#request;
    const current = name?.current;
    const additionalTags = others.flatMap(({ tag }) => tag ?? []);
    requireDigest(destination, root.digest);
    const nonEmpty = stages.filter(({ steps }) => steps.length > 0);
    const isWriting = nonEmpty.some(({ steps }) =>
      steps.some(({ type }) => type !== "referrers" && type !== "receipt")
    );
    const plan: Plan = {
      source: formatReference({ ...source, digest: sourceDigest }),
      destination: formatReference({
        ...destination,
        ...(name?.tag === undefined ? {} : { tag: name.tag }),
        digest: root.digest,
      }),
      ...(additionalTags.length > 0 ? { additionalTags } : {}),
      root: toPlainDescriptor(root),
      ...(current ? { current: current.digest } : {}),
      result: result ?? (isWriting ? "copied" : "unchanged"),
      stages: nonEmpty,
      foreign: foreign.map(toPlainDescriptor),
      ...(referrerState ? { referrerState } : {}),
      warnings: this.#warnings,
    };
    const manifests = new ManifestCache();
    for (const { content } of nodes) if (content) manifests.add(content);
    return { plan, manifests };
  }

  #notFound(): never {
    throw imageNotFound(this.#request.source);
  }
}
