/**
 * An OCI registry in memory, for tests and for the demo. Tests can inject faults and count requests.
 *
 * It implements https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md and passes the conformance
 * suite of that project; see test/conformance.
 */

import { createHash } from "node:crypto";
import type { Digest } from "../../src/oci/digest.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { generatedStream } from "./generated_bytes.ts";
import { accessFor, Authority, CATALOG_ACCESS, TOKEN_PATH } from "./registry_auth.ts";
import { handleBlob } from "./registry_blobs.ts";
import type { Call } from "./registry_call.ts";
import { actOut, Faults } from "./registry_faults.ts";
import type { Fault, FaultRule } from "./registry_faults.ts";
import { handleCatalog, handleReferrers, handleTags } from "./registry_lists.ts";
import { handleManifest } from "./registry_manifests.ts";
import { isRepositoryName, parsePath } from "./registry_path.ts";
import type { RegistryOptions } from "./registry_options.ts";
import { counted, matchesRecord } from "./registry_records.ts";
import type { RecordFilter, RequestRecord } from "./registry_records.ts";
import { Refusal, refusal } from "./registry_refusal.ts";
import type { Bytes, Content, StoredManifest } from "./registry_store.ts";
import {
  corruptedContent,
  digestOf,
  generatedContent,
  memoryContent,
  Store,
} from "./registry_store.ts";
import { handleUpload } from "./registry_uploads.ts";
import { serve } from "./serve.ts";
import type { Handler, ServeOptions, Server } from "./serve.ts";

export type { Fault, FaultAction, FaultRule } from "./registry_faults.ts";
export type { BasicAuth, BearerAuth, RegistryOptions } from "./registry_options.ts";
export type { RecordFilter, RequestRecord } from "./registry_records.ts";

/** A registry that listens on a port. */
export type RunningRegistry = EmbeddedRegistry & Server;

/** A registry that does not listen. Call its `fetch`. */
export function createRegistry(options: RegistryOptions = {}): EmbeddedRegistry {
  return new EmbeddedRegistry(options);
}

/** Starts a registry on a port. Closing it throws if a fault made no request fail. */
export async function startRegistry(
  options: RegistryOptions & ServeOptions = {},
): Promise<RunningRegistry> {
  return await serveRegistry(createRegistry(options), options);
}

/** Serves a registry by `handler`, by default the registry's own `fetch`. */
export async function serveRegistry(
  registry: EmbeddedRegistry,
  options: ServeOptions = {},
  handler: Handler = (request) => registry.fetch(request),
): Promise<RunningRegistry> {
  const server = await serve(handler, options);
  async function close(): Promise<void> {
    await server.close();
    registry.clearFaults();
  }
  return Object.assign(registry, server, { close, [Symbol.asyncDispose]: close });
}

