/** Selects platforms of an index, and rebuilds or unwraps the index. */
import type { ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { manifestChildren, rebuildIndex } from "../oci/manifest.ts";
import { formatPlatform, matchesPlatform } from "../oci/platform.ts";
import type { Platform } from "../oci/platform.ts";
import { isBlobEntry, isIndexMediaType } from "../oci/media_types.ts";
import { listNodes } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

/** BuildKit lists an attestation in the index with an unknown platform, and names its image in this annotation. */
const ATTESTED_DIGEST = "vnd.docker.reference.digest";

/** Whether an entry of an index belongs to the wanted platforms. `siblings` are all entries of that index. */
export function isSelected(
  entry: Descriptor,
  siblings: readonly Descriptor[],
  wanted: readonly Platform[],
): boolean {
  if (isIndexMediaType(entry.mediaType)) return true;
  const attested = entry.annotations?.[ATTESTED_DIGEST];
  if (attested !== undefined) {
    return siblings.some((sibling) => sibling.digest === attested && matchesAny(sibling, wanted));
  }
  return matchesAny(entry, wanted);
}

/** Whether an entry of an index is an image of the platform, or an index that may contain one. */
export function mayContain({ mediaType, platform }: Descriptor, wanted: Platform): boolean {
  return isIndexMediaType(mediaType) || platform !== undefined && matchesPlatform(wanted, platform);
}

function matchesAny({ platform }: Descriptor, wanted: readonly Platform[]): boolean {
  return platform !== undefined && wanted.some((want) => matchesPlatform(want, platform));
}

/**
 * Checks that each wanted platform exists.
 *
 * @throws CrossdockError `unsupported` with the missing platforms, and the available ones as hint
 */
export function requirePlatforms(
  entries: readonly Descriptor[],
  wanted: readonly Platform[],
  name: string,
): void {
  const missing = wanted.filter((want) =>
    !entries.some(({ platform }) => platform && matchesPlatform(want, platform))
  );
  if (missing.length === 0) return;
  const offered = entries
    .filter(({ platform }) => platform && platform.os !== "unknown")
    .map(({ platform }) => platform ? formatPlatform(platform) : "");
  throw new CrossdockError(
    "unsupported",
    `${name} has no platform ${missing.map(formatPlatform).join(", ")}`,
    {
      side: "source",
      hint: offered.length > 0
        ? `available platforms: ${[...new Set(offered)].join(", ")}`
        : "the source lists no platforms; it is probably not an index",
    },
  );
}

/** The selected image in a tree of indexes, or the tree itself if it contains no image. */
export function unwrapTree(root: TreeNode): TreeNode {
  if (root.manifest?.kind !== "index") return root;
  const image = listNodes(root).find(({ manifest }) => manifest?.kind !== "index");
  if (!image) return root;
  const { platform: _, ...descriptor } = image.descriptor;
  return { ...image, descriptor };
}

/** Rebuilds indexes to list only the selected entries. Nested indexes are rebuilt first, because their digests change. */
export async function rebuildTree(root: TreeNode): Promise<TreeNode> {
  if (!root.content || root.manifest?.kind !== "index") return root;
  const rebuilt = await Promise.all(root.children.map(rebuildTree));
  const children = rebuilt.filter((child) =>
    child.manifest?.kind !== "index" || child.children.length > 0
  );
  const replaced = new Map<Digest, Descriptor>();
  root.children.forEach((child, i) => {
    const now = rebuilt[i];
    if (now && now.descriptor.digest !== child.descriptor.digest) {
      replaced.set(child.descriptor.digest, now.descriptor);
    }
  });
  const selected = new Set(
    root.children.filter((_, i) => children.includes(rebuilt[i] as TreeNode)).map((child) =>
      child.descriptor.digest
    ),
  );
  if (
    replaced.size === 0 &&
    manifestChildren(root.manifest).every((entry) => selected.has(entry.digest))
  ) return root;
  const bytes = new Uint8Array(
    rebuildIndex(
      root.content.bytes,
      (entry) => selected.has(entry.digest) || isBlobEntry(entry),
      replaced,
    ),
  );
  const content: ManifestContent = {
    bytes,
    mediaType: root.content.mediaType,
    digest: await digestBytes(bytes, digestAlgorithm(root.content.digest)),
  };
  const { platform: _, ...descriptor } = root.descriptor;
  return {
    content,
    children,
    isRebuilt: true,
    manifest: root.manifest,
    descriptor: { ...descriptor, digest: content.digest, size: bytes.byteLength },
  };
}
