/** A group of copies, such as the copies of a rule, that share their findings: no request is made twice. */
import type { CallOptions, ContentSource, ManifestContent } from "../content.ts";
import { requireAdmitted } from "../copy/admission.ts";
import { imageNotFound, requireDigest, wouldOverwrite } from "../copy/copy_error.ts";
import { makePlan } from "../copy/plan.ts";
import type { MakePlanOptions, Planned } from "../copy/plan.ts";
import { createSourceMemory, RememberedSource } from "../copy/remembered_source.ts";
import type { SourceMemory } from "../copy/remembered_source.ts";
import type { Emit, ReferrerState, Report } from "../copy/model.ts";
import type { Repositories } from "../copy/repositories.ts";
import { parseCopyRequest } from "../copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "../copy/request.ts";
import { resolveCurrent } from "../copy/resolve_current.ts";
import { SharedContent } from "../copy/shared_content.ts";
import { DownloadGroup, DownloadMember } from "../copy/shared_downloads.ts";
import type { CompleteImage } from "../copy/shared_content.ts";
import { listNodes, readTree } from "../copy/tree.ts";
import { ParseError } from "../errors.ts";
import type { Side } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { manifestChildren, parseManifest } from "../oci/manifest.ts";
import { isIndexMediaType } from "../oci/media_types.ts";
import { formatReference, isLocal, parseReference, withDefaultTag } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { requireDeletion } from "../registry/delete_tag.ts";
import type { PullsLeft } from "../registry/pulls_left.ts";
import { RegistryError } from "../registry/registry_error.ts";
import type { RepositoryMode, RepositoryOptions } from "../registry/repository.ts";
import type { Copier } from "../copier.ts";
import type { OpenedRepository } from "../sides.ts";
import { createListing, nameOf } from "./listing.ts";
import type { BatchCallOptions, Listing } from "./listing.ts";

export interface Batch extends Listing {
  /** Requests so far, without those for tokens. */
  readonly requests: { readonly source: number; readonly destination: number };
  /**
   * Opens an image for copies to any number of destinations. It is resolved once, and each manifest is read once. Copies that run
   * at the same time read each blob once.
   */
  open(source: string, options?: OpenImageOptions): BatchImage;
  /**
   * Resolves a tag of a destination by HEAD. If it does not exist, lists whether its repository has any tag.
   *
   * @throws CrossdockError if the tag cannot be resolved
   */
  probe(destination: string, options?: CallOptions): Promise<Probe>;
  /** Resolves a source image by HEAD. `undefined` if it does not exist. */
  resolve(source: string, options?: BatchCallOptions): Promise<Descriptor | undefined>;
  /** Reads the index of a source image and lists all manifests beneath it. Empty if there is no index. */
  children(source: string, options?: BatchCallOptions): Promise<Digest[]>;
  /** Whether copies of an image to several destinations should run at the same time. */
  readonly sharesDownloads: boolean;
  /**
   * Deletes a tag of a destination. Other tags of the same digest stay.
   *
   * @throws CrossdockError `unsupported` if the registry does not delete tags
   */
  deleteTag(destination: string, options?: BatchCallOptions): Promise<void>;
  /**
   * Rejects a tag, without a request, if its registry is known to delete nothing.
   *
   * @throws CrossdockError `unsupported`
   */
  requireDeletion(destination: string): void;
}

interface OpenImageOptions {
  /**
   * Whether a copy is likely. The manifest of the source is then read at once, instead of resolved and read later. Not if the
   * registry counts pulls or the rule has a floor: a comparison must not cost a pull.
   */
  readonly isLikelyCopied?: boolean | undefined;
}

interface Probe {
  readonly current: Descriptor | undefined;
  /** Whether the destination's repository is known to have no tags, or not to exist. */
  readonly isEmpty: boolean;
}

interface BatchImage {
  /**
   * Resolves the source by one request, which `compare()` does not repeat.
   *
   * @throws CrossdockError `not_found` if the source does not exist
   */
  resolve(options?: BatchCallOptions): Promise<Descriptor>;
  /**
   * Compares source and destination: by one HEAD on each side, and by reading manifests only if the digests do not decide it.
   *
   * @param request a copy of the opened image
   * @throws CrossdockError `not_found` if the source does not exist; `conflict` if the destination has another image and
   * `ifExists` is `fail`
   */
  compare(request: CopyRequestInput, options?: CompareOptions): Promise<Comparison>;
}