/** Made by {@linkcode createRegistry}. Its methods bypass authentication, faults and the record of requests. */
export class EmbeddedRegistry {
  readonly #options: RegistryOptions;
  readonly #store: Store = new Store();
  readonly #faults: Faults = new Faults();
  readonly #authority: Authority;
  #clockAheadMs = 0;
  /** All requests so far, including those to the token endpoint. */
  readonly requests: RequestRecord[] = [];

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#authority = new Authority(options.auth, () => Date.now() + this.#clockAheadMs);
  }

  /** Handles one request. Rejects with `ConnectionCut` if a fault cuts the connection. */
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const record: RequestRecord = {
      kind: url.pathname === TOKEN_PATH ? "token" : "registry",
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: new Headers(request.headers),
      status: 0,
      requestBytes: 0,
      responseBytes: 0,
    };
    this.requests.push(record);
    const body = request.body && counted(request.body, (bytes) => record.requestBytes += bytes);
    const action = this.#faults.next(request.method, url.pathname);
    const response = await actOut(
      action,
      request,
      body,
      (body) => this.#answer(request, url, body),
    );
    record.status = response.status;
    if (response.body === null) return response;
    return new Response(counted(response.body, (bytes) => record.responseBytes += bytes), response);
  }

  async #answer(request: Request, url: URL, body: Call["body"]): Promise<Response> {
    let response: Response;
    try {
      response = url.pathname === TOKEN_PATH
        ? await this.#authority.handleToken(url, request.headers, request.method, body)
        : await this.#route(request, url, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      response = error.toResponse();
    }
    response.headers.set("docker-distribution-api-version", "registry/2.0");
    return request.method === "HEAD" ? new Response(null, response) : response;
  }

  async #route(request: Request, url: URL, body: Call["body"]): Promise<Response> {
    const { method, headers } = request;
    if (/^\/v2\/?$/.test(url.pathname)) {
      this.#authority.check(url, headers, new Map());
      return Response.json({});
    }
    if (url.pathname === "/v2/_catalog" && this.#options.catalog !== false) {
      this.#authority.check(url, headers, CATALOG_ACCESS);
      return handleCatalog(this.#store, url);
    }
    const path = parsePath(url.pathname);
    if (path === undefined) return new Response("404 page not found\n", { status: 404 });
    const { name, endpoint, reference } = path;
    if (!isRepositoryName(name)) {
      throw refusal(400, "NAME_INVALID", `invalid repository name ${name}`);
    }
    this.#authority.check(url, headers, accessFor(method, name, url.searchParams));
    const isPush = method === "POST" || method === "PUT";
    if (isPush && this.#options.createsRepositories === false && !this.#store.find(name)) {
      throw refusal(404, "NAME_UNKNOWN", `The repository with name '${name}' does not exist`);
    }
    const call: Call = {
      store: this.#store,
      options: this.#options,
      method,
      url,
      headers,
      body,
      name,
      reference,
    };
    switch (endpoint) {
      case "blobs/uploads":
        return await handleUpload(call, (from) => this.#authority.canPull(headers, from));
      case "blobs":
        return handleBlob(call);
      case "manifests":
        return await handleManifest(call);
      case "referrers":
        return handleReferrers(call);
      case "tags":
        return handleTags(call);
    }
  }

  /** Makes the next requests that match the rule fail. */
  fail(rule: FaultRule): Fault {
    return this.#faults.add(rule);
  }

  /** Removes all faults. Throws if one made no request fail, unless it is `optional`. */
  clearFaults(): void {
    this.#faults.clear();
  }

  /** The number of requests that match the filter. Without a filter: of all requests. */
  count(filter: RecordFilter = {}): number {
    return this.requests.filter((record) => matchesRecord(record, filter)).length;
  }

  clearRequests(): void {
    this.requests.length = 0;
  }

  /** Advances the clock that tokens expire by. */
  advanceClock(ms: number): void {
    this.#clockAheadMs += ms;
  }

  /** Revokes all tokens. */
  revokeTokens(): void {
    this.#authority.revokeTokens();
  }

  /** Creates an empty repository, for registries in which a push does not create it. */
  createRepository(repository: string): void {
    this.#store.open(repository);
  }

  // deno-lint-ignore require-await -- all methods that put a blob are async
  async putBlob(repository: string, bytes: Uint8Array): Promise<BlobDescriptor> {
    const digest = digestOf(bytes);
    this.#store.open(repository).blobs.set(digest, memoryContent([bytes]));
    return { digest, size: bytes.length };
  }

  /** Puts a blob of any size. Its bytes are generated while they are read. */
  async putGeneratedBlob(
    repository: string,
    sizeBytes: number,
    seed: number,
  ): Promise<BlobDescriptor> {
    const hash = createHash("sha256");
    for await (const chunk of generatedStream(seed, 0, sizeBytes)) hash.update(chunk);
    const digest: Digest = `sha256:${hash.digest("hex")}`;
    this.#store.open(repository).blobs.set(digest, generatedContent(sizeBytes, seed));
    return { digest, size: sizeBytes };
  }

  /** Puts a manifest without checks. An object is serialised as JSON. */
  // deno-lint-ignore require-await -- all methods that put content are async
  async putManifest(
    repository: string,
    manifest: Uint8Array | object,
    mediaType: string,
    tags: readonly string[] = [],
  ): Promise<Descriptor> {
    const bytes = manifest instanceof Uint8Array
      ? new Uint8Array(manifest)
      : new TextEncoder().encode(JSON.stringify(manifest));
    const digest = digestOf(bytes);
    const { manifests, tags: known } = this.#store.open(repository);
    manifests.set(digest, { digest, mediaType, bytes });
    for (const tag of tags) known.set(tag, digest);
    return { mediaType, digest, size: bytes.length };
  }

  getManifest(repository: string, tagOrDigest: string): StoredManifest | undefined {
    return this.#store.find(repository)?.findManifest(tagOrDigest);
  }

  hasBlob(repository: string, digest: string): boolean {
    return this.#findBlob(repository, digest) !== undefined;
  }

  /** The blob's bytes. Undefined if there is no such blob, or its bytes were discarded. */
  async getBlob(repository: string, digest: string): Promise<Bytes | undefined> {
    const content = this.#findBlob(repository, digest);
    if (content?.read === undefined) return undefined;
    return new Uint8Array(await new Response(content.read(0, content.size)).arrayBuffer());
  }

  /** The digests of all blobs in the repository, in the order in which they were put. */
  blobs(repository: string): string[] {
    return [...this.#store.find(repository)?.blobs.keys() ?? []];
  }

  /** All tags, sorted. */
  tags(repository: string): string[] {
    return [...this.#store.find(repository)?.tags.keys() ?? []].sort();
  }

  setTag(repository: string, tag: string, digest: Digest): void {
    this.#store.open(repository).tags.set(tag, digest);
  }

  deleteTag(repository: string, tag: string): void {
    this.#store.find(repository)?.tags.delete(tag);
  }

  /** Flips a bit in the middle of the blob. The registry still lists it with the same digest and size. */
  corruptBlob(repository: string, digest: string): void {
    const content = this.#findBlob(repository, digest);
    if (content === undefined) throw new RangeError(`corrupt blob ${digest}: it is not there`);
    this.#store.open(repository).blobs.set(digest, corruptedContent(content));
  }

  /** Whether the registry has the referrers API. */
  get hasReferrers(): boolean {
    return this.#options.referrers !== false;
  }

  #findBlob(repository: string, digest: string): Content | undefined {
    return this.#store.find(repository)?.blobs.get(digest);
  }
}

/** A descriptor without its media type, which a manifest gives to a blob. */
export type BlobDescriptor = Pick<Descriptor, "digest" | "size">;
