/**
 * Deletes one tag and no other tag of the same manifest.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-tags
 */
import type { CallOptions, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestBytes } from "../oci/digest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../oci/media_types.ts";
import { fetchManifest, putManifest, toName } from "./manifests.ts";
import { quirksOf } from "./quirks.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { beginBlob } from "./uploads.ts";

const DELETED = [200, 202, 204];

/** The registry does not support deleting tags, or the tag does not exist. */
const REFUSED = [400, 404, 405];

/**
 * Deletes a tag. Its manifest stays available by digest and by its other tags.
 *
 * CNCF distribution before 3 deletes only by digest, which removes every tag of that digest. There the tag is first moved to a
 * unique placeholder manifest, and the placeholder is deleted. Before that, a trial manifest shows whether the registry deletes
 * at all.
 *
 * @throws CrossdockError `unsupported` if the registry deletes neither tags nor manifests
 */
export async function deleteTag(
  context: RepositoryContext,
  tag: string,
  { signal }: CallOptions,
): Promise<void> {
  requireDeletion(toName(context.name, tag));
  if (await sendDelete(context, tag, [...DELETED, ...REFUSED], signal)) return;
  const current = await fetchManifest(context, tag, { signal });
  if (!current) return;
  await tryDeletion(context, tag, signal);
  const placeholder = await createPlaceholder(context);
  await putManifest(context, placeholder, { tag, signal });
  try {
    await sendDelete(context, placeholder.digest, DELETED, signal);
  } catch (error) {
    // Without the caller's signal: the tag must not stay on the placeholder.
    await putManifest(context, current, { tag });
    throw error;
  }
}

/**
 * Rejects a tag of a registry that is known to delete nothing.
 *
 * @throws CrossdockError `unsupported`
 */
export function requireDeletion(name: string): void {
  const [registry = ""] = name.split("/", 1);
  if (quirksOf(registry).deletesTags === false) {
    throw new CrossdockError("unsupported", `delete tag ${name}: ${deletesNothing(registry)}`, {
      side: "destination",
      hint: "delete it on the page of the registry, and remove prune from the rule",
    });
  }
}

function deletesNothing(registry: string): string {
  return `${registry} deletes neither tags nor manifests`;
}

/** Uploads an untagged manifest and deletes it, to check that the registry supports deletion. */
async function tryDeletion(
  context: RepositoryContext,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { client, name } = context;
  const trial = await createPlaceholder(context);
  const blob = await emptyDescriptor();
  const start = await beginBlob(context, blob, { signal });
  if (start.state === "open") await start.upload.put(EMPTY, { signal });
  await putManifest(context, trial, { signal });
  if (await sendDelete(context, trial.digest, [...DELETED, ...REFUSED], signal)) return;
  throw new CrossdockError(
    "unsupported",
    `delete tag ${toName(name, tag)}: ${deletesNothing(client.registry)}`,
    {
      side: client.side,
      hint: "enable deletion at the registry, or remove prune from the rule",
    },
  );
}

/** @returns whether the registry deleted it */
async function sendDelete(
  { send, path, name }: RepositoryContext,
  tagOrDigest: string,
  accept: readonly number[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const response = await send({
    method: "DELETE",
    target: path(`manifests/${tagOrDigest}`),
    what: `delete ${toName(name, tagOrDigest)}`,
    accept,
    signal,
  });
  await response.body?.cancel();
  return DELETED.includes(response.status);
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor */
const EMPTY = new TextEncoder().encode("{}") as Uint8Array<ArrayBuffer>;

async function emptyDescriptor(): Promise<Descriptor> {
  return { mediaType: OCI_EMPTY, digest: await digestBytes(EMPTY), size: EMPTY.byteLength };
}

/** Creates a manifest with a unique digest. */
async function createPlaceholder(
  { client: { runtime } }: RepositoryContext,
): Promise<ManifestContent> {
  const config = await emptyDescriptor();
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: "application/vnd.crossdock.deleted.v1+json",
    config,
    layers: [config],
    annotations: { "crossdock.deleted": `${runtime.now()} ${runtime.random()}` },
  });
  const bytes = new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
  return { bytes, digest: await digestBytes(bytes), mediaType: OCI_MANIFEST };
}
