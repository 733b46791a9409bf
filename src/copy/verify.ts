/** Verifies a copy: checks by HEAD that the destination has every manifest, tag and blob of the source. Transfers no blob. */
import type { CallOptions, ContentSource } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isForeignLayer } from "../oci/media_types.ts";
import { formatReference } from "../oci/reference.ts";
import { kindOfReferrer } from "../oci/referrer_kind.ts";
import type { ReferrerKind } from "../oci/referrer_kind.ts";
import { mapConcurrent } from "./concurrent.ts";
import { fetchRoot } from "./inspect.ts";
import type { Difference, Verification } from "./model.ts";
import { countReferrers, kindOfTag } from "./referrer_state.ts";
import { findRelated, toReferrerDescriptor } from "./related.ts";
import type { ReferrerList, Related, TaggedNode } from "./related.ts";
import { withBoundSources } from "./repositories.ts";
import type { Repositories } from "./repositories.ts";
import type { CopyRequest } from "./request.ts";
import { listBlobs, listNodes } from "./tree.ts";
import type { TreeNode } from "./tree.ts";
import { readWantedTree } from "./wanted_tree.ts";

const CONCURRENCY = 16;

/** The content that the destination must have. */
interface Expected {
  readonly related: Related;
  /** Whether some referrers could not be listed. */
  readonly isPartial: boolean;
  /** The manifests of the image. */
  readonly nodes: readonly TreeNode[];
  readonly referrers: readonly TreeNode[];
  readonly referrerLists: readonly ReferrerList[];
  readonly digestTags: readonly TaggedNode[];
}

/** A tag, or a digest in place of one, and the digest that it must resolve to. */
interface ExpectedTag {
  readonly tag: string;
  readonly digest: Digest;
}

/** A blob and the repository that must have it. */
interface ExpectedBlob {
  readonly blob: Descriptor;
  readonly repository: ContentSource;
}

/**
 * Reads the manifests of the source and checks each part at the destination. Referrers and digest tags are checked if the request
 * includes them.
 *
 * @throws CrossdockError `not_found` for a missing source, and the errors of reading it; missing content at the destination is a
 * difference and no error
 */
export async function verifyCopy(
  request: CopyRequest,
  repositories: Repositories,
  options: CallOptions = {},
): Promise<Verification> {
  return await withBoundSources(repositories, (bounded) => compare(request, bounded, options));
}

async function compare(
  request: CopyRequest,
  repositories: Repositories,
  { signal }: CallOptions,
): Promise<Verification> {
  const { source, target, referrerTarget } = repositories;
  const root = await fetchRoot(request.source, source, { signal });
  const tree = await readWantedTree(request, source, { root, signal });
  const differences = await checkTags("tag", toExpectedTags(tree, request), target, signal);

  const expected = await readExpected(tree, request, repositories, signal);
  const { nodes, related, isPartial, referrers, referrerLists, digestTags } = expected;
  differences.push(...await checkManifests("manifest", nodes, target, signal));
  differences.push(...await checkManifests("referrer", referrers, referrerTarget, signal));
  const unlisted = await findUnlisted(referrerLists, referrerTarget, signal);
  differences.push(...toNewDifferences(unlisted, differences));
  const tags = digestTags.map(({ tag, node }) => ({ tag, digest: node.descriptor.digest }));
  differences.push(...await checkTags("digest-tag", tags, target, signal));
  const blobs = listExpectedBlobs(expected, request, repositories);
  differences.push(...await checkBlobs(blobs, signal));
  const missing = toMissing(related, differences);
  const imageBlobs = new Set(listBlobs(nodes).map(({ digest }) => digest as string));
  const isOfImage = ({ kind, what }: Difference): boolean =>
    kind === "tag" || kind === "manifest" || kind === "blob" && imageBlobs.has(what);

  return {
    source: formatReference({ ...request.source, digest: root.digest }),
    destination: formatReference(request.destination),
    equal: differences.length === 0,
    state: differences.length === 0
      ? "equal"
      : differences.some(isOfImage)
      ? "different"
      : "incomplete",
    ...(request.referrers || request.digestTags
      ? { referrerState: countReferrers(related, { referrers: missing, tags: missing }, isPartial) }
      : {}),
    differences: withKinds(differences, related),
    checked: {
      manifests: nodes.length,
      blobs: blobs.length,
      referrers: referrers.length + digestTags.length,
    },
  };
}

/** The tags and the digest that the request names. The root manifest is checked by its own digest, so that one is left out. */
function toExpectedTags(
  { descriptor }: TreeNode,
  { destination, additionalTags = [] }: CopyRequest,
): ExpectedTag[] {
  const { digest } = descriptor;
  const named = destination.digest === digest ? undefined : destination.digest;
  const tags = [destination.tag, named, ...additionalTags].filter((tag) => tag !== undefined);
  return (tags.length > 0 ? tags : [digest]).map((tag) => ({ tag, digest }));
}

/** What is missing, with the referrers and digest tags that lack a part: a signature without its blob is none. */
function toMissing({ rounds, tagged }: Related, differences: readonly Difference[]): Set<string> {
  const missing = new Set(differences.map(({ what }) => what));
  const related = [
    ...rounds.flatMap(({ nodes }) => nodes.map((node) => ({ name: node.descriptor.digest, node }))),
    ...tagged.map(({ tag, node }) => ({ name: tag, node })),
  ];
  for (const { name, node } of related) {
    const nodes = listNodes(node);
    const parts = [...nodes.map(({ descriptor }) => descriptor), ...listBlobs(nodes)];
    if (parts.some(({ digest }) => missing.has(digest))) missing.add(name);
  }
  return missing;
}

