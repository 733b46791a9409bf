/**
 * Adds a blob to a repository: mounts it, or opens an upload and sends it in one request.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
import type { Access } from "../auth/authenticator.ts";
import type { BlobStart, BlobUpload, CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { digestAlgorithm, digestBytes, isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { mergeScopes } from "../auth/scope.ts";
import { readBody } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { DEFAULT_CHUNK_BYTES, parseChunkMax, sendChunks } from "./chunked_upload.ts";
import { hasBlob } from "./blobs.ts";
import { sendEnsured } from "./ensure_repository.ts";
import { isDistributionLocation } from "./quirks.ts";
import { resolveLocation } from "./redirect.ts";
import { RegistryError } from "./registry_error.ts";
import type { RepositoryContext } from "./repository_context.ts";

/** Statuses of a rejected mount, besides 404. An upload follows, because a mount is optional. */
const MOUNT_REFUSALS = [400, 401, 403, 405];

/**
 * Checks for a blob and starts its upload if it is missing, in one request if the registry supports that. Tries mounts from other
 * repositories first. Then tries a mount from the repository itself, which answers 201 if the blob exists and else opens an
 * upload. Sends a HEAD to a registry that is not known to support this.
 */
export async function beginBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  { mountFrom = [], signal }: CallOptions & { mountFrom?: readonly string[] },
): Promise<BlobStart> {
  for (const from of mountFrom) {
    const result = await tryMount(context, descriptor, from, signal);
    if (result.state === "mounted") return { state: "mounted", from };
    if (result.state === "open") {
      return await cancelIfPresent(context, descriptor, result.location, signal);
    }
  }
  const { memory } = context.client;
  if (memory.selfMount === false) return await checkThenOpen(context, descriptor, signal);
  const result = await postMount(context, descriptor, context.repository, signal);
  if (result.state === "mounted") {
    memory.selfMount = true;
    return { state: "present" };
  }
  if (result.state === "open" && (memory.selfMount || isDistributionLocation(result.location))) {
    return { state: "open", upload: openUpload(context, descriptor, result.location) };
  }
  memory.selfMount ??= false;
  if (result.state === "open") {
    return await cancelIfPresent(context, descriptor, result.location, signal);
  }
  return await checkThenOpen(context, descriptor, signal);
}

