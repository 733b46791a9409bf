/** Lists what a rule selects its images from: repositories, tags, and the dates of images. */
import type { CallOptions } from "../content.ts";
import { imageNotFound } from "../copy/copy_error.ts";
import { findCreated } from "../copy/created.ts";
import type { Emit } from "../copy/model.ts";
import type { Copier } from "../copier.ts";
import type { Side } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import {
  isLocal,
  parseReference,
  parseRegistry,
  parseRepository,
  withDefaultTag,
} from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { listCatalog } from "../registry/catalog.ts";
import type { RepositoryOptions } from "../registry/repository.ts";
import type { OpenedRepository } from "../sides.ts";

export interface BatchCallOptions extends CallOptions {
  readonly emit?: Emit | undefined;
}

/** Reads that a rule needs to select its images. */
export interface Listing {
  /** Lists tags, page by page. Default side: the source. */
  tags(repository: string, options?: BatchCallOptions & { side?: Side }): AsyncIterable<string[]>;
  /**
   * Lists the repositories of a source registry, page by page, without the name of the registry.
   *
   * @throws CrossdockError `unsupported` for registries without a catalog, such as Docker Hub and GHCR
   */
  repositories(registry: string, options?: BatchCallOptions): AsyncIterable<string[]>;
  /**
   * Finds when a source image was created, according to the image itself; `undefined` if it has no date.
   *
   * @throws CrossdockError `not_found`
   */
  created(reference: string, options?: BatchCallOptions): Promise<Date | undefined>;
}

/** Oldest dates are dropped beyond that, and read again if needed. */
const MAX_DATES = 10_000;

/** @param onRequest called for each request, but not for tokens */
export function createListing(
  { sides, timeoutMs }: Pick<Copier, "sides" | "timeoutMs">,
  onRequest?: (side: Side) => void,
  beforePull?: RepositoryOptions["beforePull"],
): Listing {
  const counting = (side: Side): () => void => () => onRequest?.(side);
  const reading = new Map<Digest, Promise<Date | undefined>>();

  /** Reads the date once per digest, after a HEAD: for registries that count the manifests that are read. */
  async function findDate(
    reference: Reference,
    source: OpenedRepository,
    signal: AbortSignal | undefined,
  ): Promise<Date | undefined> {
    const found = await source.resolveManifest(nameOf(reference), { signal });
    if (!found) throw imageNotFound(reference);
    const { digest } = found;
    const { memory: { dates } } = sides.client("source", reference.registry);
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
      if (sides.layouts && isLocal({ registry: name })) {
        return sides.layouts.repositories(name, { signal });
      }
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
      if (!isLocal(reference) && (beforePull || source.countsPulls)) {
        return await findDate(reference, source, signal);
      }
      return await findCreated(reference, source, { timeoutMs, signal });
    },
  };
}

export function nameOf({ tag, digest }: Reference): string {
  return digest ?? tag ?? "latest";
}
