/** Reads one part of an image unchanged: its digest, its manifest or its config. Used by `digest` and `inspect --raw`. */
import type { CallOptions, ContentSource, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { manifestChildren, parseManifest } from "../oci/manifest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";
import { imageNotFound } from "./copy_error.ts";
import { fetchRoot, readConfigBytes } from "./inspect.ts";
import type { ReadOptions } from "./inspect.ts";
import { readWantedTree } from "./wanted_tree.ts";

/** As for all requests of an engine. */
const DEFAULT_TIMEOUT_MS = 60_000;

export interface ImageSelection extends CallOptions {
  /** The image of an index to read. Default: the index itself. An image that is no index is read in any case. */
  readonly platform?: Platform | undefined;
}

/**
 * Resolves a reference by HEAD, or the image of one platform by reading its index.
 *
 * @throws CrossdockError `not_found` for a missing image, `unsupported` for a platform that the index lacks
 */
export async function resolveDigest(
  reference: Reference,
  source: ContentSource,
  { platform, signal }: ImageSelection,
): Promise<Digest> {
  if (platform) {
    const root = await fetchRoot(reference, source, { signal });
    return await selectDigest(root, source, platform, signal);
  }
  const name = reference.digest ?? reference.tag ?? "latest";
  const found = await source.resolveManifest(name, { signal });
  if (!found) throw imageNotFound(reference);
  return found.digest;
}

/**
 * Fetches a manifest with its unchanged bytes.
 *
 * @throws CrossdockError as `resolveDigest` does
 */
export async function readManifest(
  reference: Reference,
  source: ContentSource,
  { platform, signal }: ImageSelection,
): Promise<ManifestContent> {
  const root = await fetchRoot(reference, source, { signal });
  if (!platform) return root;
  const digest = await selectDigest(root, source, platform, signal);
  return digest === root.digest
    ? root
    : await fetchRoot({ ...reference, digest }, source, { signal });
}

/**
 * Fetches the config blob of an image with its unchanged bytes.
 *
 * @throws CrossdockError as `readManifest` does; `unsupported` for content without a config
 */
export async function readRawConfig(
  reference: Reference,
  source: ContentSource,
  { platform, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: ImageSelection & Partial<ReadOptions>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes, mediaType } = await readManifest(reference, source, { platform, signal });
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind !== "image") throw noConfig(manifest, source.name);
  return await readConfigBytes(manifest.config, source, { timeoutMs, signal });
}

async function selectDigest(
  root: ManifestContent,
  source: ContentSource,
  platform: Platform,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const wanted = { platforms: [platform], index: "unwrap" } as const;
  // The digest is in the index, so the manifest of the platform is not read.
  const isKnown = (): Promise<boolean> => Promise.resolve(true);
  return (await readWantedTree(wanted, source, { root, isKnown, signal })).descriptor.digest;
}

function noConfig(manifest: Manifest, name: string): CrossdockError {
  const platforms = manifestChildren(manifest).flatMap(({ platform }) =>
    platform && platform.os !== "unknown" ? [formatPlatform(platform)] : []
  );
  const kind = manifest.kind === "index" ? "an index" : "an artifact manifest";
  return new CrossdockError("unsupported", `read config of ${name}: ${kind} has no config`, {
    side: "source",
    ...(platforms.length > 0
      ? { hint: `select an image with --platform: ${[...new Set(platforms)].join(", ")}` }
      : {}),
  });
}
