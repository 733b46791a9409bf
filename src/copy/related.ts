/**
 * What belongs to an image without being beneath it: referrers (by `subject`) and cosign's digest tags. Both are read from the
 * source; what refers to a referrer is found too, in as many rounds as it takes.
 */
import type { CallOptions, ContentSource, ManifestContent } from "../content.ts";
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
import type { Repositories } from "./repositories.ts";
import type { CopyRequest, ReferrerFilter } from "./request.ts";
import { listNodes, readTree } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

const CONCURRENCY = 16;

/** Manifests that refer to one subject, as the source lists them. */
interface ReferrersOf {
  readonly subject: Digest;
  readonly descriptors: readonly Descriptor[];
}

/** Those of one round: what refers to manifests of the round before. */
interface ReferrerRound {
  readonly lists: readonly ReferrersOf[];
  /** The referrers themselves, without those that the destination is known to have. */
  readonly nodes: readonly TreeNode[];
}

export interface RelatedOptions
  extends Pick<CopyRequest, "referrers" | "referrerFilters" | "digestTags">, CallOptions {
  /** Whether the destination has a manifest already, so that it need not be read. */
  readonly isKnown?: ((descriptor: Descriptor) => Promise<boolean>) | undefined;
  readonly warn: (message: string) => void;
}

interface ReferrerOptions extends RelatedOptions {
  /** Whether the source may have a tag, as far as it was listed. */
  readonly hasTag?: ((tag: string) => Promise<boolean>) | undefined;
}

/** Finds referrers, round by round, each manifest once however they refer to each other. */
async function findReferrers(
  source: ContentSource,
  subjects: readonly Digest[],
  options: ReferrerOptions,
): Promise<ReferrerRound[]> {
  const rounds: ReferrerRound[] = [];
  const seen = new Set<Digest>(subjects);
  const named = new Map<Digest, Digest | undefined>(subjects.map((digest) => [digest, undefined]));
  let open: readonly Digest[] = subjects;
  while (open.length > 0) {
    if (rounds.length === MAX_INDEX_DEPTH) {
      options.warn(`referrers nested deeper than ${MAX_INDEX_DEPTH} levels are not copied`);
      break;
    }
    const listed = await listEach(source, open, options);
    const lists = listed.map((list) => withoutUnwanted(list, options.referrerFilters)).filter(
      isFilled,
    );
    const fresh = groupFresh(lists, seen);
    if (seen.size > MAX_INDEX_WIDTH) {
      throw new CrossdockError(
        "limit",
        `more than ${MAX_INDEX_WIDTH} manifests refer to the image`,
      );
    }
    if (lists.length === 0) break;
    const read = await mapConcurrent(
      fresh,
      CONCURRENCY,
      (listed) => readReferrer(source, listed, options),
      options.signal,
    );
    const kept = read.filter((referrer) => referrer !== undefined);
    kept.forEach(({ digest, subject }) => named.set(digest, subject));
    rounds.push({
      lists: lists.map((list) => withoutStrangers(list, named)).filter(isFilled),
      nodes: kept.map(({ node }) => node).filter((node) => node !== undefined),
    });
    open = kept.map(({ digest }) => digest);
  }
  return rounds;
}

/** A manifest and all those that it is said to refer to. */
interface Listed {
  readonly referrer: Descriptor;
  readonly subjects: Digest[];
}

/** A referrer that is part of the copy. Node and subject are absent where it was not read. */
interface Referrer {
  readonly digest: Digest;
  readonly subject?: Digest;
  readonly node?: TreeNode;
}

/** The manifests in the lists that were not seen before, each once; they count as seen from here on. */
function groupFresh(lists: readonly ReferrersOf[], seen: Set<Digest>): Listed[] {
  const fresh = new Map<Digest, Listed>();
  for (const { subject, descriptors } of lists) {
    for (const referrer of descriptors) {
      if (seen.has(referrer.digest)) continue;
      const listed = fresh.get(referrer.digest) ?? { referrer, subjects: [] };
      listed.subjects.push(subject);
      fresh.set(referrer.digest, listed);
    }
  }
  for (const digest of fresh.keys()) seen.add(digest);
  return [...fresh.values()];
}

function withoutUnwanted(
  { subject, descriptors }: ReferrersOf,
  filters: readonly ReferrerFilter[],
): ReferrersOf {
  const isWanted = (descriptor: Descriptor): boolean =>
    filters.length === 0 || filters.some((filter) => fits(descriptor, filter));
  return { subject, descriptors: descriptors.filter(isWanted) };
}

function fits(descriptor: Descriptor, { artifactType, annotations = {} }: ReferrerFilter): boolean {
  if (artifactType && descriptor.artifactType !== artifactType) return false;
  return Object.entries(annotations).every(([key, value]) => {
    const found = descriptor.annotations?.[key];
    return found !== undefined && (value === "" || found === value);
  });
}

/** What is left behind must not be listed at the destination; nor must a manifest be listed for a subject that it does not name. */
function withoutStrangers(
  { subject, descriptors }: ReferrersOf,
  named: ReadonlyMap<Digest, Digest | undefined>,
): ReferrersOf {
  const isReferrer = ({ digest }: Descriptor): boolean =>
    named.has(digest) && (named.get(digest) ?? subject) === subject;
  return { subject, descriptors: descriptors.filter(isReferrer) };
}

function isFilled({ descriptors }: ReferrersOf): boolean {
  return descriptors.length > 0;
}

