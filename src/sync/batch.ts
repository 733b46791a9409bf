/** Copies that belong together, such as those of a rule: what one of them has found out, the others need not ask. */
import type { CallOptions } from "../content.ts";
import { findCreated } from "../copy/created.ts";
import { imageNotFound, requireDigest, wouldOverwrite } from "../copy/copy_error.ts";
import { MountMemory } from "../copy/mount_memory.ts";
import { makePlan } from "../copy/plan.ts";
import type { MakePlanOptions, Planned } from "../copy/plan.ts";
import { createSourceMemory, RememberedSource } from "../copy/remembered_source.ts";
import type { SourceMemory } from "../copy/remembered_source.ts";
import type { Emit, Report } from "../copy/model.ts";
import type { Repositories } from "../copy/repositories.ts";
import { parseCopyRequest } from "../copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "../copy/request.ts";
import { ParseError } from "../errors.ts";
import type { Side } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { manifestChildren, parseManifest } from "../oci/manifest.ts";
import { isIndexMediaType } from "../oci/media_types.ts";
import {
  formatReference,
  parseReference,
  parseRegistry,
  parseRepository,
  withDefaultTag,
} from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { listCatalog } from "../registry/catalog.ts";
import type { PullsLeft } from "../registry/pulls_left.ts";
import type { Repository, RepositoryMode, RepositoryOptions } from "../registry/repository.ts";
import type { Copier } from "../copier.ts";
import type { Sides } from "../sides.ts";

export interface BatchCallOptions extends CallOptions {
  readonly emit?: Emit | undefined;
}

/** What is listed and read of registries to find out what to copy. */
export interface Listing {
  /** Lists tags, page by page. Uses the options of the source's side unless told otherwise. */
  tags(repository: string, options?: BatchCallOptions & { side?: Side }): AsyncIterable<string[]>;
  /**
   * Lists the repositories of a registry, page by page, without its name. Uses the source side's options.
   *
   * @throws CrossdockError `unsupported` where it has no catalog, as Docker Hub and GHCR
   */
  repositories(registry: string, options?: BatchCallOptions): AsyncIterable<string[]>;
  /**
   * When an image was made, as it says itself; `undefined` where it does not. Uses the source side's options.
   *
   * @throws CrossdockError `not_found`
   */
  created(reference: string, options?: BatchCallOptions): Promise<Date | undefined>;
}

export interface Batch extends Listing {
  /** Requests so far, tokens aside. */
  readonly requests: { readonly source: number; readonly destination: number };
  /** An image to be copied to any number of destinations. It is resolved, and its manifests are read, but once. */
  open(source: string): BatchImage;
  /**
   * Deletes a tag of a destination. Other tags of the same digest stay.
   *
   * @throws CrossdockError `unsupported` where the registry does not delete
   */
  deleteTag(destination: string, options?: BatchCallOptions): Promise<void>;
}

export interface BatchImage {
  /**
   * Finds out what a copy would come to: by a HEAD on either side, and by reading only where that does not tell.
   *
   * @param request its source is the one that was opened
   * @throws CrossdockError `not_found` where the source is not there, `conflict` with `ifExists: "fail"`
   */
  compare(request: CopyRequestInput, options?: CompareOptions): Promise<Prospect>;
}

export interface CompareOptions extends BatchCallOptions {
  /** Whether an equal digest is enough, whatever there is that refers to it. Default false. */
  readonly fastCheck?: boolean | undefined;
}

/** What a copy would come to. */
export interface Prospect {
  /** `in-step`: the destination has all of it; `behind`: it has another image, or lacks what refers to it. */
  readonly state: "in-step" | "behind" | "missing";
  /** What the source's name means. */
  readonly source: Descriptor;
  /** What the destination's name means. */
  readonly current?: Digest;
  /** What it would mean; absent where an index has to be read for it. */
  readonly digest?: Digest;
  /** What the source's registry has last said of a limit. */
  readonly pulls: PullsLeft | undefined;
  /** How many manifests a copy reads that knows nothing of this one: what refers to them, and indexes in an index, aside. */
  readonly countManifests: (options?: CallOptions) => Promise<number>;
  /** Makes the copy. Nothing that is known is asked again. `undefined` where there is nothing to be done. */
  readonly copy: ((options?: BatchCallOptions) => Promise<Report>) | undefined;
}