interface CompareOptions extends BatchCallOptions {
  /** Whether the image is one that the destination has, which is saved and needs no admission. Default false. */
  readonly isBackup?: boolean;
  /** Whether an equal digest is enough, without a check of referrers and digest tags. Default false. */
  readonly fastCheck?: boolean | undefined;
  /** The manifest that the destination's tag has, `null` if it does not exist. Default: the tag is resolved. */
  readonly current?: Descriptor | null | undefined;
}

/** The result of comparing an image with one destination. */
export interface Comparison {
  /** `in-step`: the destination has the complete image; `behind`: it has another image, or lacks referrers or digest tags. */
  readonly state: "in-step" | "behind" | "missing";
  /** The source's manifest. */
  readonly source: Descriptor;
  /** The destination's digest now. */
  readonly current?: Digest;
  /** The destination's digest after a copy; absent if an index has to be read to compute it. */
  readonly digest?: Digest;
  /** Referrers and digest tags; absent if they were not checked. */
  readonly referrerState?: ReferrerState | undefined;
  /** Whether the destination has the complete image and lacks only receipts of it. */
  readonly lacksReceipts: boolean;
  /** The pulls that remain at the source's registry, according to its last response; `undefined` if it reports none. */
  readonly pulls: PullsLeft | undefined;
  /** Counts the manifests that a separate copy would read, without referrers and nested indexes. */
  readonly countManifests: (options?: CallOptions) => Promise<number>;
  /**
   * Checks the image against the admission policy, if there is one. A copy does so itself.
   *
   * @throws CrossdockError `rejected`
   */
  readonly admit: (options?: CallOptions) => Promise<void>;
  /** Copies the image and reuses all findings; `undefined` if there is nothing to copy. */
  readonly copy: ((options?: BatchCallOptions) => Promise<Report>) | undefined;
}

export interface BatchOptions {
  /** Whether nothing is written. Tokens for destinations then have the right to pull only. */
  readonly isReadOnly?: boolean;
  /** Called before each manifest of a source is read. */
  readonly beforePull?: RepositoryOptions["beforePull"];
  /** What all batches of the run have brought to destinations. Default: only this batch. */
  readonly memory?: SharedContent | undefined;
}

