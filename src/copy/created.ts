/** Finds the creation date of an image, for the age filters and sorting of sync rules. */
import type { ContentSource } from "../content.ts";
import { manifestChildren, MAX_INDEX_DEPTH, parseManifest } from "../oci/manifest.ts";
import type { Reference } from "../oci/reference.ts";
import { fetchRoot, readConfig } from "./inspect.ts";
import type { ReadOptions } from "./inspect.ts";

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys */
const CREATED = "org.opencontainers.image.created";

/**
 * Finds the creation date in the annotations of an image, or else in its config. For an index, the first image decides. Reads at
 * most one manifest per level and one config, and no layer.
 *
 * @returns `undefined` without a date, as for many artifacts
 * @throws CrossdockError `not_found` for a missing image, and the errors of `readConfig`
 */
export async function findCreated(
  reference: Reference,
  source: ContentSource,
  { timeoutMs, signal }: ReadOptions,
): Promise<Date | undefined> {
  let content = await fetchRoot(reference, source, { signal });
  for (let depth = 0; depth <= MAX_INDEX_DEPTH; depth++) {
    const manifest = parseManifest(content.bytes, content.mediaType);
    const date = toDate(manifest.annotations?.[CREATED]);
    if (date || manifest.kind === "artifact") return date;
    if (manifest.kind === "image") {
      const config = await readConfig(manifest, source, { timeoutMs, signal });
      return toDate((config?.content as { created?: unknown } | undefined)?.created);
    }
    // Attestations of BuildKit have an unknown platform and no date.
    const [child] = manifestChildren(manifest).filter(({ platform }) => platform?.os !== "unknown");
    const next = child && await source.fetchManifest(child.digest, { signal });
    if (!next) return undefined;
    content = next;
  }
  return undefined;
}

/** Parses RFC 3339, which the specification requires. */
function toDate(value: unknown): Date | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}T/.test(value)) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