export interface BatchOptions {
  /** Whether nothing will be written: then destinations are asked for the right to pull alone. */
  readonly isReadOnly?: boolean;
  /** Asked before each manifest that is read of a source. */
  readonly beforePull?: RepositoryOptions["beforePull"];
}

/** Beyond these the oldest are read again. */
const MAX_DATES = 10_000;

/** @param onRequest called once for every request, tokens aside */
function createListing(
  sides: Sides,
  onRequest?: (side: Side) => void,
  beforePull?: BatchOptions["beforePull"],
): Listing {
  const counting = (side: Side): () => void => () => onRequest?.(side);
  const reading = new Map<Digest, Promise<Date | undefined>>();

  /** Where manifests that are read count, a HEAD tells first of which image, and that is read once. */
  async function findDate(
    reference: Reference,
    source: Repository,
    signal: AbortSignal | undefined,
  ): Promise<Date | undefined> {
    const found = await source.resolveManifest(nameOf(reference), { signal });
    if (!found) throw imageNotFound(reference);
    const { digest } = found;
    const { memory: { dates }, timeoutMs } = sides.client("source", reference.registry);
    const known = dates.get(digest);
    if (known !== undefined || dates.has(digest)) {
      return known === undefined ? known : new Date(known);
    }
    const date = reading.get(digest) ??
      findCreated({ ...reference, digest }, source, { timeoutMs, signal }).finally(() =>
        reading.delete(digest)
      );
    reading.set(digest, date);
    const time = (await date)?.getTime();
    for (const oldest of dates.keys()) {
      if (dates.size < MAX_DATES) break;
      dates.delete(oldest);
    }
    dates.set(digest, time);
    return await date;
  }

  return {
    tags(text, { side = "source", signal, emit } = {}): AsyncIterable<string[]> {
      const options = { mode: "pull" as const, emit, onRequest: counting(side) };
      return sides.open(side, parseRepository(text), options).listTags({ signal });
    },
    repositories(name, { signal, emit } = {}): AsyncIterable<string[]> {
      return listCatalog(sides.client("source", parseRegistry(name)), {
        signal,
        onRetry: (retry) => emit?.({ type: "retry", ...retry }),
        count: counting("source"),
      });
    },
    async created(text, { signal, emit } = {}): Promise<Date | undefined> {
      const reference = withDefaultTag(parseReference(text));
      const onRequest = counting("source");
      const source = sides.open("source", reference, { emit, onRequest, beforePull });
      if (beforePull || source.countsPulls) return await findDate(reference, source, signal);
      const { timeoutMs } = sides.client("source", reference.registry);
      return await findCreated(reference, source, { timeoutMs, signal });
    },
  };
}

