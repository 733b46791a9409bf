/**
 * Bringing a blob into a repository: mount it, or open an upload and send it whole.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
import type { Access } from "../auth/authenticator.ts";
import type { BlobStart, BlobUpload, CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { digestBytes } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { mergeScopes } from "../auth/scope.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { hasBlob } from "./blobs.ts";
import { isDistributionLocation } from "./quirks.ts";
import { resolveLocation } from "./redirect.ts";
import { hasErrorCode, RegistryError } from "./registry_error.ts";
import type { RepositoryContext } from "./repository_context.ts";

/** A mount that fails so becomes an upload: nothing optional is fatal. */
const MOUNT_REFUSALS = [400, 401, 403, 404, 405];

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
  if (learnt.selfMount === false) {
    if (await hasBlob(context, descriptor, { signal })) return { state: "present" };
    return {
      state: "open",
      upload: openUpload(context, descriptor, await postUpload(context, descriptor, signal)),
    };
  }
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
  return await beginBlob(context, descriptor, { signal });
}

/**
 * Whether the registry refuses a blob under a wrong digest: as listed, or tried once a client with a single byte.
 */
export async function checksDigests(
  context: RepositoryContext,
  { signal }: CallOptions,
): Promise<boolean> {
  const { client } = context;
  if (client.learnt.checksDigests !== undefined) return client.learnt.checksDigests;
  const random = new TextEncoder().encode(
    `crossdock ${client.runtime.now()} ${client.runtime.random()}`,
  );
  const descriptor = {
    mediaType: "application/octet-stream",
    digest: await digestBytes(random),
    size: 1,
  };
  const upload = openUpload(context, descriptor, await postUpload(context, descriptor, signal));
  try {
    await upload.put(new Uint8Array([0]), { signal });
    client.learnt.checksDigests = false;
  } catch (error) {
    client.learnt.checksDigests = hasErrorCode(error, "DIGEST_INVALID", "BLOB_UPLOAD_INVALID") ||
      error instanceof RegistryError && error.status === 400;
    await upload.cancel();
  }
  return client.learnt.checksDigests;
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
  const { client, path, name, repository, access, send } = context;
  const isSelf = from === repository;
  const what = isSelf
    ? `ask ${name} for blob ${digest}`
    : `mount blob ${digest} from ${from} into ${name}`;
  const target = path(`blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`);
  const widened: Access = isSelf
    ? access
    : { ...access, scopes: mergeScopes(access.scopes, [{ repository: from, actions: ["pull"] }]) };
  const response = await send({
    method: "POST",
    target,
    what,
    access: widened,
    accept: [201, 202, ...(isSelf ? [400, 404, 405] : MOUNT_REFUSALS)],
    signal,
  });
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
  const { client, path, name, access, send } = context;
  const what = `begin upload of blob ${digest} to ${name}`;
  const target = path("blobs/uploads/");
  const response = await send({
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
  return resolveLocation(response.headers.get("location"), client.resolve(target), what);
}

function openUpload(context: RepositoryContext, descriptor: Descriptor, location: URL): BlobUpload {
  const { client, name, access, send } = context;
  const { digest, size } = descriptor;
  return {
    async put(body, { signal } = {}) {
      const response = await send({
        method: "PUT",
        target: withDigest(location, digest),
        what: `upload blob ${digest} to ${name}`,
        headers: { "content-type": "application/octet-stream" },
        ...(body instanceof Uint8Array
          ? { body }
          : { stream: { body: body as Response | ChunkReader, sizeBytes: size } }),
        // 200 and 204 come from registries that are older than the spec.
        accept: [201, 200, 204],
        mayRepeat: false,
        signal,
      });
      await response.body?.cancel();
      const stored = response.headers.get("docker-content-digest");
      if (stored && stored !== digest && stored.split(":")[0] === digest.split(":")[0]) {
        throw new CrossdockError(
          "integrity",
          `upload blob ${digest} to ${name}: it was stored as ${stored}`,
          {
            side: client.side,
          },
        );
      }
    },
    async cancel() {
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

/** The Location's own query is not touched: it may be signed. */
function withDigest(location: URL, digest: Digest): URL {
  return new URL(`${location.href}${location.search ? "&" : "?"}digest=${digest}`);
}
