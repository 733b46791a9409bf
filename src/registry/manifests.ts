/**
 * Manifests, read and written as bytes.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests and #pushing-manifests
 */
import { toBytes } from "@std/streams/to-bytes";
import type { CallOptions, ManifestContent } from "../content.ts";
import { CrossdockError, SilenceError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes, isDigest } from "../oci/digest.ts";
import { MAX_MANIFEST_BYTES, parseManifest } from "../oci/manifest.ts";
import { MANIFEST_ACCEPT } from "../oci/media_types.ts";
import { limitBody } from "../streams/limit_body.ts";
import { parsePullsLeft } from "./pulls_left.ts";
import { hasErrorCode } from "./registry_error.ts";
import type { RepositoryContext } from "./repository_context.ts";

const HEADERS = { accept: MANIFEST_ACCEPT, "accept-encoding": "identity" };

/** HEAD, which costs no pull at Docker Hub. Becomes a GET where HEAD is refused or tells no digest, size or media type. */
export async function resolveManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  { signal }: CallOptions,
): Promise<Descriptor | undefined> {
  const { path, name, send } = context;
  const response = await send({
    method: "HEAD",
    target: path(`manifests/${tagOrDigest}`),
    what: `look up ${toName(name, tagOrDigest)}`,
    headers: HEADERS,
    accept: [200, 404, 405, 501],
    signal,
  });
  await response.body?.cancel();
  learnPulls(context, response);
  if (response.status === 404) return undefined;
  const digest = isDigest(tagOrDigest)
    ? tagOrDigest
    : response.headers.get("docker-content-digest");
  const size = Number(response.headers.get("content-length") ?? Number.NaN);
  const mediaType = mediaTypeOf(response);
  // No manifest is empty: a size of 0 is what some proxies make of an answer without a body.
  const isTold = Number.isSafeInteger(size) && size > 0 && mediaType !== "";
  if (response.status === 200 && digest && isDigest(digest) && isTold) {
    return { mediaType, digest, size };
  }
  const content = await fetchManifest(context, tagOrDigest, { signal });
  return content &&
    { mediaType: content.mediaType, digest: content.digest, size: content.bytes.byteLength };
}

/** GET, bounded and checked: what is given was hashed here. */
export async function fetchManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  { signal }: CallOptions,
): Promise<ManifestContent | undefined> {
  const { client, path, name, read } = context;
  const what = `read manifest ${toName(name, tagOrDigest)}`;
  const request = {
    method: "GET" as const,
    target: path(`manifests/${tagOrDigest}`),
    what,
    headers: HEADERS,
    accept: [200, 404],
    signal,
  };
  const done = context.beforePull?.(client.registry, client.learnt.pulls);
  const answer = await read(request, async (response) => {
    learnPulls(context, response);
    if (response.status === 200) {
      return { response, bytes: await readManifestBytes(context, response, what) };
    }
    await response.body?.cancel();
    return undefined;
  }).finally(done);
  if (!answer) return undefined;
  const { response, bytes } = answer;
  const promised = isDigest(tagOrDigest)
    ? tagOrDigest
    : response.headers.get("docker-content-digest");
  const algorithm = promised && isDigest(promised) ? digestAlgorithm(promised) : "sha256";
  const digest = await digestBytes(bytes, algorithm);
  if (promised && isDigest(promised) && promised !== digest) {
    throw new CrossdockError("integrity", `${what}: its bytes are ${digest}, not ${promised}`, {
      side: client.side,
      hint:
        "the registry or something before it gives other bytes than it says; nothing was written",
    });
  }
  return { bytes, digest, mediaType: parseManifest(bytes, mediaTypeOf(response)).mediaType };
}

/** PUT, under a tag or the digest. What lies beneath has to be there. */
export async function putManifest(
  context: RepositoryContext,
  content: ManifestContent,
  { tag, signal }: CallOptions & { tag?: string },
): Promise<void> {
  const { client, path, name, send } = context;
  const what = `put manifest ${toName(name, tag ?? content.digest)}`;
  const response = await send({
    method: "PUT",
    target: path(`manifests/${tag ?? content.digest}`),
    what,
    headers: { "content-type": content.mediaType },
    body: content.bytes,
    accept: [201, 200, 202, 204],
    signal,
  }).catch((error) => {
    throw explainRefusal(error, what);
  });
  await response.body?.cancel();
  const stored = response.headers.get("docker-content-digest");
  if (
    stored && isDigest(stored) && digestAlgorithm(stored) === digestAlgorithm(content.digest) &&
    stored !== content.digest
  ) {
    throw new CrossdockError(
      "integrity",
      `${what}: the registry stored ${stored}, not ${content.digest}`,
      {
        side: client.side,
        hint: "the registry changes manifests, so digests and signatures do not survive in it",
      },
    );
  }
  if (response.headers.has("oci-subject")) client.learnt.referrersApi = true;
}

/** `registry/repository:tag` or `registry/repository@digest`. */
export function toName(name: string, tagOrDigest: string): string {
  return isDigest(tagOrDigest) ? `${name}@${tagOrDigest}` : `${name}:${tagOrDigest}`;
}

/** Reads a body that must not be larger than a manifest may be. */
export async function readManifestBytes(
  { client }: Pick<RepositoryContext, "client">,
  response: Response,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (cause?: unknown): CrossdockError =>
    new CrossdockError(
      "limit",
      `${what}: it is larger than ${MAX_MANIFEST_BYTES} bytes, the most that a manifest may have`,
      {
        cause,
        side: client.side,
      },
    );
  if (Number(response.headers.get("content-length") ?? 0) > MAX_MANIFEST_BYTES) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const limits = {
    maxBytes: MAX_MANIFEST_BYTES,
    timeoutMs: client.timeoutMs,
    toSilence: () => new SilenceError(what, client.timeoutMs, { side: client.side }),
  };
  try {
    // A body is never in shared memory, which the signature of toBytes() leaves open.
    return await toBytes(limitBody(response, limits)) as Uint8Array<ArrayBuffer>;
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(error) : client.toReadError(error, what);
  }
}

/** A manifest that comes without a word of a limit: there is none, or none any more. */
function learnPulls({ client }: RepositoryContext, { status, headers }: Response): void {
  if (status === 200) client.learnt.pulls = parsePullsLeft(headers, client.runtime.now());
}

function mediaTypeOf(response: Response): string {
  return (response.headers.get("content-type") ?? "").split(";", 1)[0]?.trim() ?? "";
}

function explainRefusal(error: unknown, what: string): unknown {
  if (!hasErrorCode(error, "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN")) return error;
  return new CrossdockError("registry", error.message, {
    cause: error,
    side: error.side,
    hint:
      `the registry misses what ${
        what.replace(/^put /, "")
      } names: it lost a blob (then copy again with --recheck), or wants every platform of an index ` +
      "(then leave out --index sparse)",
  });
}
