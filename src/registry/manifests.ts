/**
 * Resolves, fetches and uploads manifests as bytes.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests and #pushing-manifests
 */
import { toBytes } from "@std/streams/to-bytes";
import { withBudget } from "../byte_budget.ts";
import type { HeldText } from "../byte_budget.ts";
import type { CallOptions, FetchManifestOptions, ManifestContent } from "../content.ts";
import { CrossdockError, MissingContentError, SilenceError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes, isDigest } from "../oci/digest.ts";
import { MAX_MANIFEST_BYTES, parseManifest } from "../oci/manifest.ts";
import { MANIFEST_ACCEPT } from "../oci/media_types.ts";
import { explainBody } from "../streams/explain_body.ts";
import { limitBody } from "../streams/limit_body.ts";
import { parsePullsLeft } from "./pulls_left.ts";
import { hasErrorCode, RegistryError } from "./registry_error.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { isUnansweredCheck } from "./unanswered.ts";

const HEADERS = { accept: MANIFEST_ACCEPT, "accept-encoding": "identity" };

/** Resolves by HEAD, which Docker Hub does not count as a pull. Uses GET if HEAD fails or lacks digest, size or media type. */
export async function resolveManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  { signal }: CallOptions,
): Promise<Descriptor | undefined> {
  const { client, path, name, send } = context;
  const response = await send({
    method: "HEAD",
    target: path(`manifests/${tagOrDigest}`),
    what: `resolve ${toName(name, tagOrDigest)}`,
    headers: HEADERS,
    accept: [200, 404],
    signal,
  }).catch((error) => {
    if (isUnansweredCheck(client, error)) return error;
    throw error;
  });
  if (response instanceof CrossdockError) {
    // HEAD has used up the retries.
    return await resolveByGet(context, tagOrDigest, { signal, mayRepeat: !response.isTemporary });
  }
  await response.body?.cancel();
  recordPulls(context, response);
  if (response.status === 404) {
    await requireRegistry(context, response, { signal });
    return undefined;
  }
  const digest = isDigest(tagOrDigest)
    ? tagOrDigest
    : response.headers.get("docker-content-digest");
  const size = Number(response.headers.get("content-length") ?? Number.NaN);
  const mediaType = mediaTypeOf(response);
  // No manifest is empty: some proxies set Content-Length to 0 on a response without a body.
  const isComplete = Number.isSafeInteger(size) && size > 0 && mediaType !== "";
  if (digest && isDigest(digest) && isComplete && !isWebPage(response)) {
    return { mediaType, digest, size };
  }
  return await resolveByGet(context, tagOrDigest, { signal });
}

async function resolveByGet(
  context: RepositoryContext,
  tagOrDigest: string,
  options: FetchOptions,
): Promise<Descriptor | undefined> {
  const content = await fetchManifest(context, tagOrDigest, options);
  return content &&
    { mediaType: content.mediaType, digest: content.digest, size: content.bytes.byteLength };
}

/**
 * Checks a source that answers 404 with a web page and has never answered like a registry. A proxy may replace the 404 of a
 * registry by a page, so this asks for the base of the API.
 *
 * @throws CrossdockError `registry` if that is a web page too
 */
async function requireRegistry(
  { client, send }: RepositoryContext,
  response: Response,
  { signal }: CallOptions,
): Promise<void> {
  if (client.side !== "source" || client.looksLikeRegistry || !isWebPage(response)) return;
  const what = `check that ${client.registry} is a registry`;
  const accept = [200, 401, 403, 404];
  const request = {
    method: "GET" as const,
    target: "/v2/",
    what,
    accept,
    mayRepeat: false,
    signal,
  };
  // An error proves nothing. The 404 then counts as that of a registry.
  const base = await send(request).catch(() => signal?.throwIfAborted());
  await base?.body?.cancel();
  if (!base || client.looksLikeRegistry || !isWebPage(base)) return;
  throw new CrossdockError(
    "registry",
    `${client.registry} answered with a web page, which no registry sends`,
    {
      side: client.side,
      hint: "check the registry name: another service answers at this host",
    },
  );
}

function isWebPage({ headers }: Response): boolean {
  return /^text\/html\b/i.test(headers.get("content-type") ?? "");
}

interface FetchOptions extends FetchManifestOptions {
  /** Default: true. */
  readonly mayRepeat?: boolean;
}

