/**
 * The port to one repository, for reading or writing. `registry/` implements it over HTTP. `copy/` uses only this port.
 */
import type { ByteBudget } from "./byte_budget.ts";
import type { Descriptor } from "./oci/descriptor.ts";
import type { Digest } from "./oci/digest.ts";
import type { ChunkReader } from "./streams/chunk_reader.ts";

/** A manifest with its unchanged bytes. */
export interface ManifestContent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
  /** Computed from `bytes`. */
  readonly digest: Digest;
}

/** Options of all calls that wait. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface FetchManifestOptions extends CallOptions {
  /** The size that a descriptor states. A larger manifest is an error before it is read. */
  readonly size?: number | undefined;
  /** Counts the manifest, which stays in memory. Default: a budget until the manifest is read. */
  readonly budget?: ByteBudget | undefined;
}

export interface ReferrersOptions extends CallOptions {
  /**
   * Whether the repository has a tag; `undefined` if that is unknown. A fallback tag that does not exist is not requested. One that
   * exists is read beside the referrers API, which may not list referrers that are older than itself.
   */
  readonly hasTag?: ((tag: string) => Promise<boolean | undefined>) | undefined;
  /** Called in place of an error if the registry does not answer, and the list may be incomplete. Default: the error is thrown. */
  readonly warn?: ((message: string) => void) | undefined;
  /** Limits the bytes of the lists of one copy. Default: a budget for this list. */
  readonly budget?: ByteBudget | undefined;
}

/** A repository that can be read. */
export interface ContentSource {
  /** `registry/repository`, for messages and steps. */
  readonly name: string;
  /** Requests sent so far, without token requests. Each retry and redirect counts. */
  readonly requests: number;
  /** Whether fetching a manifest counts against a pull limit of the registry, while resolving it does not. */
  readonly countsPulls: boolean;
  /** Resolves a name to a descriptor by HEAD. `undefined` if the manifest does not exist. */
  resolveManifest(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined>;
  /**
   * Fetches a manifest and checks its digest. `undefined` if it does not exist.
   *
   * @throws CrossdockError `integrity` if bytes, digest and size do not match, `limit` above 4 MiB or beyond the budget
   */
  fetchManifest(
    tagOrDigest: string,
    options?: FetchManifestOptions,
  ): Promise<ManifestContent | undefined>;
  /**
   * Checks that the pull limit allows all manifests of an index, before the first is fetched.
   *
   * @throws CrossdockError `rate_limited` if too few pulls remain
   */
  checkPulls?(digests: readonly Digest[]): void;
  /** Whether the repository has a blob. */
  hasBlob(descriptor: Descriptor, options?: CallOptions): Promise<boolean>;
  /**
   * Opens the body of a blob at `offset`, in bytes (default 0). Checks the length of the response against the descriptor.
   *
   * @throws CrossdockError `not_found`, or `integrity` for a wrong length
   */
  openBlob(descriptor: Descriptor, options?: CallOptions & { offset?: number }): Promise<Response>;
  /**
   * Reports that a blob of this source was wrong or incomplete. A source with mirrors opens it at the registry itself from now on.
   *
   * @returns whether to open it again for this reason
   */
  leaveMirror?(descriptor: Descriptor, reason: string): boolean;
  /** Lists the referrers of a manifest: by the referrers API, or else by the fallback tag. */
  listReferrers(subject: Digest, options?: ReferrersOptions): Promise<Descriptor[]>;
  /** Lists tags, page by page. `last` requests only the tags after it, but a registry may ignore that. */
  listTags(options?: CallOptions & { last?: string }): AsyncIterable<string[]>;
}

/** The response of a destination to a new blob. */
export type BlobStart =
  /** The repository already has the blob. */
  | { readonly state: "present" }
  /** The blob was mounted from another repository of the registry. */
  | { readonly state: "mounted"; readonly from: string }
  /** The blob must be uploaded. */
  | { readonly state: "open"; readonly upload: BlobUpload };

/** An open upload at a destination, for one `put`. */
export interface BlobUpload {
  /**
   * Uploads the whole blob and commits it. The spec requires the destination to check the digest.
   *
   * @throws UploadRetryError if the next upload sends the blob in another way
   */
  put(body: Uint8Array<ArrayBuffer> | Response | ChunkReader, options?: CallOptions): Promise<void>;
  /** Cancels the upload at the destination. Never rejects. */
  cancel(): Promise<void>;
}

export interface BeginBlobOptions extends CallOptions {
  /** Repositories of the registry to mount the blob from. */
  readonly mountFrom?: readonly string[];
  /** Whether the repository is known to lack the blob. Opens an upload without a check. */
  readonly isMissing?: boolean;
}

/** A repository that can be written to. */
export interface ContentTarget extends ContentSource {
  /** Checks for a blob, and mounts it or opens an upload if it is missing, with as few requests as possible. */
  beginBlob(
    descriptor: Descriptor,
    options?: BeginBlobOptions,
  ): Promise<BlobStart>;
  /** Whether the destination is known to reject a blob that does not match its digest. */
  checksDigests(options?: CallOptions): Promise<boolean>;
  /** Puts a manifest by tag, or by digest. The repository must already have its children and blobs. */
  putManifest(content: ManifestContent, options?: CallOptions & { tag?: string }): Promise<void>;
  /**
   * Adds referrers to the list of `subject`. Nothing is written if the registry has the referrers API. In any other registry,
   * the index under the fallback tag is updated.
   *
   * @returns whether the fallback index was written
   */
  recordReferrers(
    subject: Digest,
    referrers: readonly Descriptor[],
    options?: CallOptions,
  ): Promise<boolean>;
  /** Completes the target after all steps. A registry needs no such call. */
  finish?(): Promise<void>;
}