export function createBatch(
  { sides, run, checkAdmission, receipts, runtime, timeoutMs }: Pick<
    Copier,
    "sides" | "run" | "checkAdmission" | "receipts" | "runtime" | "timeoutMs"
  >,
  { isReadOnly = false, beforePull, memory = new SharedContent() }: BatchOptions = {},
): Batch {
  const requests = { source: 0, destination: 0 };
  const count = (side: Side): void => void (requests[side] += 1);

  function openSide(
    side: Side,
    reference: Reference,
    emit: Emit | undefined,
    mode?: RepositoryMode,
  ): OpenedRepository {
    return sides.open(side, reference, {
      mode,
      emit,
      onRequest: () => count(side),
      ...(side === "source" ? { beforePull } : {}),
    });
  }

  function open(text: string, { isLikelyCopied = false }: OpenImageOptions = {}): BatchImage {
    const reference = withDefaultTag(parseReference(text));
    /** By repository: of the image, and of its referrers. */
    const memories = new Map<string, SourceMemory>();
    let resolving: Promise<Descriptor> | undefined;
    const downloads = new DownloadGroup();

    async function resolve({ emit, signal }: BatchCallOptions): Promise<Descriptor> {
      const source = openSide("source", reference, emit);
      if (isLikelyCopied && !isReadOnly && !beforePull && !source.countsPulls) {
        const content = await source.fetchManifest(nameOf(reference), { signal });
        if (!content) throw imageNotFound(reference);
        const { digest, mediaType, bytes } = content;
        memoryOf(source).manifests.add(content);
        return { mediaType, digest, size: bytes.byteLength };
      }
      const found = await source.resolveManifest(nameOf(reference), { signal });
      if (!found) throw imageNotFound(reference);
      return found;
    }

    function memoryOf({ name }: ContentSource): SourceMemory {
      const memory = memories.get(name) ?? createSourceMemory();
      memories.set(name, memory);
      return memory;
    }

    function remember(source: ContentSource, downloads: DownloadMember): RememberedSource {
      return new RememberedSource(source, memoryOf(source), downloads);
    }

    const resolveOnce = (options: BatchCallOptions): Promise<Descriptor> =>
      resolving ??= resolve(options);

    return {
      resolve: (options = {}) => resolveOnce(options),
      async compare(input, options = {}): Promise<Comparison> {
        const { emit, signal } = options;
        const request = parseCopyRequest(input);
        if (formatReference(request.source) !== formatReference(reference)) {
          throw new ParseError(`compare ${input.source}: expected the opened image ${text}`);
        }
        const { referrerSource, referrerDestination } = request;
        const repository = openSide("source", reference, emit);
        const openTarget = (name: Reference): OpenedRepository =>
          openSide("destination", name, emit, isReadOnly ? "pull" : "push");
        const target = openTarget(request.destination);
        const member = new DownloadMember(downloads);
        const source = remember(repository, member);
        const more = referrerSource
          ? undefined
          : sides.openMoreReferrers(request.source, { emit, onRequest: () => count("source") });
        const repositories: Repositories = {
          source,
          target,
          moreReferrers: more && { ...more, source: remember(more.source, member) },
          referrerSource: referrerSource
            ? remember(openSide("source", referrerSource, emit), member)
            : source,
          referrerTarget: referrerDestination ? openTarget(referrerDestination) : target,
        };
        const resolveTarget = async (): Promise<Descriptor | undefined> => {
          const { destination, ifExists } = request;
          const name = destination.tag ?? nameOf(destination);
          if (ifExists !== "overwrite") return await target.resolveManifest(name, { signal });
          const warn = (message: string): void => emit?.({ type: "warning", message });
          return await resolveCurrent(target, name, { signal, warn });
        };
        const [found, current] = await Promise.all([
          resolveOnce(options),
          options.current === undefined ? resolveTarget() : options.current ?? undefined,
        ]);
        // A receipt says where an image came from, and a backup keeps what the mirror has.
        const signing = options.isBackup ? undefined : receipts;
        const plan = async (
          { signal, emit }: BatchCallOptions = options,
          complete?: CompleteImage,
        ): Promise<Planned> =>
          await makePlan(
            { ...request, ...(options.fastCheck ? { fastCheck: true } : {}) },
            repositories,
            {
              seen: { current, found },
              complete,
              receipts: signing,
              signal,
              warn: (message) => emit?.({ type: "warning", message }),
            } satisfies MakePlanOptions,
          );
        const byDigest = compareDigests(request, found, current, {
          ...options,
          hasReceipts: signing !== undefined,
        });
        // Fails before any manifest is read.
        if (byDigest.state === "behind" && current && current.digest !== found.digest) {
          const { ifExists, destination } = request;
          const digests = { current: current.digest, wanted: found.digest };
          if (ifExists === "fail") throw wouldOverwrite(destination, digests);
        }
        if (byDigest.digest && request.ifExists !== "skip") {
          requireDigest(request.destination, byDigest.digest);
        }
        const planned = byDigest.state === "unknown" ? await plan() : undefined;
        const { state, digest, isDone } = planned ? comparePlan(planned, current) : byDigest;
        const key = imageKey(request, found);
        if (state === "in-step" && isDone && key && !isReadOnly) memory.addImage(key);
        return {
          state: state === "unknown" ? "behind" : state,
          source: found,
          ...(current ? { current: current.digest } : {}),
          ...(digest ? { digest } : {}),
          referrerState: planned?.plan.referrerState,
          lacksReceipts: state === "in-step" && !isDone &&
            planned?.plan.stages.at(-1)?.name === "receipts",
          get pulls(): PullsLeft | undefined {
            return repository.pulls;
          },
          async countManifests(callOptions = {}): Promise<number> {
            if (!isIndexMediaType(found.mediaType)) return 1;
            const index = await repositories.source.fetchManifest(found.digest, callOptions);
            if (!index) throw imageNotFound(reference);
            return 1 + manifestChildren(parseManifest(index.bytes, index.mediaType)).length;
          },
          async admit(callOptions = {}): Promise<void> {
            const source = formatReference({ ...reference, digest: found.digest });
            const admission = await checkAdmission(source, repositories, callOptions);
            requireAdmitted({ source, admission });
          },
          copy: isDone ? undefined : async (callOptions = {}) => {
            const copy = async (complete?: CompleteImage): Promise<Report> => {
              let root: ManifestContent | undefined;
              member.join();
              const report = await run({
                ...callOptions,
                request,
                ...repositories,
                isBackup: options.isBackup ?? false,
                memory,
                sharesDownloads: () => downloads.size > 1,
                onBlobSettled: (digest) => member.settle(digest),
                async plan(): Promise<Planned> {
                  const made = planned ?? await plan(callOptions, complete);
                  root = made.manifests.get(made.plan.root.digest);
                  member.expect(listBlobDigests(made));
                  return made;
                },
              }).finally(() => member.leave());
              if (key && report.result !== "skipped") memory.addImage(key, root);
              return report;
            };
            return planned || !key ? await copy() : await memory.shareImage(key, copy, callOptions);
          },
        };
      },
    };
  }

  return {
    ...createListing({ sides, timeoutMs }, count, beforePull),
    requests,
    open,
    async probe(text, { signal } = {}): Promise<Probe> {
      const reference = withDefaultTag(parseReference(text));
      const target = openSide("destination", reference, undefined, isReadOnly ? "pull" : "push");
      const current = await target.resolveManifest(nameOf(reference), { signal });
      return { current, isEmpty: !current && !await mayHaveTags(target, signal) };
    },
    async resolve(text, { emit, signal } = {}): Promise<Descriptor | undefined> {
      const reference = withDefaultTag(parseReference(text));
      return await openSide("source", reference, emit)
        .resolveManifest(nameOf(reference), { signal });
    },
    async children(text, { emit, signal } = {}): Promise<Digest[]> {
      const reference = withDefaultTag(parseReference(text));
      const source = openSide("source", reference, emit);
      const root = await source.fetchManifest(nameOf(reference), { signal });
      if (!root || !isIndexMediaType(root.mediaType)) return [];
      const isKnown = (): Promise<boolean> => Promise.resolve(true);
      const tree = await readTree(source, root, { isKnown, signal });
      return listNodes(tree).map(({ descriptor }) => descriptor.digest);
    },
    // workerd passes a response on without reading it, and limits the connections of a request.
    sharesDownloads: !runtime.passesUntouched,
    requireDeletion,
    async deleteTag(text, { signal, emit } = {}): Promise<void> {
      const reference = parseReference(text);
      const { tag, digest } = reference;
      if (tag === undefined || digest) throw new ParseError(`delete ${text}: expected a tag`);
      await openSide("destination", reference, emit, "delete").deleteTag(tag, { signal });
    },
  };
}

