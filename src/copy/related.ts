/**
 * Finds the referrers of an image (by `subject`) and cosign's digest tags at the source. Referrers of referrers are found in
 * further rounds.
 */
import { ByteLimit } from "../byte_budget.ts";
import type { CallOptions, ContentSource, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import {
  DIGEST_TAG_SUFFIXES,
  digestTag,
  MAX_INDEX_DEPTH,
  MAX_INDEX_WIDTH,
  parseDigestTag,
  referrersTag,
} from "../oci/manifest.ts";
import { mapConcurrent } from "./concurrent.ts";
import type { MoreReferrers, Repositories } from "./repositories.ts";
import type { CopyRequest, ReferrerFilter } from "./request.ts";
import { listNodes, readTree } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

const CONCURRENCY = 16;

/** The referrers that the source lists for one subject. */
export interface ReferrerList {
  readonly subject: Digest;
  readonly descriptors: readonly Descriptor[];
}

/** The referrers of one round. Their subjects are manifests of the previous round. */
interface ReferrerRound {
  /** The repository of the referrers. */
  readonly source: string;
  readonly lists: readonly ReferrerList[];
  /** The manifests of the referrers, without those that `isKnown` skipped. */
  readonly nodes: readonly TreeNode[];
  /** The referrers that `isKnown` skipped. */
  readonly known: readonly Descriptor[];
  /** The referrers that the source lists and does not have. */
  readonly absent: readonly Descriptor[];
}

export interface RelatedOptions
  extends Pick<CopyRequest, "referrers" | "referrerFilters" | "digestTags">, CallOptions {
  /** Whether to skip reading a manifest, because the destination has it. */
  readonly isKnown?: ((descriptor: Descriptor) => Promise<boolean>) | undefined;
  readonly warn: (message: string) => void;
  /** Called in place of an error if the source does not answer, and some may be missing. Default: the error is thrown. */
  readonly onGap?: ((message: string) => void) | undefined;
  /** The same for a known repository of further referrers, whose failure is never an error. Default: `onGap`, or `warn`. */
  readonly onMoreGap?: ((message: string) => void) | undefined;
}

interface ReferrerOptions extends RelatedOptions {
  /** Whether the source has a tag; `undefined` if that is unknown. */
  readonly hasTag?: ((tag: string) => Promise<boolean | undefined>) | undefined;
}

/** Finds referrers round by round. Each manifest is read once, even if referrers form a cycle. */
async function findReferrers(
  source: ContentSource,
  subjects: readonly Digest[],
  options: ReferrerOptions,
): Promise<ReferrerRound[]> {
  const rounds: ReferrerRound[] = [];
  const seen = new Set<Digest>(subjects);
  const copied = new Map<Digest, Digest | undefined>(subjects.map((digest) => [digest, undefined]));
  const stated = new ByteLimit(`read referrers in ${source.name}`, { side: "source" });
  let subjectsOfRound: readonly Digest[] = subjects;
  while (subjectsOfRound.length > 0) {
    if (rounds.length === MAX_INDEX_DEPTH) {
      const warn = options.onGap ?? options.warn;
      warn(`referrers nested deeper than ${MAX_INDEX_DEPTH} levels are not copied`);
      break;
    }
    const listed = await listEach(source, subjectsOfRound, options);
    const lists = listed.map((list) => applyFilters(list, options.referrerFilters)).filter(
      isNotEmpty,
    );
    const unseen = groupUnseen(lists, seen);
    if (seen.size - subjects.length > MAX_INDEX_WIDTH) {
      throw new CrossdockError(
        "limit",
        `more than ${MAX_INDEX_WIDTH} manifests refer to the image`,
      );
    }
    if (lists.length === 0) break;
    // All of them are read: too many bytes are rejected before the first request.
    if (!options.isKnown) {
      stated.takeText(unseen.reduce((sum, { referrer }) => sum + referrer.size, 0));
    }
    const read = await mapConcurrent(
      unseen,
      CONCURRENCY,
      (listed) => readReferrer(source, listed, options),
      options.signal,
    );
    const referrers = read.filter((found) => typeof found === "object");
    const isKnown = (found: ReadReferrer): boolean => typeof found === "object" && !found.node;
    const listedReferrers = unseen.map(({ referrer }) => referrer);
    referrers.forEach(({ digest, subject }) => copied.set(digest, subject));
    rounds.push({
      source: source.name,
      lists: lists.map((list) => describe(onlyCopied(list, copied), referrers)).filter(isNotEmpty),
      nodes: referrers.map(({ node }) => node).filter((node) => node !== undefined),
      known: listedReferrers.filter((_, i) => isKnown(read[i])),
      absent: listedReferrers.filter((_, i) => read[i] === "absent"),
    });
    subjectsOfRound = referrers.map(({ digest }) => digest);
  }
  return rounds;
}

/** A referrer and the subjects that list it. */
interface Listed {
  readonly referrer: Descriptor;
  readonly subjects: Digest[];
}

/** A referrer that is part of the copy. `node` and `subject` are absent if it was not read. */
interface Referrer {
  readonly digest: Digest;
  readonly subject?: Digest;
  readonly node?: TreeNode;
}

/** `absent`: the source does not have it. `undefined`: it has another subject. */
type ReadReferrer = Referrer | "absent" | undefined;

/** The manifests that are not yet in `seen`, each once. Adds them to `seen`. */
function groupUnseen(lists: readonly ReferrerList[], seen: Set<Digest>): Listed[] {
  const unseen = new Map<Digest, Listed>();
  for (const { subject, descriptors } of lists) {
    for (const referrer of descriptors) {
      if (seen.has(referrer.digest)) continue;
      const listed = unseen.get(referrer.digest) ?? { referrer, subjects: [] };
      listed.subjects.push(subject);
      unseen.set(referrer.digest, listed);
    }
  }
  for (const digest of unseen.keys()) seen.add(digest);
  return [...unseen.values()];
}

function applyFilters(
  { subject, descriptors }: ReferrerList,
  filters: readonly ReferrerFilter[],
): ReferrerList {
  const isWanted = (descriptor: Descriptor): boolean =>
    filters.length === 0 || filters.some((filter) => matchesFilter(descriptor, filter));
  return { subject, descriptors: descriptors.filter(isWanted) };
}

function matchesFilter(
  descriptor: Descriptor,
  { artifactType, annotations = {} }: ReferrerFilter,
): boolean {
  if (artifactType && descriptor.artifactType !== artifactType) return false;
  return Object.entries(annotations).every(([key, value]) => {
    const found = descriptor.annotations?.[key];
    return found !== undefined && (value === "" || found === value);
  });
}

/** Removes referrers that are not copied, and referrers with another subject: the destination must not list them. */
function onlyCopied(
  { subject, descriptors }: ReferrerList,
  copied: ReadonlyMap<Digest, Digest | undefined>,
): ReferrerList {
  const isReferrer = ({ digest }: Descriptor): boolean =>
    copied.has(digest) && (copied.get(digest) ?? subject) === subject;
  return { subject, descriptors: descriptors.filter(isReferrer) };
}

/**
 * Replaces the descriptors of a list by those that the manifests make. The list of a source may lack the artifact type and the
 * annotations, which a destination without the referrers API cannot add.
 */
function describe(
  { subject, descriptors }: ReferrerList,
  referrers: readonly Referrer[],
): ReferrerList {
  const read = new Map(
    referrers.map(({ digest, node }) => [digest, node && toReferrerDescriptor(node)]),
  );
  const described = descriptors.map((listed) => read.get(listed.digest) ?? listed);
  return { subject, descriptors: described };
}

/**
 * The descriptor of a referrer in a list, made from its manifest. `undefined` if that was not read.
 *
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export function toReferrerDescriptor({ content, manifest }: TreeNode): Descriptor | undefined {
  if (!content || !manifest) return undefined;
  const { annotations } = manifest;
  const artifactType = manifest.artifactType ||
    (manifest.kind === "image" ? manifest.config.mediaType : undefined);
  return {
    mediaType: content.mediaType,
    digest: content.digest,
    size: content.bytes.byteLength,
    ...(artifactType ? { artifactType } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

function isNotEmpty({ descriptors }: ReferrerList): boolean {
  return descriptors.length > 0;
}

async function listEach(
  source: ContentSource,
  subjects: readonly Digest[],
  { signal, hasTag, onGap: warn }: ReferrerOptions,
): Promise<ReferrerList[]> {
  // The first request shows whether the registry has the referrers API. The others then need one request each.
  const [first, ...rest] = subjects;
  const list = async (subject: Digest): Promise<ReferrerList> => ({
    subject,
    descriptors: await source.listReferrers(subject, { signal, hasTag, warn }),
  });
  const lists = first ? [await list(first)] : [];
  lists.push(...await mapConcurrent(rest, CONCURRENCY, list, signal));
  return lists.filter(isNotEmpty);
}

async function readReferrer(
  source: ContentSource,
  { referrer, subjects }: Listed,
  { isKnown, warn, signal }: RelatedOptions,
): Promise<ReadReferrer> {
  const { digest, size } = referrer;
  if (await isKnown?.(referrer)) return { digest };
  const content = await source.fetchManifest(digest, { signal, size });
  if (!content) {
    warn(`referrer ${digest} is listed in ${source.name} but not found; it is not copied`);
    return "absent";
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

/** A digest tag of cosign and its manifest. */
export interface TaggedNode {
  /** The repository of the tag. */
  readonly source: string;
  readonly tag: string;
  readonly node: TreeNode;
}

/** The referrers and digest tags of an image. */
export interface Related {
  readonly rounds: readonly ReferrerRound[];
  readonly tagged: readonly TaggedNode[];
}

/** All manifests that were read, each with its children. */
export function listRelatedNodes({ rounds, tagged }: Related): TreeNode[] {
  const roots = [...rounds.flatMap(({ nodes }) => nodes), ...tagged.map(({ node }) => node)];
  return roots.flatMap(listNodes);
}

/** Finds the referrers and digest tags of the manifests, as `referrers` and `digestTags` select. */
export async function findRelated(
  { moreReferrers: more, ...repositories }: RelatedRepositories,
  digests: readonly Digest[],
  options: RelatedOptions,
): Promise<Related> {
  const [own, others] = await Promise.all([
    findRelatedIn(repositories, digests, options),
    more && findMore(more, digests, options),
  ]);
  if (!others) return own;
  // What both have is copied from the image's own repository.
  const found = own.rounds.flatMap(({ nodes, known }) => [
    ...nodes.map(({ descriptor }) => descriptor.digest),
    ...known.map(({ digest }) => digest),
  ]);
  const names = new Set<string>([...found, ...own.tagged.map(({ tag }) => tag)]);
  const rounds = others.rounds.map((round) => ({
    ...round,
    nodes: round.nodes.filter(({ descriptor }) => !names.has(descriptor.digest)),
    known: round.known.filter(({ digest }) => !names.has(digest)),
  }));
  const tagged = others.tagged.filter(({ tag }) => !names.has(tag));
  return { rounds: [...own.rounds, ...rounds], tagged: [...own.tagged, ...tagged] };
}

type RelatedRepositories = Pick<Repositories, "source" | "referrerSource" | "moreReferrers">;

/** Finds them in the known repository of further referrers. Nobody has named it, so that a failure is only a gap. */
async function findMore(
  { source, digestTags }: MoreReferrers,
  digests: readonly Digest[],
  options: RelatedOptions,
): Promise<Related | undefined> {
  const { onMoreGap: onGap = options.onGap ?? options.warn, signal } = options;
  try {
    return await findRelatedIn({ source, referrerSource: source }, digests, {
      ...options,
      digestTags: options.digestTags && digestTags,
      onGap,
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof CrossdockError)) throw error;
    onGap(`${error.message}; referrers in ${source.name} may be missing in the copy`);
    return undefined;
  }
}

async function findRelatedIn(
  { source, referrerSource }: Omit<RelatedRepositories, "moreReferrers">,
  digests: readonly Digest[],
  options: RelatedOptions,
): Promise<Related> {
  const mayShareTags = options.referrers && referrerSource === source;
  const candidates = digests.flatMap((digest) => [
    ...DIGEST_TAG_SUFFIXES.map((suffix) => digestTag(digest, suffix)),
    ...(mayShareTags ? [referrersTag(digest)] : []),
  ]).filter((tag) => tag !== undefined);
  const listing = options.digestTags ? listDigestTags(source, candidates, options) : undefined;
  listing?.catch(() => {}); // Awaited below. Prevents an unhandled rejection until then.
  // The list also has the fallback tags of referrers.
  const hasTag = listing && mayShareTags
    ? async (tag: string): Promise<boolean | undefined> => (await listing).has(tag)
    : undefined;
  const [rounds, tagged] = await Promise.all([
    options.referrers ? findReferrers(referrerSource, digests, { ...options, hasTag }) : [],
    listing ? listing.then(({ tags }) => readDigestTags(source, digests, tags, options)) : [],
  ]);
  return { rounds, tagged };
}

/** Reads the tags `sha256-….sig`, `.att` and `.sbom` of the manifests. */
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
    if (!content) return undefined;
    return { source: source.name, tag, node: await readTree(source, content, { signal }) };
  }, signal);
  return found.filter((tagged) => tagged !== undefined);
}