/** The sequence of the spec: two requests before a missing blob is sent. */
async function checkThenOpen(
  context: RepositoryContext,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<BlobStart> {
  if (await hasBlob(context, descriptor, { signal })) return { state: "present" };
  const location = await postUpload(context, descriptor, signal);
  return { state: "open", upload: openUpload(context, descriptor, location) };
}

/**
 * Whether the registry rejects a blob under a wrong digest: a listed fact, or the result of one trial upload of a single byte per
 * client. Concurrent calls wait for the same trial.
 */
export async function checksDigests(
  context: RepositoryContext,
  { signal }: CallOptions,
): Promise<boolean> {
  const { client } = context;
  signal?.throwIfAborted();
  if (client.memory.checksDigests !== undefined) return client.memory.checksDigests;
  client.digestTrial ??= tryWrongDigest(context).finally(() => client.digestTrial = undefined);
  const isChecked = await client.digestTrial;
  client.memory.checksDigests = isChecked;
  signal?.throwIfAborted();
  return isChecked;
}

/** Does not take the caller's signal: other callers may wait for the same result. */
async function tryWrongDigest(
  context: RepositoryContext,
): Promise<boolean> {
  const { runtime } = context.client;
  const random = new TextEncoder().encode(`crossdock ${runtime.now()} ${runtime.random()}`);
  const descriptor = {
    mediaType: "application/octet-stream",
    digest: await digestBytes(random),
    size: 1,
  };
  const location = await postUpload(context, descriptor, undefined);
  const upload = openUpload(context, descriptor, location);
  try {
    await upload.put(new Uint8Array([0]));
    return false;
  } catch (error) {
    await upload.cancel();
    return error instanceof RegistryError && error.status === 400;
  }
}

type MountResult =
  | { readonly state: "mounted" }
  | { readonly state: "open"; readonly location: URL }
  | { readonly state: "refused" };

/** A token server may reject the wider scope. That counts as a rejected mount, not as an error. */
async function tryMount(
  context: RepositoryContext,
  descriptor: Descriptor,
  from: string,
  signal: AbortSignal | undefined,
): Promise<MountResult> {
  try {
    return await postMount(context, descriptor, from, signal);
  } catch (error) {
    const isRefusal = error instanceof CrossdockError &&
      (error.code === "unauthorized" || error.code === "denied");
    if (isRefusal) return { state: "refused" };
    throw error;
  }
}

async function postMount(
  context: RepositoryContext,
  { digest }: Descriptor,
  from: string,
  signal: AbortSignal | undefined,
): Promise<MountResult> {
  const { path, name, repository, access } = context;
  const isSelf = from === repository;
  const what = isSelf
    ? `check for blob ${digest} in ${name}`
    : `mount blob ${digest} from ${from} into ${name}`;
  const target = path(`blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`);
  const widened: Access = isSelf
    ? access
    : { ...access, scopes: mergeScopes(access.scopes, [{ repository: from, actions: ["pull"] }]) };
  const response = await sendEnsured(context, {
    method: "POST",
    target,
    what,
    access: widened,
    accept: [201, 202, ...(isSelf ? [400, 405] : MOUNT_REFUSALS)],
    signal,
  }).catch((error) => {
    // Either repository may be missing. The upload that follows shows whether it is this one.
    if (error instanceof CrossdockError && error.code === "not_found") return undefined;
    throw error;
  });
  if (!response) return { state: "refused" };
  await response.body?.cancel();
  if (response.status === 201) return { state: "mounted" };
  if (response.status !== 202) return { state: "refused" };
  return { state: "open", location: locationOf(context, response, target, what) };
}

async function postUpload(
  context: RepositoryContext,
  { digest }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<URL> {
  const { path, name } = context;
  const what = `start upload of blob ${digest} to ${name}`;
  const target = path("blobs/uploads/");
  const response = await sendEnsured(context, {
    method: "POST",
    target,
    what,
    accept: [202],
    signal,
  });
  await response.body?.cancel();
  return locationOf(context, response, target, what);
}

/** Keeps an open upload, or cancels it if the registry already has the blob. */
async function cancelIfPresent(
  context: RepositoryContext,
  descriptor: Descriptor,
  location: URL,
  signal: AbortSignal | undefined,
): Promise<BlobStart> {
  const upload = openUpload(context, descriptor, location);
  if (!(await hasBlob(context, descriptor, { signal }))) return { state: "open", upload };
  await upload.cancel();
  return { state: "present" };
}

function locationOf(
  { client }: RepositoryContext,
  response: Response,
  target: string,
  what: string,
): URL {
  client.memory.maxUploadBytes ??= parseChunkMax(response);
  return resolveLocation(response.headers.get("location"), client.resolve(target), what);
}

function openUpload(context: RepositoryContext, descriptor: Descriptor, location: URL): BlobUpload {
  const { client, name, send } = context;
  const { digest, size } = descriptor;
  return {
    async put(body, { signal } = {}): Promise<void> {
      const maxBytes = client.memory.maxUploadBytes ?? Infinity;
      const isChunked = size > maxBytes && !(body instanceof Uint8Array);
      const target = isChunked
        ? await sendChunks(context, location, toReader(body), { sizeBytes: size, maxBytes }, signal)
        : location;
      const response = await send({
        method: "PUT",
        target: withDigest(target, digest),
        what: `upload blob ${digest} to ${name}`,
        headers: { "content-type": "application/octet-stream" },
        ...(body instanceof Uint8Array
          ? { body }
          : isChunked
          ? {}
          : { stream: { body, sizeBytes: size } }),
        // Registries older than the spec answer 200 or 204.
        accept: [201, 200, 204],
        mayRepeat: false,
        signal,
      }).catch((error) => {
        throw isChunked ? error : toChunkedRetry(context, error, size);
      });
      await response.body?.cancel();
      const stored = response.headers.get("docker-content-digest");
      if (
        stored && isDigest(stored) && stored !== digest &&
        digestAlgorithm(stored) === digestAlgorithm(digest)
      ) {
        throw new CrossdockError(
          "integrity",
          `upload blob ${digest} to ${name}: the registry stored ${stored}`,
          {
            side: client.side,
          },
        );
      }
    },
    async cancel(): Promise<void> {
      // A Location elsewhere would choose the host and the path that the DELETE reaches.
      if (location.origin !== client.resolve("/").origin) return;
      try {
        const what = `cancel upload to ${name}`;
        const accept = [200, 202, 204, 400, 401, 403, 404, 405];
        const response = await send({
          method: "DELETE",
          target: location,
          what,
          accept,
          mayRepeat: false,
        });
        await response.body?.cancel();
      } catch {
        // Ignored: the registry discards unfinished uploads after a while.
      }
    },
  };
}

/** Converts a 413 to a temporary error and records the limit, so that the retry sends the blob in chunks. */
function toChunkedRetry(
  { client: { memory, side } }: RepositoryContext,
  error: unknown,
  sizeBytes: number,
): unknown {
  if (!(error instanceof RegistryError) || error.status !== 413) return error;
  if (sizeBytes <= DEFAULT_CHUNK_BYTES && memory.maxUploadBytes === undefined) return error;
  memory.maxUploadBytes ??= DEFAULT_CHUNK_BYTES;
  return new CrossdockError("limit", `${error.message}; retrying in chunks`, {
    cause: error,
    side,
    isTemporary: true,
    retryAfterMs: 0,
  });
}

function toReader(body: Response | ChunkReader): ChunkReader {
  return body instanceof Response ? readBody(body) : body;
}

/** Appends the digest as text, because the query of the Location may be signed. */
function withDigest(location: URL, digest: Digest): URL {
  const { href } = location;
  const separator = /[?&]$/.test(href) ? "" : href.includes("?") ? "&" : "?";
  return new URL(`${href}${separator}digest=${digest}`);
}
