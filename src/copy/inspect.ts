/** Shows an image: its manifests, what they hold, and what belongs to it. */
import type { CallOptions, ContentSource, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { MAX_MANIFEST_BYTES } from "../oci/manifest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { formatPlatform } from "../oci/platform.ts";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { mapConcurrent } from "./concurrent.ts";
import { imageNotFound } from "./copy_error.ts";
import type { Inspection, ManifestNode } from "./model.ts";
import { readSmallBlob } from "./read_small_blob.ts";
import { findRelated } from "./related.ts";
import { listBlobs, listNodes, READ_CONCURRENCY, readTree } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

/** 4 MiB, as of a manifest: real configs have some kilobytes. */
const MAX_CONFIG_BYTES = MAX_MANIFEST_BYTES;

/** How blobs are read: the longest silence, and what ends it all. */
export interface ReadOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads an image's manifests, configs, referrers and digest tags; no layer.
 *
 * @throws CrossdockError `limit` for a config of more than 4 MiB, `integrity` for one that is not what its digest says
 */
export async function inspectImage(
  reference: Reference,
  source: ContentSource,
  { timeoutMs, signal }: ReadOptions,
): Promise<Inspection> {
  const content = await fetchRoot(reference, source, { signal });
  const tree = await readTree(source, content, { signal });
  const nodes = listNodes(tree);
  const digests = nodes.map(({ descriptor }) => descriptor.digest);
  // What refers to the image is named, not read.
  const isKnown = (): Promise<boolean> => Promise.resolve(true);
  const [{ rounds, tagged }, configs] = await Promise.all([
    findRelated({ source, referrerSource: source }, digests, {
      referrers: true,
      referrerFilters: [],
      digestTags: true,
      warn: () => {},
      isKnown,
      signal,
    }),
    mapConcurrent(
      nodes,
      READ_CONCURRENCY,
      ({ manifest }, signal) => readConfig(manifest, source, { timeoutMs, signal }),
      signal,
    ),
  ]);

  function show(node: TreeNode): ManifestNode {
    const { descriptor, manifest } = node;
    const i = digests.indexOf(descriptor.digest);
    const config = configs[i];
    const platform = descriptor.platform
      ? formatPlatform(descriptor.platform)
      : platformOf(config?.content);
    return {
      descriptor,
      kind: manifest?.kind ?? "image",
      ...(platform ? { platform } : {}),
      ...(manifest?.artifactType ? { artifactType: manifest.artifactType } : {}),
      ...(manifest?.annotations ? { annotations: manifest.annotations } : {}),
      ...(config ? { config } : {}),
      layers: manifest?.kind === "image"
        ? manifest.layers
        : manifest?.kind === "artifact"
        ? manifest.blobs
        : [],
      manifests: node.children.map(show),
      referrers: rounds.flatMap(({ lists }) => lists)
        .filter(({ subject }) => subject === descriptor.digest)
        .flatMap(({ descriptors }) => descriptors),
      digestTags: tagged
        .filter(({ tag }) => tag.startsWith(descriptor.digest.replace(":", "-")))
        .map(({ tag, node: { descriptor: { digest } } }) => ({ tag, digest })),
    };
  }

  return {
    reference: formatReference({ ...reference, digest: content.digest }),
    root: show(tree),
    totalBytes: listBlobs(nodes).reduce((sum, { size }) => sum + size, 0),
  };
}

/**
 * The manifest that a reference means.
 *
 * @throws CrossdockError `not_found`
 */
export async function fetchRoot(
  reference: Reference,
  source: ContentSource,
  { signal }: CallOptions,
): Promise<ManifestContent> {
  const content = await source.fetchManifest(reference.digest ?? reference.tag ?? "latest", {
    signal,
  });
  if (content) return content;
  throw imageNotFound(reference);
}

/**
 * An image's config, with its content where that is JSON.
 *
 * @throws CrossdockError `limit` where it has more than 4 MiB, `integrity` where it is not what its digest says
 */
export async function readConfig(
  manifest: Manifest | undefined,
  source: ContentSource,
  { timeoutMs, signal }: ReadOptions,
): Promise<ManifestNode["config"]> {
  if (manifest?.kind !== "image") return undefined;
  const descriptor = manifest.config;
  if (!/[/+]json$/.test(descriptor.mediaType)) return { descriptor };
  if (descriptor.size > MAX_CONFIG_BYTES) {
    throw new CrossdockError(
      "limit",
      `config ${descriptor.digest} of ${source.name} has ${descriptor.size} bytes, more than ${MAX_CONFIG_BYTES}`,
      { side: "source" },
    );
  }
  const response = await source.openBlob(descriptor, { signal });
  const options = { from: source.name, maxBytes: MAX_CONFIG_BYTES, timeoutMs, signal };
  const bytes = await readSmallBlob(response, descriptor, options);
  try {
    return { descriptor, content: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    return { descriptor };
  }
}

function platformOf(config: unknown): string | undefined {
  const { os, architecture, variant } = (config ?? {}) as Record<string, unknown>;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return formatPlatform({ os, architecture, ...(typeof variant === "string" ? { variant } : {}) });
}
