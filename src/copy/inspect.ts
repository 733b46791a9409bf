/** Inspects an image: its manifests, configs, layers, referrers and digest tags. */
import { withBudget } from "../byte_budget.ts";
import type { ByteBudget } from "../byte_budget.ts";
import type { CallOptions, ContentSource, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { manifestBlobs, MAX_MANIFEST_BYTES } from "../oci/manifest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { formatPlatform } from "../oci/platform.ts";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { BoundedSource } from "./bounded_source.ts";
import { mapConcurrent } from "./concurrent.ts";
import { imageNotFound } from "./copy_error.ts";
import type { Inspection, ManifestNode } from "./model.ts";
import { fetchSmallBlob } from "./read_small_blob.ts";
import { findRelated } from "./related.ts";
import type { Related } from "./related.ts";
import type { Repositories } from "./repositories.ts";
import { listBlobs, listNodes, READ_CONCURRENCY, readTree } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

/** 4 MiB, like a manifest. Real configs have some kilobytes. */
const MAX_CONFIG_BYTES = MAX_MANIFEST_BYTES;

interface InspectOptions extends ReadOptions {
  readonly moreReferrers?: Repositories["moreReferrers"];
}

export interface ReadOptions {
  /** Idle timeout. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Counts the configs, which stay in memory. Default: a budget until the config is read. */
  readonly budget?: ByteBudget | undefined;
}

/** The config of a manifest, with its parsed content if that is JSON. */
type Config = ManifestNode["config"];

/** Data about the manifests of an image, by digest or subject. */
interface Details extends Related {
  readonly configs: ReadonlyMap<Digest, Config>;
}

/**
 * Reads the manifests and configs of an image, and lists its referrers and digest tags. Reads no layer.
 *
 * @throws CrossdockError `not_found` for a missing image, `limit` for a config above 4 MiB or content above 64 MiB, `integrity` for a config that does
 * not match its digest
 */
export async function inspectImage(
  reference: Reference,
  source: ContentSource,
  options: InspectOptions,
): Promise<Inspection> {
  return await withBudget(`inspect ${source.name}`, { side: "source" }, (budget) => {
    const bounded = new BoundedSource(source, budget);
    const { moreReferrers: more } = options;
    const moreReferrers = more && { ...more, source: new BoundedSource(more.source, budget) };
    return readInspection(reference, bounded, { ...options, moreReferrers, budget });
  });
}

async function readInspection(
  reference: Reference,
  source: ContentSource,
  { timeoutMs, signal, budget, moreReferrers }: InspectOptions,
): Promise<Inspection> {
  const content = await fetchRoot(reference, source, { signal });
  const tree = await readTree(source, content, { signal });
  const nodes = listNodes(tree);
  const [related, configs] = await Promise.all([
    listRelated(nodes, { source, referrerSource: source, moreReferrers }, { signal }),
    readConfigs(nodes, source, { timeoutMs, signal, budget }),
  ]);
  return {
    reference: formatReference({ ...reference, digest: content.digest }),
    root: toManifestNode(tree, { ...related, configs }),
    totalBytes: listBlobs(nodes).reduce((sum, { size }) => sum + size, 0),
  };
}

/** Lists referrers and digest tags. `isKnown` is always true, so that no referrer is read. */
async function listRelated(
  nodes: readonly TreeNode[],
  repositories: Omit<Repositories, "target" | "referrerTarget">,
  { signal }: CallOptions,
): Promise<Related> {
  const digests = nodes.map(({ descriptor }) => descriptor.digest);
  return await findRelated(repositories, digests, {
    referrers: true,
    referrerFilters: [],
    digestTags: true,
    warn: () => {},
    isKnown: () => Promise.resolve(true),
    signal,
  });
}

async function readConfigs(
  nodes: readonly TreeNode[],
  source: ContentSource,
  { timeoutMs, signal, budget }: ReadOptions,
): Promise<Map<Digest, Config>> {
  const configs = await mapConcurrent(
    nodes,
    READ_CONCURRENCY,
    ({ manifest }, signal) => readConfig(manifest, source, { timeoutMs, signal, budget }),
    signal,
  );
  return new Map(nodes.map(({ descriptor }, i) => [descriptor.digest, configs[i]]));
}

function toManifestNode(node: TreeNode, details: Details): ManifestNode {
  const { descriptor, manifest } = node;
  const config = details.configs.get(descriptor.digest);
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
    layers: listLayers(manifest),
    manifests: node.children.map((child) => toManifestNode(child, details)),
    referrers: details.rounds.flatMap(({ lists }) => lists)
      .filter(({ subject }) => subject === descriptor.digest)
      .flatMap(({ descriptors }) => descriptors),
    digestTags: details.tagged
      .filter(({ tag }) => tag.startsWith(descriptor.digest.replace(":", "-")))
      .map(({ tag, node: { descriptor: { digest } } }) => ({ tag, digest })),
  };
}

function listLayers(manifest: Manifest | undefined): readonly Descriptor[] {
  if (manifest?.kind === "image") return manifest.layers;
  return manifest ? manifestBlobs(manifest) : [];
}

/**
 * Fetches the manifest of a reference.
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
 * Reads the config of an image. `content` is absent if it is not JSON.
 *
 * @returns `undefined` for an index and for an artifact
 * @throws CrossdockError `limit` for more than 4 MiB, `integrity` for content that does not match the digest
 */
export async function readConfig(
  manifest: Manifest | undefined,
  source: ContentSource,
  { timeoutMs, signal, budget }: ReadOptions,
): Promise<Config> {
  if (manifest?.kind !== "image") return undefined;
  const descriptor = manifest.config;
  if (!/[/+]json$/.test(descriptor.mediaType)) return { descriptor };
  const bytes = await readConfigBytes(descriptor, source, { timeoutMs, signal, budget });
  try {
    return { descriptor, content: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    return { descriptor };
  }
}

/**
 * Reads the config blob of an image.
 *
 * @throws CrossdockError `limit` for more than 4 MiB, `integrity` for content that does not match the digest
 */
export async function readConfigBytes(
  descriptor: Descriptor,
  source: ContentSource,
  { timeoutMs, signal, budget }: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!budget) {
    return await withBudget(`read config of ${source.name}`, { side: "source" }, (budget) => {
      return readConfigBytes(descriptor, source, { timeoutMs, signal, budget });
    });
  }
  if (descriptor.size > MAX_CONFIG_BYTES) {
    throw new CrossdockError(
      "limit",
      `config ${descriptor.digest} of ${source.name} has ${descriptor.size} bytes, expected at most ${MAX_CONFIG_BYTES}`,
      { side: "source" },
    );
  }
  return await budget.holdText(descriptor.size, async (text) => {
    const bytes = await fetchSmallBlob(source, descriptor, {
      timeoutMs,
      signal,
      onBytes: (bytes) => text.add(bytes),
    });
    text.addValues(bytes);
    return bytes;
  });
}

function platformOf(config: unknown): string | undefined {
  const { os, architecture, variant } = (config ?? {}) as Record<string, unknown>;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return formatPlatform({ os, architecture, ...(typeof variant === "string" ? { variant } : {}) });
}
