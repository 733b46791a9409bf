/** The manifests beneath a root, read from a repository within bounds. */
import type { CallOptions, ContentSource, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import {
  manifestBlobs,
  manifestChildren,
  MAX_INDEX_DEPTH,
  MAX_INDEX_WIDTH,
  parseManifest,
} from "../oci/manifest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { isIndexMediaType } from "../oci/media_types.ts";
import { mapConcurrent } from "./concurrent.ts";

/** Manifests, or their configs, that are read at once. */
export const READ_CONCURRENCY = 16;

/** A manifest and what is beneath it. */
export interface TreeNode {
  readonly descriptor: Descriptor;
  /** Absent where the walk was told to leave the manifest alone. */
  readonly content?: ManifestContent;
  readonly manifest?: Manifest;
  readonly children: readonly TreeNode[];
  /** The source does not have it: an index made anew for some platforms. */
  readonly isRebuilt?: boolean;
}

export interface ReadTreeOptions extends CallOptions {
  /** Picks the entries of an index that are part of the copy; all of them without. */
  readonly select?: ((entries: readonly Descriptor[]) => Descriptor[]) | undefined;
  /** Manifests whose digest is all that is wanted: they are not read. Never asked about an index. */
  readonly isKnown?: ((descriptor: Descriptor) => Promise<boolean>) | undefined;
}

/**
 * Reads all that lies beneath a manifest. A manifest that is named twice is read once.
 *
 * @throws CrossdockError `limit` for an index too deep or too wide, `not_found` for a child that is not there, `integrity`
 * where a descriptor's size is not that of the manifest
 */
export async function readTree(
  source: ContentSource,
  root: ManifestContent,
  { select, isKnown, signal }: ReadTreeOptions = {},
): Promise<TreeNode> {
  const nodes = new Map<Digest, Promise<TreeNode>>();
  let count = 0;

  async function visit(
    content: ManifestContent,
    descriptor: Descriptor,
    depth: number,
  ): Promise<TreeNode> {
    const manifest = parseManifest(content.bytes, content.mediaType);
    const entries = manifestChildren(manifest);
    const selected = select?.(entries) ?? entries;
    count += selected.length;
    if (count > MAX_INDEX_WIDTH) throw tooLarge(source, `more than ${MAX_INDEX_WIDTH} manifests`);
    if (selected.length > 0 && depth >= MAX_INDEX_DEPTH) {
      throw tooLarge(source, `indexes nested deeper than ${MAX_INDEX_DEPTH}`);
    }
    source.checkPulls?.(selected.map(({ digest }) => digest));
    const children = await mapConcurrent(
      selected,
      READ_CONCURRENCY,
      (child) => visitOnce(child, depth + 1),
      signal,
    );
    return { descriptor, content, manifest, children };
  }

  function visitOnce(child: Descriptor, depth: number): Promise<TreeNode> {
    let node = nodes.get(child.digest);
    if (!node) {
      node = readChild(child, depth);
      nodes.set(child.digest, node);
    }
    return node;
  }

  async function readChild(child: Descriptor, depth: number): Promise<TreeNode> {
    if (!isIndexMediaType(child.mediaType) && await isKnown?.(child)) {
      return { descriptor: child, children: [] };
    }
    const content = await source.fetchManifest(child.digest, { signal });
    if (!content) {
      throw new CrossdockError(
        "not_found",
        `manifest ${child.digest} is named by an index and not in ${source.name}`,
        {
          hint: "the index is sparse; copy the platforms that are there with --platform",
        },
      );
    }
    if (content.bytes.byteLength !== child.size) {
      throw new CrossdockError(
        "integrity",
        `manifest ${child.digest} of ${source.name} has ${content.bytes.byteLength} bytes, not ${child.size} as the index says`,
      );
    }
    return await visit(content, child, depth);
  }

  const descriptor = {
    mediaType: root.mediaType,
    digest: root.digest,
    size: root.bytes.byteLength,
  };
  return await visit(root, descriptor, 0);
}

/** Every manifest of a tree, each once, children before their parents. */
export function listNodes(root: TreeNode): TreeNode[] {
  const seen = new Map<Digest, TreeNode>();
  function visit(node: TreeNode): void {
    if (seen.has(node.descriptor.digest)) return;
    node.children.forEach(visit);
    seen.set(node.descriptor.digest, node);
  }
  visit(root);
  return [...seen.values()];
}

/** How many manifests lie beneath a node at most: 0 for an image, 1 for an index of images. */
export function heightOf(node: TreeNode): number {
  return node.children.reduce((height, child) => Math.max(height, heightOf(child) + 1), 0);
}

/**
 * The blobs of several manifests, each once.
 *
 * @throws CrossdockError `integrity` where two descriptors give one digest two sizes
 */
export function listBlobs(nodes: readonly TreeNode[]): Descriptor[] {
  const blobs = new Map<Digest, Descriptor>();
  for (const { manifest } of nodes) {
    for (const blob of manifest ? manifestBlobs(manifest) : []) {
      const known = blobs.get(blob.digest);
      if (known && known.size !== blob.size) {
        throw new CrossdockError(
          "integrity",
          `blob ${blob.digest} has ${known.size} bytes in one manifest and ${blob.size} in another`,
        );
      }
      if (!known) blobs.set(blob.digest, blob);
    }
  }
  return [...blobs.values()];
}

function tooLarge(source: ContentSource, what: string): CrossdockError {
  return new CrossdockError("limit", `image in ${source.name} has ${what}`);
}