async function listEach(
  source: ContentSource,
  subjects: readonly Digest[],
  { signal, hasTag }: ReferrerOptions,
): Promise<ReferrersOf[]> {
  // One is asked first: it teaches the client whether there is an API, so that the rest ask once each.
  const [first, ...rest] = subjects;
  const list = async (subject: Digest): Promise<ReferrersOf> => ({
    subject,
    descriptors: await source.listReferrers(subject, { signal, hasTag }),
  });
  const lists = first ? [await list(first)] : [];
  lists.push(...await mapConcurrent(rest, CONCURRENCY, list, signal));
  return lists.filter(isFilled);
}

async function readReferrer(
  source: ContentSource,
  { referrer, subjects }: Listed,
  { isKnown, warn, signal }: RelatedOptions,
): Promise<Referrer | undefined> {
  const { digest } = referrer;
  if (await isKnown?.(referrer)) return { digest };
  const content = await source.fetchManifest(digest, { signal });
  if (!content) {
    warn(`referrer ${digest} is listed in ${source.name} but not found; it is not copied`);
    return undefined;
  }
  const node = await readTree(source, content, { isKnown, signal });
  const subject = node.manifest?.subject?.digest;
  if (subject !== undefined && subjects.includes(subject)) return { digest, subject, node };
  warn(
    `referrer ${digest} is listed in ${source.name} for ${
      subjects.join(", ")
    }, but its subject is another; it is not copied`,
  );
  return undefined;
}

/** A tag of cosign's kind and the manifest under it. */
export interface TaggedNode {
  readonly tag: string;
  readonly node: TreeNode;
}

/** What belongs to an image without being beneath it. */
export interface Related {
  readonly rounds: readonly ReferrerRound[];
  readonly tagged: readonly TaggedNode[];
}

/** Every manifest that was read of them. */
export function listRelatedNodes({ rounds, tagged }: Related): TreeNode[] {
  const roots = [...rounds.flatMap(({ nodes }) => nodes), ...tagged.map(({ node }) => node)];
  return roots.flatMap(listNodes);
}

/** Finds what refers to the given manifests, and cosign's tags for them, as far as either is wanted. */
export async function findRelated(
  { source, referrerSource }: Pick<Repositories, "source" | "referrerSource">,
  digests: readonly Digest[],
  options: RelatedOptions,
): Promise<Related> {
  const listing = options.digestTags ? listDigestTags(source, digests, options) : undefined;
  listing?.catch(() => {}); // It is awaited below; until then it must not count as unhandled.
  // The list shows fallback tags of referrers, too, if they are there: those that it lacks need not be asked for.
  const hasTag = listing && referrerSource === source
    ? async (tag: string): Promise<boolean> => {
      const { tags, isComplete } = await listing;
      return tags.has(tag) || !isComplete || !tag.startsWith(FIRST_TAG);
    }
    : undefined;
  const [rounds, tagged] = await Promise.all([
    options.referrers ? findReferrers(referrerSource, digests, { ...options, hasTag }) : [],
    listing ? listing.then(({ tags }) => readDigestTags(source, digests, tags, options)) : [],
  ]);
  return { rounds, tagged };
}

/** Reads `sha256-….sig`, `.att` and `.sbom` of the given manifests. */
async function readDigestTags(
  source: ContentSource,
  digests: readonly Digest[],
  listed: ReadonlySet<string>,
  { signal }: RelatedOptions,
): Promise<TaggedNode[]> {
  const wanted = new Set<string>(digests);
  const tags = [...listed].filter((tag) => wanted.has(parseDigestTag(tag)?.digest ?? ""));
  const found = await mapConcurrent(tags, CONCURRENCY, async (tag) => {
    const content: ManifestContent | undefined = await source.fetchManifest(tag, { signal });
    return content && { tag, node: await readTree(source, content, { signal }) };
  }, signal);
  return found.filter((tagged) => tagged !== undefined);
}

/** Tags that begin like a digest tag. */
interface DigestTagList {
  readonly tags: ReadonlySet<string>;
  /** Whether a tag that begins with `sha256-` and is not in the list is not in the repository. */
  readonly isComplete: boolean;
}

const FIRST_TAG = "sha256-";

/**
 * Tags that begin like a digest tag. Lists are in lexical order by the spec, so one page behind `sha256-` has them all;
 * a registry that keeps no order and has more than a page is asked tag by tag instead.
 */
async function listDigestTags(
  source: ContentSource,
  digests: readonly Digest[],
  options: RelatedOptions,
): Promise<DigestTagList> {
  const { warn, signal } = options;
  const tags = new Set<string>();
  try {
    let pages = 0;
    for await (const page of source.listTags({ last: FIRST_TAG, signal })) {
      pages += 1;
      page.forEach((tag) => tags.add(tag));
      const isOrdered = page.every((tag, i) => tag > (page[i - 1] ?? FIRST_TAG));
      if (pages === 1 && !isOrdered && page.length >= 1000 || pages === MAX_PAGES) {
        return await probeDigestTags(source, digests, options);
      }
      if (isOrdered && (page.at(-1) ?? "") > "sha256-g") break;
    }
    return { tags, isComplete: true };
  } catch (error) {
    if (
      !(error instanceof CrossdockError) || error.code === "aborted" || error.code === "timeout"
    ) throw error;
    if (error.code !== "not_found") {
      warn(`${error.message}; each digest tag is requested separately instead`);
    }
    return await probeDigestTags(source, digests, options);
  }
}

/** Pages of tags that are read before asking tag by tag is cheaper. */
const MAX_PAGES = 50;

async function probeDigestTags(
  source: ContentSource,
  digests: readonly Digest[],
  { signal }: RelatedOptions,
): Promise<DigestTagList> {
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
  return { tags: new Set(found.filter((tag) => tag !== undefined)), isComplete: false };
}
