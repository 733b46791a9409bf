/**
 * Adds a blob to a repository: mounts it, or opens an upload and sends it in one request.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
import { abortable } from "../abortable.ts";
import type { Access } from "../auth/authenticator.ts";
import type { BeginBlobOptions, BlobStart, BlobUpload, CallOptions } from "../content.ts";
import { CrossdockError, UploadRetryError } from "../errors.ts";
import { digestAlgorithm, digestBytes, isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { mergeScopes } from "../auth/scope.ts";
import { readBody } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { parseChunkMax, parseChunkMin, sendChunks, smallerChunk } from "./chunked_upload.ts";
import { hasBlob } from "./blobs.ts";
import { sendEnsured } from "./ensure_repository.ts";
import { isDistributionLocation } from "./quirks.ts";
import { resolveLocation } from "./redirect.ts";
import { RegistryError } from "./registry_error.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { isUnanswered, isUnansweredCheck } from "./unanswered.ts";

/**
 * Checks for a blob and starts its upload if it is missing, in one request if the registry supports that. Tries mounts from other
 * repositories first. Then tries a mount from the repository itself, which answers 201 if the blob exists and else opens an
 * upload. Sends a HEAD to a registry that is not known to support this.
 */
export async function beginBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  { mountFrom = [], isMissing = false, signal }: BeginBlobOptions,
): Promise<BlobStart> {
  if (isMissing) {
    const location = await postUpload(context, descriptor, signal);
    return { state: "open", upload: openUpload(context, descriptor, location) };
  }
  for (const from of mountFrom) {
    const result = await tryMount(context, descriptor, from, signal);
    if (result.state === "mounted") return { state: "mounted", from };
    if (result.state === "open") {
      return await cancelIfPresent(context, descriptor, result.location, signal);
    }
  }
  const { memory } = context.client;
  if (memory.selfMount === false) return await checkThenOpen(context, descriptor, signal);
  const result = await postMount(context, descriptor, context.repository, signal)
    .catch((error): MountResult => {
      if (isRefusal(context, error)) return { state: "refused" };
      throw error;
    });
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
  if (await isPresent(context, descriptor, signal)) return { state: "present" };
  const location = await postUpload(context, descriptor, signal);
  return { state: "open", upload: openUpload(context, descriptor, location) };
}

/** Whether the repository has the blob. If that cannot be checked, the blob is uploaded. */
async function isPresent(
  context: RepositoryContext,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return await hasBlob(context, descriptor, { signal });
  } catch (error) {
    if (isUnansweredCheck(context.client, error)) return false;
    throw error;
  }
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
  const isChecked = await abortable(client.digestTrial, signal);
  client.memory.checksDigests = isChecked;
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
    const isRejected = error instanceof RegistryError && error.status === 400;
    // CNCF distribution has discarded the upload: registry/handlers/blobupload.go, `PutBlobUploadComplete`.
    if (!isRejected || !isDistributionLocation(location)) await upload.cancel();
    return isRejected;
  }
}

type MountResult =
  | { readonly state: "mounted" }
  | { readonly state: "open"; readonly location: URL }
  | { readonly state: "refused" };

/**
 * Mounts from another repository. A token server may reject the wider scope; that counts as a rejected mount, not as an error. A
 * repository that may not be read is not tried again.
 */
async function tryMount(
  context: RepositoryContext,
  descriptor: Descriptor,
  from: string,
  signal: AbortSignal | undefined,
): Promise<MountResult> {
  const { client: { deniedMounts }, repository } = context;
  const key = `${from} ${repository}`;
  if (deniedMounts.has(key)) return { state: "refused" };
  try {
    return await postMount(context, descriptor, from, signal);
  } catch (error) {
    const isDenied = error instanceof CrossdockError &&
      (error.code === "unauthorized" || error.code === "denied");
    if (isDenied) deniedMounts.add(key);
    if (isDenied || isRefusal(context, error)) return { state: "refused" };
    throw error;
  }
}

/** A mount is optional: only an upload shows whether the credential and the registry work. */
function isRefusal({ client }: RepositoryContext, error: unknown): boolean {
  // Either repository may be missing. The upload that follows shows whether it is this one.
  const isAbsence = error instanceof CrossdockError && error.code === "not_found";
  return isAbsence || isUnanswered(client, error);
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
  let serverErrors = 0;
  const response = await sendEnsured(context, {
    method: "POST",
    target,
    what,
    access: widened,
    accept: [201, 202],
    // A second failure is probably not about the load, and the upload that follows has its own retries.
    mayRepeat: (error) => !isUnanswered(context.client, error) || serverErrors++ === 0,
    signal,
  });
  await response.body?.cancel();
  if (response.status === 201) return { state: "mounted" };
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
  let isDone = true;
  try {
    isDone = await isPresent(context, descriptor, signal);
    return isDone ? { state: "present" } : { state: "open", upload };
  } finally {
    const cancelling = isDone ? upload.cancel() : undefined;
    // An aborted copy does not wait: the destination may be the reason for the abort.
    if (!signal?.aborted) await cancelling;
  }
}