export function createBatch(
  { sides, run }: Pick<Copier, "sides" | "run">,
  { isReadOnly = false, beforePull }: BatchOptions = {},
): Batch {
  const requests = { source: 0, destination: 0 };
  const mounts = new MountMemory();
  const count = (side: Side): void => void (requests[side] += 1);

  function openSide(
    side: Side,
    reference: Reference,
    emit: Emit | undefined,
    mode?: RepositoryMode,
  ): Repository {
    return sides.open(side, reference, {
      mode,
      emit,
      onRequest: () => count(side),
      ...(side === "source" ? { beforePull } : {}),
    });
  }

  function open(text: string): BatchImage {
    const reference = withDefaultTag(parseReference(text));
    /** By repository: the image's own, and those of its referrers. */
    const memories = new Map<string, SourceMemory>();
    let resolving: Promise<Descriptor> | undefined;

    async function resolve({ emit, signal }: BatchCallOptions): Promise<Descriptor> {
      const source = openSide("source", reference, emit);
      const found = await source.resolveManifest(nameOf(reference), { signal });
      if (!found) throw imageNotFound(reference);
      return found;
    }

    function remember(source: Repository): RememberedSource {
      const memory = memories.get(source.name) ?? createSourceMemory();
      memories.set(source.name, memory);
      return new RememberedSource(source, memory);
    }

    return {
      async compare(input, options = {}): Promise<Prospect> {
        const { emit, signal } = options;
        const request = parseCopyRequest(input);
        if (formatReference(request.source) !== formatReference(reference)) {
          throw new ParseError(`compare ${input.source}: the image that was opened is ${text}`);
        }
        const { referrerSource, referrerDestination } = request;
        const repository = openSide("source", reference, emit);
        const openTarget = (name: Reference): Repository =>
          openSide("destination", name, emit, isReadOnly ? "pull" : "push");
        const target = openTarget(request.destination);
        const source = remember(repository);
        const repositories: Repositories = {
          source,
          target,
          referrerSource: referrerSource
            ? remember(openSide("source", referrerSource, emit))
            : source,
          referrerTarget: referrerDestination ? openTarget(referrerDestination) : target,
        };
        resolving ??= resolve(options);
        const [found, current] = await Promise.all([
          resolving,
          target.resolveManifest(request.destination.tag ?? nameOf(request.destination), {
            signal,
          }),
        ]);
        const plan = async (own: BatchCallOptions = options): Promise<Planned> =>
          await makePlan(
            request,
            repositories,
            {
              seen: { current, found },
              mounts,
              signal: own.signal,
              warn: (message) => own.emit?.({ type: "warning", message }),
            } satisfies MakePlanOptions,
          );
        const judged = judge(request, found, current, options);
        // Of an image that may not move the rest need not be read.
        if (judged.state === "behind" && current && current.digest !== found.digest) {
          const { ifExists, destination } = request;
          const digests = { current: current.digest, wanted: found.digest };
          if (ifExists === "fail") throw wouldOverwrite(destination, digests);
        }
        if (judged.digest && request.ifExists !== "skip") {
          requireDigest(request.destination, judged.digest);
        }
        const planned = judged.state === "unknown" ? await plan() : undefined;
        const { state, digest, isDone } = planned ? judgePlan(planned, current) : judged;
        return {
          state: state === "unknown" ? "behind" : state,
          source: found,
          ...(current ? { current: current.digest } : {}),
          ...(digest ? { digest } : {}),
          get pulls(): PullsLeft | undefined {
            return repository.pulls;
          },
          async countManifests(own = {}): Promise<number> {
            if (!isIndexMediaType(found.mediaType)) return 1;
            const index = await repositories.source.fetchManifest(found.digest, own);
            if (!index) throw imageNotFound(reference);
            return 1 + manifestChildren(parseManifest(index.bytes, index.mediaType)).length;
          },
          copy: isDone ? undefined : (own = {}) =>
            run({
              ...own,
              request,
              ...repositories,
              plan: () => planned ? Promise.resolve(planned) : plan(own),
              onOutcome(step, outcome): void {
                if (step.type !== "blob" || outcome.type !== "blob") return;
                const { registry, repository } = parseRepository(step.destination);
                mounts.add(registry, repository, step, outcome);
              },
            }),
        };
      },
    };
  }

  return {
    ...createListing(sides, count, beforePull),
    requests,
    open,
    async deleteTag(text, { signal, emit } = {}): Promise<void> {
      const reference = parseReference(text);
      const { tag, digest } = reference;
      if (tag === undefined || digest) throw new ParseError(`delete ${text}: want a tag`);
      await openSide("destination", reference, emit, "delete").deleteTag(tag, { signal });
    },
  };
}

function nameOf({ tag, digest }: Reference): string {
  return digest ?? tag ?? "latest";
}

interface Judgement {
  readonly state: Prospect["state"] | "unknown";
  readonly digest?: Digest;
  readonly isDone: boolean;
}

/** What two digests tell by themselves. */
function judge(
  { platforms, index, referrers, digestTags, recheck }: CopyRequest,
  { digest }: Descriptor,
  current: Descriptor | undefined,
  { fastCheck = false }: CompareOptions,
): Judgement {
  const isWhole = platforms.length === 0 || index === "sparse";
  const known = isWhole ? { digest } : {};
  if (!current) return { state: "missing", isDone: false, ...known };
  if (!isWhole) return { state: "unknown", isDone: false };
  if (current.digest !== digest || recheck) return { state: "behind", isDone: false, digest };
  const isDone = fastCheck || !referrers && !digestTags;
  return { state: isDone ? "in-step" : "unknown", isDone, digest };
}

/** What reading both sides tells. A list of referrers may still have to be kept at the destination. */
function judgePlan({ plan }: Planned, current: Descriptor | undefined): Judgement {
  const digest = plan.root.digest;
  const isDone = plan.stages.length === 0 && plan.result === "unchanged";
  if (plan.result === "unchanged") return { state: "in-step", digest, isDone };
  return { state: current ? "behind" : "missing", digest, isDone };
}