/** Fetches a manifest of limited size and verifies its digest. */
export async function fetchManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  { signal, mayRepeat = true, size, budget }: FetchOptions,
): Promise<ManifestContent | undefined> {
  const { client, path, name, read } = context;
  const what = `fetch manifest ${toName(name, tagOrDigest)}`;
  if (!budget) {
    return await withBudget(what, client, (budget) => {
      return fetchManifest(context, tagOrDigest, { signal, mayRepeat, size, budget });
    });
  }
  const request = {
    method: "GET" as const,
    target: path(`manifests/${tagOrDigest}`),
    what,
    headers: HEADERS,
    accept: [200, 404],
    mayRepeat,
    signal,
  };
  const done = context.beforePull?.(client.registry, client.memory.pulls);
  const result = await budget.holdText(size ?? 0, (text) =>
    read(request, async (response) => {
      recordPulls(context, response);
      if (response.status === 200) {
        return {
          response,
          bytes: await readManifestBytes(context, response, what, { text, size }),
        };
      }
      await response.body?.cancel();
      await requireRegistry(context, response, { signal });
      return undefined;
    })).finally(done);
  if (!result) return undefined;
  const { response, bytes } = result;
  const expected = isDigest(tagOrDigest)
    ? tagOrDigest
    : response.headers.get("docker-content-digest");
  const algorithm = expected && isDigest(expected) ? digestAlgorithm(expected) : "sha256";
  const digest = await digestBytes(bytes, algorithm);
  if (expected && isDigest(expected) && expected !== digest) {
    throw new CrossdockError(
      "integrity",
      `${what}: its bytes are ${digest}, expected ${expected}${explainBody(response)}`,
      {
        side: client.side,
        hint:
          "the registry or a proxy before it returned other bytes than the digest names; nothing was written",
      },
    );
  }
  try {
    return { bytes, digest, mediaType: parseManifest(bytes, mediaTypeOf(response)).mediaType };
  } catch (error) {
    if (error instanceof CrossdockError) {
      error.side ??= client.side;
      error.message = error.message.replace("read manifest", what) + explainBody(response);
      // The message quotes the Content-Type, or the beginning of a body that is not JSON.
      client.redact(error);
    }
    throw error;
  }
}

/**
 * Uploads a manifest under a tag or its digest. Its blobs and child manifests must exist in the repository. A refused upload is a
 * success if the registry already has the manifest under that name: a registry with immutable tags refuses a second upload, which
 * also follows a lost response.
 */
export async function putManifest(
  context: RepositoryContext,
  content: ManifestContent,
  { tag, signal }: CallOptions & { tag?: string },
): Promise<void> {
  const { client, path, name, send } = context;
  const what = `upload manifest ${toName(name, tag ?? content.digest)}`;
  const request = {
    method: "PUT" as const,
    target: path(`manifests/${tag ?? content.digest}`),
    what,
    headers: { "content-type": content.mediaType },
    body: content.bytes,
    accept: [201, 200, 202, 204],
    signal,
  };
  let response: Response;
  try {
    response = await send(request);
  } catch (error) {
    if (await hasManifest(context, tag ?? content.digest, { content, error, signal })) return;
    throw explainRejection(error, what);
  }
  await response.body?.cancel();
  if (response.status === 200 && !response.headers.has("docker-content-digest")) {
    await requireStored(context, content, { what, signal });
  }
  const stored = response.headers.get("docker-content-digest");
  if (
    stored && isDigest(stored) && digestAlgorithm(stored) === digestAlgorithm(content.digest) &&
    stored !== content.digest
  ) {
    throw new CrossdockError(
      "integrity",
      `${what}: the registry stored ${stored}, expected ${content.digest}`,
      {
        side: client.side,
        hint: "the registry changes manifests, so digests and signatures become invalid there",
      },
    );
  }
  if (response.headers.has("oci-subject")) {
    client.memory.referrersApi = true;
    client.memory.recordsSubjects = true;
  }
}

/** Formats `registry/repository:tag` or `registry/repository@digest`. */
export function toName(name: string, tagOrDigest: string): string {
  return isDigest(tagOrDigest) ? `${name}@${tagOrDigest}` : `${name}:${tagOrDigest}`;
}

/**
 * Reads a body of at most {@linkcode MAX_MANIFEST_BYTES}, or of the size that a descriptor states. Counts its bytes before they
 * arrive, and its values before they are parsed.
 */
