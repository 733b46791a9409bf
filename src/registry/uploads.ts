/**
 * Bringing a blob into a repository: mount it, or open an upload and send it whole.
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

/** A mount that fails so, or by 404, becomes an upload: nothing optional is fatal. */
const MOUNT_REFUSALS = [400, 401, 403, 405];

/**
 * Asks for a blob and begins to put it there, in one request where the registry can do that: first by mounts from other
 * repositories, then by a mount from the repository itself, which answers 201 when the blob is there and opens an upload
 * when it is not. Where a registry is not known to work so, a HEAD settles it.
 */
export async function beginBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  { mountFrom = [], signal }: CallOptions & { mountFrom?: readonly string[] },
): Promise<BlobStart> {
  for (const from of mountFrom) {
    const answer = await tryMount(context, descriptor, from, signal);
    if (answer.state === "mounted") return { state: "mounted", from };
    if (answer.state === "open") {
      return await keepUnlessPresent(context, descriptor, answer.location, signal);
    }
  }
  const { learnt } = context.client;
  if (learnt.selfMount === false) return await lookThenOpen(context, descriptor, signal);
  const answer = await postMount(context, descriptor, context.repository, signal);
  if (answer.state === "mounted") {
    learnt.selfMount = true;
    return { state: "present" };
  }
  if (answer.state === "open" && (learnt.selfMount || isDistributionLocation(answer.location))) {
    return { state: "open", upload: openUpload(context, descriptor, answer.location) };
  }
  learnt.selfMount ??= false;
  if (answer.state === "open") {
    return await keepUnlessPresent(context, descriptor, answer.location, signal);
  }
  return await lookThenOpen(context, descriptor, signal);
}

/** The spec's own way: two requests for a blob that has to be sent. */
async function lookThenOpen(
  context: RepositoryContext,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<BlobStart> {
  if (await hasBlob(context, descriptor, { signal })) return { state: "present" };
  const location = await postUpload(context, descriptor, signal);
  return { state: "open", upload: openUpload(context, descriptor, location) };
}

/**
 * Whether the registry refuses a blob under a wrong digest: as listed, or tried once a client with a single byte. Blobs that ask
 * at the same time wait for the same answer.
 */
export async function checksDigests(
  context: RepositoryContext,
  { signal }: CallOptions,
): Promise<boolean> {
  const { client } = context;
  signal?.throwIfAborted();
  if (client.learnt.checksDigests !== undefined) return client.learnt.checksDigests;
  client.digestTrial ??= tryWrongDigest(context).finally(() => client.digestTrial = undefined);
  const answer = await client.digestTrial;
  client.learnt.checksDigests = answer;
  signal?.throwIfAborted();
  return answer;
}

/** Without a caller's signal: others may wait for the answer. */
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

type MountAnswer =
  | { readonly state: "mounted" }
  | { readonly state: "open"; readonly location: URL }
  | { readonly state: "refused" };

/** A token server may refuse the wider scope outright; that is a mount refused and no more. */
async function tryMount(
  context: RepositoryContext,
  descriptor: Descriptor,
  from: string,
  signal: AbortSignal | undefined,
): Promise<MountAnswer> {
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
): Promise<MountAnswer> {
  const { path, name, repository, access } = context;
  const isSelf = from === repository;
  const what = isSelf
    ? `ask ${name} for blob ${digest}`
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
    // Either repository may be the one that is missing. Whether this one is, an upload will show.
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
  const what = `begin upload of blob ${digest} to ${name}`;
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

/** An upload was opened by a registry that may have the blob all the same. */
async function keepUnlessPresent(
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
  client.learnt.maxUploadBytes ??= parseChunkMax(response);
  return resolveLocation(response.headers.get("location"), client.resolve(target), what);
}

function openUpload(context: RepositoryContext, descriptor: Descriptor, location: URL): BlobUpload {
  const { client, name, send } = context;
  const { digest, size } = descriptor;
  return {
    async put(body, { signal } = {}): Promise<void> {
      const maxBytes = client.learnt.maxUploadBytes ?? Infinity;
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
        // 200 and 204 come from registries that are older than the spec.
        accept: [201, 200, 204],
        mayRepeat: false,
        signal,
      }).catch((error) => {
        throw isChunked ? error : learnFromRefusal(context, error, size);
      });
      await response.body?.cancel();
      const stored = response.headers.get("docker-content-digest");
      if (
        stored && isDigest(stored) && stored !== digest &&
        digestAlgorithm(stored) === digestAlgorithm(digest)
      ) {
        throw new CrossdockError(
          "integrity",
          `upload blob ${digest} to ${name}: it was stored as ${stored}`,
          {
            side: client.side,
          },
        );
      }
    },
    async cancel(): Promise<void> {
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
        // The registry clears forgotten uploads by itself; there is nothing to tell the user.
      }
    },
  };
}

/** A body that is too large for one request is worth another try: in pieces. */
function learnFromRefusal(
  { client: { learnt, side } }: RepositoryContext,
  error: unknown,
  sizeBytes: number,
): unknown {
  if (!(error instanceof RegistryError) || error.status !== 413) return error;
  if (sizeBytes <= DEFAULT_CHUNK_BYTES && learnt.maxUploadBytes === undefined) return error;
  learnt.maxUploadBytes ??= DEFAULT_CHUNK_BYTES;
  return new CrossdockError("limit", `${error.message}; it is sent in pieces instead`, {
    cause: error,
    side,
    isTemporary: true,
    retryAfterMs: 0,
  });
}

function toReader(body: Response | ChunkReader): ChunkReader {
  return body instanceof Response ? readBody(body) : body;
}

/** The Location's own query is not touched: it may be signed. */
function withDigest(location: URL, digest: Digest): URL {
  const { href } = location;
  const separator = /[?&]$/.test(href) ? "" : href.includes("?") ? "&" : "?";
  return new URL(`${href}${separator}digest=${digest}`);
}