/** Adds the kind to each difference of a referrer or a digest tag. */
function withKinds(differences: readonly Difference[], { rounds, tagged }: Related): Difference[] {
  const nodes = rounds.flatMap((round) => round.nodes);
  const kinds = new Map<string, ReferrerKind>([
    ...nodes.map((node): [string, ReferrerKind] => [
      node.descriptor.digest,
      kindOfReferrer(toReferrerDescriptor(node) ?? node.descriptor),
    ]),
    ...tagged.map((tag): [string, ReferrerKind] => [tag.tag, kindOfTag(tag)]),
  ]);
  return differences.map((difference) => {
    const { kind, what } = difference;
    const referrerKind = kind === "referrer" || kind === "digest-tag" ? kinds.get(what) : undefined;
    return referrerKind ? { ...difference, referrerKind } : difference;
  });
}

async function readExpected(
  tree: TreeNode,
  request: CopyRequest,
  repositories: Repositories,
  signal: AbortSignal | undefined,
): Promise<Expected> {
  const nodes = listNodes(tree);
  const digests = nodes.map(({ descriptor }) => descriptor.digest);
  let isPartial = false;
  const onMoreGap = (): void => void (isPartial = true);
  const options = { ...request, warn: () => {}, onMoreGap, signal };
  const related = await findRelated(repositories, digests, options);
  const { rounds, tagged } = related;
  return {
    nodes,
    related,
    isPartial,
    referrers: rounds.flatMap((round) => round.nodes.flatMap(listNodes)),
    referrerLists: rounds.flatMap(({ lists }) => lists),
    digestTags: tagged,
  };
}

async function checkTags(
  kind: "tag" | "digest-tag",
  tags: readonly ExpectedTag[],
  target: ContentSource,
  signal: AbortSignal | undefined,
): Promise<Difference[]> {
  const found = await mapConcurrent(tags, CONCURRENCY, async ({ tag, digest }) => {
    const current = await target.resolveManifest(tag, { signal });
    return toTagDifference(kind, { tag, digest }, current?.digest);
  }, signal);
  return found.filter((difference) => difference !== undefined);
}

function toTagDifference(
  kind: "tag" | "digest-tag",
  { tag, digest }: ExpectedTag,
  found: Digest | undefined,
): Difference | undefined {
  if (found === digest) return undefined;
  if (found === undefined) return { kind, what: tag, state: "missing" };
  return { kind, what: tag, state: "different", wanted: digest, found };
}

async function checkManifests(
  kind: "manifest" | "referrer",
  nodes: readonly TreeNode[],
  repository: ContentSource,
  signal: AbortSignal | undefined,
): Promise<Difference[]> {
  const isPresent = await mapConcurrent(nodes, CONCURRENCY, async ({ descriptor }) => {
    return await repository.resolveManifest(descriptor.digest, { signal }) !== undefined;
  }, signal);
  return nodes.filter((_, i) => !isPresent[i])
    .map(({ descriptor }) => ({ kind, what: descriptor.digest, state: "missing" }));
}

/** The referrers that the source lists for a subject and the destination does not. */
async function findUnlisted(
  lists: readonly ReferrerList[],
  target: ContentSource,
  signal: AbortSignal | undefined,
): Promise<Digest[]> {
  const unlisted = await mapConcurrent(lists, CONCURRENCY, async ({ subject, descriptors }) => {
    const present = await target.listReferrers(subject, { signal });
    const digests = new Set(present.map(({ digest }) => digest));
    return descriptors.map(({ digest }) => digest).filter((digest) => !digests.has(digest));
  }, signal);
  return unlisted.flat();
}

/** A referrer that is missing is also not listed; it is reported once. */
function toNewDifferences(
  unlisted: readonly Digest[],
  differences: readonly Difference[],
): Difference[] {
  const reported = new Set(differences.map(({ what }) => what));
  return [...new Set(unlisted)].filter((digest) => !reported.has(digest))
    .map((digest) => ({ kind: "referrer", what: digest, state: "missing" }));
}

/** Each blob once per repository. */
function listExpectedBlobs(
  { nodes, referrers, digestTags }: Expected,
  { foreignLayers }: CopyRequest,
  { target, referrerTarget }: Repositories,
): ExpectedBlob[] {
  const imageNodes = [...nodes, ...digestTags.flatMap(({ node }) => listNodes(node))];
  const listIn = (repository: ContentSource, nodes: readonly TreeNode[]): ExpectedBlob[] =>
    listBlobs(nodes)
      .filter((blob) => foreignLayers || !isForeignLayer(blob))
      .map((blob) => ({ blob, repository }));
  return referrerTarget === target
    ? listIn(target, [...imageNodes, ...referrers])
    : [...listIn(target, imageNodes), ...listIn(referrerTarget, referrers)];
}

async function checkBlobs(
  blobs: readonly ExpectedBlob[],
  signal: AbortSignal | undefined,
): Promise<Difference[]> {
  const isPresent = await mapConcurrent(
    blobs,
    CONCURRENCY,
    ({ blob, repository }) => repository.hasBlob(blob, { signal }),
    signal,
  );
  return blobs.filter((_, i) => !isPresent[i])
    .map(({ blob }) => ({ kind: "blob", what: blob.digest, state: "missing" }));
}
