/** Compares a copy with its source, to the last blob, moving none. */
import type { CallOptions, ContentSource } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isForeignLayer } from "../oci/media_types.ts";
import { formatReference } from "../oci/reference.ts";
import { mapConcurrent } from "./concurrent.ts";
import { fetchRoot } from "./inspect.ts";
import type { Difference, Verification } from "./model.ts";
import { findRelated } from "./related.ts";
import type { Repositories } from "./repositories.ts";
import type { CopyRequest } from "./request.ts";
import { listBlobs, listNodes } from "./tree.ts";
import type { TreeNode } from "./tree.ts";
import { readWantedTree } from "./wanted_tree.ts";

const CONCURRENCY = 16;

/**
 * Reads what the destination must have and asks for each part of it, by HEAD. Referrers are read and asked for where a copy
 * would have them.
 */
export async function verifyCopy(
  request: CopyRequest,
  repositories: Repositories,
  { signal }: CallOptions = {},
): Promise<Verification> {
  const { source, target, referrerTarget } = repositories;
  const differences: Difference[] = [];
  const root = await fetchRoot(request.source, source, { signal });
  const tree = await readWantedTree(request, source, { root, signal });
  const name = request.destination.tag ?? request.destination.digest ?? tree.descriptor.digest;
  await compareTag("tag", name, tree.descriptor.digest);

  const nodes = listNodes(tree);
  const digests = nodes.map(({ descriptor }) => descriptor.digest);
  const options = { ...request, warn: () => {}, signal };
  const { rounds, tagged } = await findRelated(repositories, digests, options);
  const referrers = rounds.flatMap((round) => round.nodes.flatMap(listNodes));
  await mapConcurrent(
    nodes,
    CONCURRENCY,
    ({ descriptor }) => compareManifest("manifest", descriptor.digest, target),
    signal,
  );
  await mapConcurrent(
    referrers,
    CONCURRENCY,
    ({ descriptor }) => compareManifest("referrer", descriptor.digest, referrerTarget),
    signal,
  );
  await mapConcurrent(
    rounds.flatMap(({ lists }) => lists),
    CONCURRENCY,
    async ({ subject, descriptors }) => {
      const present = new Set(
        (await referrerTarget.listReferrers(subject, { signal })).map(({ digest }) => digest),
      );
      for (const { digest } of descriptors) {
        const isReported = differences.some(({ what }) => what === digest);
        if (!present.has(digest) && !isReported) {
          differences.push({
            kind: "referrer",
            what: digest,
            state: "missing",
          });
        }
      }
    },
    signal,
  );
  await mapConcurrent(
    tagged,
    CONCURRENCY,
    ({ tag, node }) => compareTag("digest-tag", tag, node.descriptor.digest),
    signal,
  );

  const own = [...nodes, ...tagged.flatMap(({ node }) => listNodes(node))];
  const blobs = referrerTarget === target
    ? listBlobsOf([...own, ...referrers], target)
    : [...listBlobsOf(own, target), ...listBlobsOf(referrers, referrerTarget)];
  await mapConcurrent(blobs, CONCURRENCY, async ({ blob, repository }) => {
    if (await repository.hasBlob(blob, { signal })) return;
    differences.push({ kind: "blob", what: blob.digest, state: "missing" });
  }, signal);

  /** Each blob once, and where it has to be. */
  function listBlobsOf(
    nodes: readonly TreeNode[],
    repository: ContentSource,
  ): { blob: Descriptor; repository: ContentSource }[] {
    return listBlobs(nodes)
      .filter((blob) => request.foreignLayers || !isForeignLayer(blob))
      .map((blob) => ({ blob, repository }));
  }

  async function compareTag(kind: Difference["kind"], tag: string, wanted: Digest): Promise<void> {
    const found = await target.resolveManifest(tag, { signal });
    if (!found) differences.push({ kind, what: tag, state: "missing" });
    else if (found.digest !== wanted) {
      differences.push({ kind, what: tag, state: "different", wanted, found: found.digest });
    }
  }

  async function compareManifest(
    kind: Difference["kind"],
    digest: Digest,
    repository: ContentSource,
  ): Promise<void> {
    if (await repository.resolveManifest(digest, { signal })) return;
    differences.push({ kind, what: digest, state: "missing" });
  }

  return {
    source: formatReference({ ...request.source, digest: root.digest }),
    destination: formatReference(request.destination),
    equal: differences.length === 0,
    differences,
    checked: {
      manifests: nodes.length,
      blobs: blobs.length,
      referrers: referrers.length + tagged.length,
    },
  };
}