export async function readManifestBytes(
  { client }: Pick<RepositoryContext, "client">,
  response: Response,
  what: string,
  { text, size = Infinity }: { readonly text: HeldText; readonly size?: number | undefined },
): Promise<Uint8Array<ArrayBuffer>> {
  const { side, timeoutMs } = client;
  const maxBytes = Math.min(size, MAX_MANIFEST_BYTES);
  const tooLarge = (cause?: unknown): CrossdockError => {
    const [code, limit] = maxBytes === size
      ? ["integrity", "the size that its descriptor states"] as const
      : ["limit", "the limit for a manifest"] as const;
    const message = `${what}: the response is larger than ${maxBytes} bytes, ${limit}`;
    return new CrossdockError(code, message, { cause, side });
  };
  const length = Number(response.headers.get("content-length") ?? 0) || 0;
  try {
    if (length > maxBytes) throw tooLarge();
    text.expect(length);
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
  try {
    const limits = {
      maxBytes,
      timeoutMs,
      toSilence: () => new SilenceError(what, timeoutMs, { side }),
      onBytes: (bytes: number) => text.add(bytes),
    };
    // The cast: the type of toBytes() allows shared memory, but a body never uses it.
    const bytes = await toBytes(limitBody(response, limits)) as Uint8Array<ArrayBuffer>;
    text.addValues(bytes);
    return bytes;
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(error) : client.toReadError(error, what);
  }
}

/** Stores the remaining pulls. A response without these headers means that there is no limit any more. */
function recordPulls({ client }: RepositoryContext, { status, headers }: Response): void {
  if (status === 200) client.memory.pulls = parsePullsLeft(headers, client.runtime.now());
}

/** In lower case, without parameters. A header that was sent twice has a comma. */
function mediaTypeOf(response: Response): string {
  const [type = ""] = (response.headers.get("content-type") ?? "").split(/[;,]/, 1);
  return type.trim().toLowerCase();
}

/** Codes for missing content. The manifest then is incomplete, even if the registry has it. */
const MISSING_CONTENT = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"];

/** Whether the name has the wanted digest, although the registry refused the upload with `error`. */
async function hasManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  { content, error, signal }: CallOptions & {
    readonly content: ManifestContent;
    readonly error: unknown;
  },
): Promise<boolean> {
  if (
    !(error instanceof RegistryError) || error.code === "rate_limited" ||
    error.code === "unauthorized" || hasErrorCode(error, ...MISSING_CONTENT)
  ) return false;
  try {
    const found = await resolveManifest(context, tagOrDigest, { signal });
    return found?.digest === content.digest;
  } catch {
    // The refusal is the cause to report.
    signal?.throwIfAborted();
    return false;
  }
}

/**
 * Checks that the registry has a manifest, after a response that does not say so. A web server may answer 200 to every request.
 *
 * @throws CrossdockError `registry` if it is not there
 */
async function requireStored(
  context: RepositoryContext,
  { digest }: ManifestContent,
  { what, signal }: CallOptions & { readonly what: string },
): Promise<void> {
  const { client } = context;
  try {
    if (await fetchManifest(context, digest, { signal })) return;
  } catch (error) {
    // The credential may not be allowed to read.
    if (isUnansweredCheck(client, error)) return;
    if (!(error instanceof CrossdockError) || !NOT_STORED.has(error.code)) throw error;
  }
  throw new CrossdockError(
    "registry",
    `${what}: ${client.registry} answered 200, but does not have the manifest`,
    {
      side: client.side,
      hint: "check the registry name: another service may answer at this host",
    },
  );
}

/** The codes for a response that is not the requested manifest. */
const NOT_STORED = new Set(["registry", "integrity", "unsupported", "limit"]);

function explainRejection(error: unknown, what: string): unknown {
  if (!hasErrorCode(error, "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN")) return error;
  return new MissingContentError(error.message, listDigests(error), {
    cause: error,
    side: error.side,
    hint:
      `the registry lacks content of ${
        what.replace(/^upload /, "")
      }: if it lost a blob, copy again ` +
      "with --recheck; if it requires every platform of an index, leave out --index sparse",
  });
}

/** Finds the digests in an answer. Registries put them into `detail` in several forms, or only into the message. */
function listDigests({ errors }: RegistryError): string[] {
  const text = JSON.stringify(errors.map(({ message, detail }) => [message, detail]));
  return text.match(/sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})/g) ?? [];
}