function locationOf(
  { client }: RepositoryContext,
  response: Response,
  target: string,
  what: string,
): URL {
  client.memory.maxUploadBytes ??= parseChunkMax(response);
  client.memory.minChunkBytes ??= parseChunkMin(response);
  const from = client.urlOf(response) ?? client.resolve(target);
  return resolveLocation(response.headers.get("location"), from, what, client.side);
}

function openUpload(context: RepositoryContext, descriptor: Descriptor, location: URL): BlobUpload {
  const { client, name, send } = context;
  const { digest, size } = descriptor;
  return {
    async put(body, { signal } = {}): Promise<void> {
      const { memory } = client;
      const maxBytes = memory.maxUploadBytes ?? Infinity;
      const isPatched = size > maxBytes || (memory.acceptsPutBody === false && size > 0);
      const sent = { sizeBytes: Math.min(size, maxBytes), isPatched };
      const explain = (error: unknown): never => {
        throw toUploadRetry(context, error, sent);
      };
      const target = isPatched
        ? await sendChunks(context, location, toReader(body), { sizeBytes: size, maxBytes }, signal)
          .catch(explain)
        : location;
      const response = await send({
        method: "PUT",
        target: withDigest(target, digest),
        what: `upload blob ${digest} to ${name}`,
        headers: { "content-type": "application/octet-stream" },
        ...(isPatched
          ? {}
          : body instanceof Uint8Array
          ? { body }
          : { stream: { body, sizeBytes: size } }),
        // Registries older than the spec answer 200 or 204.
        accept: [201, 200, 204],
        mayRepeat: false,
        signal,
      }).catch(explain);
      if (!isPatched && size > 0) memory.acceptsPutBody = true;
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

/** Statuses of registries that accept a blob only by PATCH. */
const PUT_BODY_REFUSALS = new Set([404, 405, 411]);

/** Statuses of an upload that the registry has lost: it restarted, or another of its servers answered. */
const LOST_UPLOAD = new Set([404, 410, 416]);

/**
 * Converts an error of an upload to a temporary one if a new upload may succeed: in smaller requests, by PATCH, or after the
 * registry lost the upload. Records what the registry rejects.
 */
function toUploadRetry(
  { client: { memory, side } }: RepositoryContext,
  error: unknown,
  sent: { readonly sizeBytes: number; readonly isPatched: boolean },
): unknown {
  if (!(error instanceof RegistryError)) return error;
  const { status } = error;
  if (status === 413) {
    const bytes = smallerChunk(sent.sizeBytes, memory.minChunkBytes);
    if (bytes === undefined) return explainTooLarge(error, sent.sizeBytes);
    memory.maxUploadBytes = Math.min(bytes, memory.maxUploadBytes ?? bytes);
    return new UploadRetryError(error, `retrying in chunks of ${bytes} bytes`, { side });
  }
  if (!sent.isPatched && PUT_BODY_REFUSALS.has(status) && memory.acceptsPutBody !== true) {
    memory.acceptsPutBody = false;
    return new UploadRetryError(error, "retrying by PATCH", { side });
  }
  const codes = error.errors.map(({ code }) => code);
  const isLost = codes.includes("BLOB_UPLOAD_UNKNOWN") || codes.includes("BLOB_UPLOAD_INVALID") ||
    LOST_UPLOAD.has(status) && !codes.includes("NAME_UNKNOWN");
  if (!isLost) return error;
  // PATCH is no better: the upload was lost.
  if (sent.isPatched && memory.acceptsPutBody === false) memory.acceptsPutBody = undefined;
  return new CrossdockError(error.code, error.message, {
    cause: error,
    side,
    isTemporary: true,
    hint: "the registry lost the upload; if it has several servers, they must share their uploads",
  });
}

function explainTooLarge(error: RegistryError, sizeBytes: number): CrossdockError {
  return new CrossdockError("limit", error.message, {
    cause: error,
    side: error.side,
    hint: `a request of ${sizeBytes} bytes is too large for the registry or a proxy before it; ` +
      "raise the limit there (nginx: client_max_body_size)",
  });
}

function toReader(body: Uint8Array<ArrayBuffer> | Response | ChunkReader): ChunkReader {
  if (body instanceof Uint8Array) return readBody(new Response(body));
  return body instanceof Response ? readBody(body) : body;
}

/** Appends the digest as text, because the query of the Location may be signed. */
function withDigest(location: URL, digest: Digest): URL {
  const { href } = location;
  const separator = /[?&]$/.test(href) ? "" : href.includes("?") ? "&" : "?";
  return new URL(`${href}${separator}digest=${digest}`);
}
