/** Reads the tree of manifests beneath a root, with limits on depth and width. */
import { ByteLimit } from "../byte_budget.ts";
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

/** Manifests or configs that are read in parallel. */
export const READ_CONCURRENCY = 16;

/** A manifest and its children. */
export interface TreeNode {
  readonly descriptor: Descriptor;
  /** Absent if `isKnown` skipped the manifest. */
  readonly content?: ManifestContent;
  readonly manifest?: Manifest;
  readonly children: readonly TreeNode[];
  /** True for an index that was rebuilt for selected platforms. The source does not have it. */
  readonly isRebuilt?: boolean;
}

export interface ReadTreeOptions extends CallOptions {
  /** Selects the entries of an index to read. Default: all. */
  readonly select?: ((entries: readonly Descriptor[]) => Descriptor[]) | undefined;
  /** Whether to skip reading a manifest, because its digest is enough. Not called for an index. */
  readonly isKnown?: ((descriptor: Descriptor) => Promise<boolean>) | undefined;
}

/**
 * Reads all manifests beneath a root. A manifest that is listed twice is read once.
 *
 * @throws CrossdockError `limit` for an index too deep or too wide or manifests above 64 MiB, `not_found` for a missing child, `integrity` for a descriptor
 * with the wrong size
 */
export async function readTree(
  source: ContentSource,
  root: ManifestContent,
  options: ReadTreeOptions = {},
): Promise<TreeNode> {
  const { mediaType, digest, bytes } = root;
  const descriptor = { mediaType, digest, size: bytes.byteLength };
  return await new TreeReader(source, options).read(root, descriptor, 0);
}

class TreeReader {
  readonly #source: ContentSource;
  readonly #options: ReadTreeOptions;
  readonly #nodes = new Map<Digest, Promise<TreeNode>>();
  /** For the sizes that indexes state, so that a tree that is too large is not read at all. */
  readonly #stated: ByteLimit;
  #count = 0;

  constructor(source: ContentSource, options: ReadTreeOptions) {
    this.#source = source;
    this.#options = options;
    this.#stated = new ByteLimit(`read manifests of ${source.name}`);
  }

  async read(content: ManifestContent, descriptor: Descriptor, depth: number): Promise<TreeNode> {
    const manifest = parseManifest(content.bytes, content.mediaType);
    const entries = manifestChildren(manifest);
    const selected = this.#options.select?.(entries) ?? entries;
    this.#checkLimits(selected.length, depth);
    const unread = selected.filter(({ digest }) => !this.#nodes.has(digest));
    const sizes = new Map(unread.map(({ digest, size }) => [digest, size]));
    this.#stated.takeText([...sizes.values()].reduce((sum, size) => sum + size, 0));
    this.#source.checkPulls?.(selected.map(({ digest }) => digest));
    const children = await mapConcurrent(
      selected,
      READ_CONCURRENCY,
      (child) => this.#readOnce(child, depth + 1),
      this.#options.signal,
    );
    return { descriptor, content, manifest, children };
  }

  #checkLimits(entries: number, depth: number): void {
    this.#count += entries;
    const name = this.#source.name;
    if (this.#count > MAX_INDEX_WIDTH) {
      const message = `image in ${name} has more than ${MAX_INDEX_WIDTH} manifests`;
      throw new CrossdockError("limit", message);
    }
    if (entries > 0 && depth >= MAX_INDEX_DEPTH) {
      const message = `image in ${name} has indexes nested deeper than ${MAX_INDEX_DEPTH}`;
      throw new CrossdockError("limit", message);
    }
  }

  #readOnce(child: Descriptor, depth: number): Promise<TreeNode> {
    const node = this.#nodes.get(child.digest) ?? this.#readChild(child, depth);
    this.#nodes.set(child.digest, node);
    return node;
  }

  async #readChild(child: Descriptor, depth: number): Promise<TreeNode> {
    if (!isIndexMediaType(child.mediaType) && await this.#options.isKnown?.(child)) {
      return { descriptor: child, children: [] };
    }
    return await this.read(await this.#fetchChild(child), child, depth);
  }

  async #fetchChild({ digest, size }: Descriptor): Promise<ManifestContent> {
    const { name } = this.#source;
    const { signal } = this.#options;
    const content = await this.#source.fetchManifest(digest, { signal, size });
    if (!content) {
      throw new CrossdockError(
        "not_found",
        `manifest ${digest} is listed in an index but not found in ${name}`,
        { hint: "the index is sparse; select platforms that exist with --platform" },
      );
    }
    if (content.bytes.byteLength !== size) {
      throw new CrossdockError(
        "integrity",
        `manifest ${digest} of ${name} has ${content.bytes.byteLength} bytes, expected ${size} from its index entry`,
      );
    }
    return content;
  }
}

/** All manifests of a tree, each once, children before parents. */
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

/** Levels of manifests beneath a node: 0 for an image, 1 for an index of images. */
export function heightOf(node: TreeNode): number {
  return node.children.reduce((height, child) => Math.max(height, heightOf(child) + 1), 0);
}

/**
 * The blobs of several manifests, each once.
 *
 * @throws CrossdockError `integrity` for a digest with two sizes
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
      else if (blob.data && !known.data) blobs.set(blob.digest, { ...known, data: blob.data });
    }
  }
  return [...blobs.values()];
}
