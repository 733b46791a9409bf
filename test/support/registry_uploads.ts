/** `/v2/<name>/blobs/uploads/` */

import { createHash, randomUUID } from "node:crypto";
import type { Hash } from "node:crypto";
import { digestAlgorithm, findDigestFault } from "../../src/oci/digest.ts";
import type { Digest, DigestAlgorithm } from "../../src/oci/digest.ts";
import type { Call } from "./registry_call.ts";
import { locate, methodNotAllowed } from "./registry_call.ts";
import { refusal } from "./registry_refusal.ts";
import { concat, digestOf, memoryContent } from "./registry_store.ts";
import type { Content } from "./registry_store.ts";

/** An open upload: the bytes so far and their hash. */
export class Upload {
  readonly id: string = randomUUID();
  readonly #keeps: boolean;
  readonly #chunks: Uint8Array[] = [];
  #algorithm: DigestAlgorithm = "sha256";
  #hash: Hash = createHash("sha256");
  /** The number of bytes so far. */
  size = 0;
  /** Whether the last chunk was below the registry's minimum. No chunk may follow it. */
  isShort = false;

  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  /** Selects the algorithm before the first byte is hashed. */
  expect(algorithm: DigestAlgorithm): void {
    if (this.size > 0 || algorithm === this.#algorithm) return;
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  append(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    if (this.#keeps) this.#chunks.push(chunk);
    this.size += chunk.length;
  }

  /** Ends the upload. Call it once. */
  finish(algorithm: DigestAlgorithm): { digest: Digest; content: Content } {
    const content = this.#keeps ? memoryContent(this.#chunks) : { size: this.size };
    if (algorithm === this.#algorithm) {
      return { digest: `${algorithm}:${this.#hash.digest("hex")}`, content };
    }
    if (!this.#keeps) {
      throw refusal(501, "UNSUPPORTED", `${algorithm} of bytes that were not kept`);
    }
    return { digest: digestOf(concat(this.#chunks), algorithm), content };
  }
}

/** `canPull` selects the repositories from which a mount without `from` may take a blob. */
export async function handleUpload(
  call: Call,
  canPull: (name: string) => boolean,
): Promise<Response> {
  if (call.reference === "") {
    return call.method === "POST" ? await openUpload(call, canPull) : methodNotAllowed(call);
  }
  const upload = call.store.find(call.name)?.uploads.get(call.reference);
  if (upload === undefined) {
    throw refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
  }
  switch (call.method) {
    case "GET":
      return answerProgress(call, upload, 204);
    case "PATCH":
      checkState(call, upload);
      await receive(call, upload);
      return answerProgress(call, upload, 202);
    case "PUT":
      checkState(call, upload);
      return await closeUpload(call, upload);
    case "DELETE":
      call.store.open(call.name).uploads.delete(upload.id);
      return new Response(null, { status: 204 });
    default:
      return methodNotAllowed(call);
  }
}

async function openUpload(call: Call, canPull: (name: string) => boolean): Promise<Response> {
  const mounted = findMountable(call, canPull);
  const repository = call.store.open(call.name);
  if (mounted !== undefined) {
    repository.blobs.set(mounted.digest, mounted.content);
    return answerCreated(call, mounted.digest);
  }
  const upload = new Upload(call.options.keepBlobs !== "discard");
  if (call.url.searchParams.has("digest") && call.options.singlePost !== false) {
    return await closeUpload(call, upload);
  }
  repository.uploads.set(upload.id, upload);
  return answerProgress(call, upload, 202);
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository */
function findMountable(
  call: Call,
  canPull: (name: string) => boolean,
): { digest: Digest; content: Content } | undefined {
  if (!call.url.searchParams.has("mount")) return undefined;
  const digest = requireDigest(call, "mount");
  const from = call.url.searchParams.get("from");
  for (const [name, repository] of call.store.entries()) {
    const allowed = name === call.name ? call.options.selfMount : call.options.crossMount;
    if (allowed === false || (from === null ? !canPull(name) : name !== from)) continue;
    const content = repository.blobs.get(digest);
    if (content !== undefined) return { digest, content };
  }
  return undefined;
}

async function closeUpload(call: Call, upload: Upload): Promise<Response> {
  const digest = requireDigest(call, "digest");
  const algorithm = digestAlgorithm(digest);
  upload.expect(algorithm);
  await receive(call, upload);
  const repository = call.store.open(call.name);
  repository.uploads.delete(upload.id);
  const received = upload.finish(algorithm);
  if (received.digest !== digest && call.options.verifiesDigests !== false) {
    throw refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content", {
      detail: { digest, received: received.digest },
    });
  }
  repository.blobs.set(digest, received.content);
  return answerCreated(call, digest);
}

/** Appends the request body to the upload. Bytes before a broken connection stay in it. */
async function receive(call: Call, upload: Upload): Promise<void> {
  checkRange(call, upload);
  const { maxUploadBytes = Infinity, minChunkBytes = 0 } = call.options;
  const tooLarge = refusal(413, "SIZE_INVALID", `more than ${maxUploadBytes} bytes in one request`);
  if (Number(call.headers.get("content-length")) > maxUploadBytes) throw tooLarge;
  const before = upload.size;
  for await (const chunk of call.body ?? []) {
    if (upload.isShort && chunk.length > 0) {
      throw refusal(
        400,
        "BLOB_UPLOAD_INVALID",
        `a chunk below ${minChunkBytes} was not the last`,
      );
    }
    if (upload.size - before + chunk.length > maxUploadBytes) throw tooLarge;
    upload.append(chunk);
  }
  upload.isShort = upload.size - before < minChunkBytes;
}

/** Parses `Content-Range: <start>-<end>`, both inclusive. */
function checkRange(call: Call, upload: Upload): void {
  const range = call.headers.get("content-range");
  if (range === null) return;
  const [, start, end] = /^(\d+)-(\d+)$/.exec(range) ?? [];
  if (Number(start) !== upload.size) {
    throw refusal(416, "BLOB_UPLOAD_INVALID", `${range} does not go on from ${upload.size}`, {
      headers: { range: progress(upload), location: locateUpload(call, upload) },
    });
  }
  const length = call.headers.get("content-length");
  if (length !== null && Number(length) !== Number(end) - Number(start) + 1) {
    throw refusal(400, "SIZE_INVALID", `${length} bytes are not those of ${range}`);
  }
}

/** CNCF distribution stores the state of an upload in its Location. A request without it is rejected. */
function checkState(call: Call, upload: Upload): void {
  if (call.options.distributionLike === false) return;
  if (call.url.searchParams.get("_state") === state(call, upload)) return;
  throw refusal(400, "BLOB_UPLOAD_INVALID", "_state is not the one of the last Location");
}

function state(call: Call, upload: Upload): string {
  return btoa(JSON.stringify({ Name: call.name, UUID: upload.id, Offset: upload.size }));
}

function locateUpload(call: Call, upload: Upload): string {
  const query = call.options.distributionLike === false
    ? ""
    : `?_state=${encodeURIComponent(state(call, upload))}`;
  return locate(call, `/v2/${call.name}/blobs/uploads/${upload.id}${query}`);
}

/** An empty upload is `0-0` too, because the spec has no other form for it. */
function progress(upload: Upload): string {
  return `0-${Math.max(0, upload.size - 1)}`;
}

function answerProgress(call: Call, upload: Upload, status: 202 | 204): Response {
  const { distributionLike, minChunkBytes, maxUploadBytes } = call.options;
  const headers = new Headers({ location: locateUpload(call, upload), range: progress(upload) });
  if (distributionLike !== false) headers.set("docker-upload-uuid", upload.id);
  if (minChunkBytes !== undefined) headers.set("oci-chunk-min-length", `${minChunkBytes}`);
  if (maxUploadBytes !== undefined) headers.set("oci-chunk-max-length", `${maxUploadBytes}`);
  return new Response(null, { status, headers });
}

function answerCreated(call: Call, digest: Digest): Response {
  return new Response(null, {
    status: 201,
    headers: {
      location: locate(call, `/v2/${call.name}/blobs/${digest}`),
      "docker-content-digest": digest,
    },
  });
}

function requireDigest(call: Call, parameter: "digest" | "mount"): Digest {
  const text = call.url.searchParams.get(parameter) ?? "";
  const fault = findDigestFault(text);
  if (fault !== undefined) throw refusal(400, "DIGEST_INVALID", `${parameter}: ${fault}`);
  return text as Digest;
}