/** Whether a repository has any tag. One that cannot be listed may have some, also if a proxy answers 404. */
async function mayHaveTags(
  repository: OpenedRepository,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    for await (const page of repository.listTags({ signal })) if (page.length > 0) return true;
    return false;
  } catch (error) {
    signal?.throwIfAborted();
    const isMissing = error instanceof RegistryError && error.code === "not_found" &&
      error.errors.length > 0;
    return !isMissing;
  }
}

function listBlobDigests({ plan }: Planned): Digest[] {
  return plan.stages.flatMap(({ steps }) => steps).filter((step) => step.type === "blob")
    .map(({ descriptor }) => descriptor.digest);
}

/**
 * Names an image at a destination, with all that is copied with it: for each tag of it, the same content must be there.
 * `undefined` if the destination's root manifest is not the source's, or has to be checked.
 */
function imageKey(request: CopyRequest, { digest }: Descriptor): string | undefined {
  const { input: _, source: __, destination, referrerDestination, ...options } = request;
  if (options.platforms.length > 0 || options.recheck || options.additionalTags) return undefined;
  if (isLocal(destination)) return undefined;
  const repositories = [destination, referrerDestination ?? destination]
    .map(({ registry, repository }) => `${registry}/${repository}`);
  return JSON.stringify([digest, repositories, options]);
}

interface Decision {
  readonly state: Comparison["state"] | "unknown";
  readonly digest?: Digest;
  /** Whether there is nothing to copy. */
  readonly isDone: boolean;
}

/** Compares by digests only; `unknown` if both sides have to be read. */
function compareDigests(
  { platforms, index, referrers, digestTags, recheck }: CopyRequest,
  { digest }: Descriptor,
  current: Descriptor | undefined,
  { fastCheck = false, hasReceipts }: CompareOptions & { readonly hasReceipts: boolean },
): Decision {
  const isWhole = platforms.length === 0 || index === "sparse";
  const known = isWhole ? { digest } : {};
  if (!current) return { state: "missing", isDone: false, ...known };
  if (!isWhole) return { state: "unknown", isDone: false };
  if (current.digest !== digest || recheck) return { state: "behind", isDone: false, digest };
  const isDone = (fastCheck || !referrers && !digestTags) && !hasReceipts;
  return { state: isDone ? "in-step" : "unknown", isDone, digest };
}

/** Compares by a plan, which has read both sides. An unchanged image may still need its list of referrers, or receipts. */
function comparePlan({ plan }: Planned, current: Descriptor | undefined): Decision {
  const digest = plan.root.digest;
  const isDone = plan.stages.length === 0 && plan.result === "unchanged";
  if (plan.result === "unchanged") return { state: "in-step", digest, isDone };
  return { state: current ? "behind" : "missing", digest, isDone };
}
