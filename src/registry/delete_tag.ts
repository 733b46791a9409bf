/**
 * Deleting a tag, and it alone.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-tags
 */
import type { CallOptions, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestBytes } from "../oci/digest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../oci/media_types.ts";
import { fetchManifest, putManifest, toName } from "./manifests.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { beginBlob } from "./uploads.ts";

const DELETED = [200, 202, 204];

/** How a registry says that it does not delete tags, or that there is no such tag. */
const REFUSED = [400, 404, 405];

/**
 * Deletes a tag. Its manifest stays, under its digest and under whatever other tags it has.
 *
 * CNCF distribution before 3 deletes by digest alone, and with the digest goes every tag of it. There the tag is first moved to
 * a manifest that nothing else names, and that one is deleted; not before it was tried whether the registry deletes at all.
 *
 * @throws CrossdockError `unsupported` where it does not
 */
export async function deleteTag(
  context: RepositoryContext,
  tag: string,
  { signal }: CallOptions,
): Promise<void> {
  if (await sendDelete(context, tag, [...DELETED, ...REFUSED], signal)) return;
  const current = await fetchManifest(context, tag, { signal });
  if (!current) return;
  await requireDeletes(context, tag, signal);
  const stand = await makeStandIn(context);
  await putManifest(context, stand, { tag, signal });
  try {
    await sendDelete(context, stand.digest, DELETED, signal);
  } catch (error) {
    // Without the caller's signal: the tag is not to be left behind where it is now.
    await putManifest(context, current, { tag });
    throw error;
  }
}

/** Puts a manifest that no tag names and deletes it. */
async function requireDeletes(
  context: RepositoryContext,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { client, name } = context;
  const trial = await makeStandIn(context);
  const blob = await describeEmpty();
  const start = await beginBlob(context, blob, { signal });
  if (start.state === "open") await start.upload.put(EMPTY, { signal });
  await putManifest(context, trial, { signal });
  if (await sendDelete(context, trial.digest, [...DELETED, ...REFUSED], signal)) return;
  throw new CrossdockError(
    "unsupported",
    `delete tag ${toName(name, tag)}: ${client.registry} deletes neither tags nor manifests`,
    {
      side: client.side,
      hint: "have deletion turned on there, or leave prune out of the rule",
    },
  );
}

/** @returns whether it was deleted */
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

async function describeEmpty(): Promise<Descriptor> {
  return { mediaType: OCI_EMPTY, digest: await digestBytes(EMPTY), size: EMPTY.byteLength };
}

/** A manifest that no other one equals. */
async function makeStandIn({ client: { runtime } }: RepositoryContext): Promise<ManifestContent> {
  const config = await describeEmpty();
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
