/**
 * What belongs to an image without being beneath it: referrers (by `subject`) and cosign's digest tags. Both are read from the
 * source; what refers to a referrer is found too, in as many rounds as it takes.
 */
import type { ContentSource, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import {
  DIGEST_TAG_SUFFIXES,
  digestTag,
  MAX_INDEX_DEPTH,
  MAX_INDEX_WIDTH,
  parseDigestTag,
} from "../oci/manifest.ts";
import { mapConcurrent } from "./concurrent.ts";
import { readTree } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

const CONCURRENCY = 16;

/** Manifests that refer to one subject, as the source lists them. */
export interface ReferrersOf {
  readonly subject: Digest;
  readonly descriptors: readonly Descriptor[];
}

/** Those of one round: what refers to manifests of the round before. */
export interface ReferrerRound {
  readonly lists: readonly ReferrersOf[];
  /** The referrers themselves, without those that the destination is known to have. */
  readonly nodes: readonly TreeNode[];
}

export interface RelatedOptions {
  /** Whether the destination has a manifest already, so that it need not be read. */
  readonly isKnown?: ((descriptor: Descriptor) => Promise<boolean>) | undefined;
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Finds referrers, round by round, each manifest once however they refer to each other. */
export async function findReferrers(
  source: ContentSource,
  subjects: readonly Digest[],
  options: RelatedOptions,
): Promise<ReferrerRound[]> {
  const rounds: ReferrerRound[] = [];
  const seen = new Set<Digest>(subjects);
  let open: readonly Digest[] = subjects;
  while (open.length > 0) {
    if (rounds.length === MAX_INDEX_DEPTH) {
      options.warn(`referrers of referrers deeper than ${MAX_INDEX_DEPTH} are left behind`);
      break;
    }
    const lists = await listEach(source, open, options);
    const fresh = lists
      .flatMap(({ subject, descriptors }) => descriptors.map((referrer) => ({ subject, referrer })))
      .filter(({ referrer }) => !seen.has(referrer.digest) && seen.add(referrer.digest));
    if (seen.size > MAX_INDEX_WIDTH) {
      throw new CrossdockError(
        "limit",
        `more than ${MAX_INDEX_WIDTH} manifests refer to the image`,
      );
    }
    if (lists.length === 0) break;
    const nodes = await mapConcurrent(
      fresh,
      CONCURRENCY,
      ({ subject, referrer }) => readReferrer(source, subject, referrer, options),
      options.signal,
    );
    rounds.push({ lists, nodes: nodes.filter((node) => node !== undefined) });
    open = fresh.map(({ referrer }) => referrer.digest);
  }
  return rounds;
}

async function listEach(
  source: ContentSource,
  subjects: readonly Digest[],
  { signal }: RelatedOptions,
): Promise<ReferrersOf[]> {
  // One is asked first: it teaches the client whether there is an API, so that the rest ask once each.
  const [first, ...rest] = subjects;
  const list = async (subject: Digest): Promise<ReferrersOf> => ({
    subject,
    descriptors: await source.listReferrers(subject, { signal }),
  });
  const lists = first ? [await list(first)] : [];
  lists.push(...await mapConcurrent(rest, CONCURRENCY, list, signal));
  return lists.filter(({ descriptors }) => descriptors.length > 0);
}

async function readReferrer(
  source: ContentSource,
  subject: Digest,
  referrer: Descriptor,
  { isKnown, warn, signal }: RelatedOptions,
): Promise<TreeNode | undefined> {
  if (await isKnown?.(referrer)) return undefined;
  const content = await source.fetchManifest(referrer.digest, { signal });
  if (!content) {
    warn(`referrer ${referrer.digest} is listed by ${source.name} and not there`);
    return undefined;
  }
  const node = await readTree(source, content, { isKnown }, signal);
  if (node.manifest?.subject?.digest === subject) return node;
  warn(
    `${referrer.digest} is listed by ${source.name} as a referrer of ${subject} and does not name it: left behind`,
  );
  return undefined;
}

/** A tag of cosign's kind and the manifest under it. */
export interface TaggedNode {
  readonly tag: string;
  readonly node: TreeNode;
}

/** Finds `sha256-….sig`, `.att` and `.sbom` of the given manifests. */
export async function findDigestTags(
  source: ContentSource,
  digests: readonly Digest[],
  { warn, signal }: RelatedOptions,
): Promise<TaggedNode[]> {
  const wanted = new Set<string>(digests);
  const listed = await listDigestTags(source, digests, warn, signal);
  const tags = listed.filter((tag) => wanted.has(parseDigestTag(tag)?.digest ?? ""));
  const found = await mapConcurrent(tags, CONCURRENCY, async (tag) => {
    const content: ManifestContent | undefined = await source.fetchManifest(tag, { signal });
    return content && { tag, node: await readTree(source, content, {}, signal) };
  }, signal);
  return found.filter((tagged) => tagged !== undefined);
}

/**
 * Tags that begin like a digest tag. Lists are in lexical order by the spec, so one page behind `sha256-` has them all;
 * a registry that keeps no order and has more than a page is asked tag by tag instead.
 */
async function listDigestTags(
  source: ContentSource,
  digests: readonly Digest[],
  warn: (message: string) => void,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const tags: string[] = [];
  try {
    let pages = 0;
    for await (const page of source.listTags({ last: "sha256-", signal })) {
      pages += 1;
      tags.push(...page);
      const isOrdered = page.every((tag, i) => tag > (page[i - 1] ?? "sha256-"));
      if (pages === 1 && !isOrdered && page.length >= 1000) {
        return await probeDigestTags(source, digests, signal);
      }
      if (isOrdered && (page.at(-1) ?? "") > "sha256-g") break;
      if (pages === 50) return await probeDigestTags(source, digests, signal);
    }
    return tags;
  } catch (error) {
    if (
      !(error instanceof CrossdockError) || error.code === "aborted" || error.code === "timeout"
    ) throw error;
    if (error.code === "not_found") return [];
    warn(`${error.message}; digest tags are asked for one by one`);
    return await probeDigestTags(source, digests, signal);
  }
}

async function probeDigestTags(
  source: ContentSource,
  digests: readonly Digest[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const candidates = digests.flatMap((digest) =>
    DIGEST_TAG_SUFFIXES.map((suffix) => digestTag(digest, suffix))
  )
    .filter((tag) => tag !== undefined);
  const found = await mapConcurrent(
    candidates,
    CONCURRENCY,
    async (tag) => await source.resolveManifest(tag, { signal }) ? tag : undefined,
    signal,
  );
  return found.filter((tag) => tag !== undefined);
}