/** The tags that start with `sha256-`, or those of them that were requested. */
interface DigestTagList {
  readonly tags: ReadonlySet<string>;
  /** Whether the repository has a tag; `undefined` if that is unknown. */
  readonly has: (tag: string) => boolean | undefined;
}

const FIRST_TAG = "sha256-";

/**
 * Lists the tags that start with `sha256-`. The spec requires lexical order, so the pages after `sha256-` start with all of them.
 * Each possible digest tag is requested instead if the registry returns a full page out of order, more than `MAX_PAGES` pages, or an
 * error.
 *
 * @param candidates all possible tags
 */
async function listDigestTags(
  source: ContentSource,
  candidates: readonly string[],
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
        return await probeDigestTags(source, candidates, options);
      }
      if (isOrdered && (page.at(-1) ?? "") > "sha256-g") break;
    }
    return { tags, has: (tag) => tag.startsWith(FIRST_TAG) ? tags.has(tag) : undefined };
  } catch (error) {
    if (
      !(error instanceof CrossdockError) || error.code === "aborted" || error.code === "timeout"
    ) throw error;
    if (error.code !== "not_found") {
      warn(`${error.message}; each digest tag is requested separately instead`);
    }
    return await probeDigestTags(source, candidates, options);
  }
}

/** Limit of pages, after which requesting each tag is cheaper. */
const MAX_PAGES = 50;

/** Errors that the next request would meet too. A refusal of a digest tag alone does not end the copy. */
const FATAL_CODES: readonly ErrorCode[] = [
  "aborted",
  "timeout",
  "rate_limited",
  "unauthorized",
  "network",
  "tls",
];

async function probeDigestTags(
  source: ContentSource,
  candidates: readonly string[],
  { onGap, signal }: RelatedOptions,
): Promise<DigestTagList> {
  const failures: CrossdockError[] = [];
  const found = new Map<string, boolean>();
  await mapConcurrent(candidates, CONCURRENCY, async (tag) => {
    try {
      found.set(tag, await source.resolveManifest(tag, { signal }) !== undefined);
    } catch (error) {
      if (!onGap || !(error instanceof CrossdockError) || FATAL_CODES.includes(error.code)) {
        throw error;
      }
      failures.push(error);
    }
  }, signal);
  const [failure] = failures;
  if (failure) {
    onGap?.(
      `${failure.message}; signatures, attestations and SBOMs under digest tags may be missing in the copy`,
    );
  }
  const tags = new Set(candidates.filter((tag) => found.get(tag)));
  return { tags, has: (tag) => found.get(tag) };
}
