/**
 * The port to content: one repository, to read from or to write to. `registry/` implements it over HTTP; `copy/` uses it and
 * knows nothing of registries.
 */
import type { Descriptor } from "./oci/descriptor.ts";
import type { Digest } from "./oci/digest.ts";
import type { ChunkReader } from "./streams/chunk_reader.ts";

/** A manifest as it lies in the repository: bytes that are never touched. */
export interface ManifestContent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
  /** Of `bytes`, computed here. */
  readonly digest: Digest;
}

/** What every call that waits takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ReferrersOptions extends CallOptions {
  readonly hasTag?: ((tag: string) => Promise<boolean>) | undefined;
}

/** A repository that can be read. */
export interface ContentSource {
  /** `registry/repository`, for messages and steps. */
  readonly name: string;
  /** Requests sent so far, tokens aside; a retried or redirected request counts each time. */
  readonly requests: number;
  /** Whether reading a manifest counts against a limit of the registry's, and asking for it does not. */
  readonly countsPulls: boolean;
  /** Asks for a manifest without its body. `undefined` when it is not there. */
  resolveManifest(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined>;
  /**
   * Reads a manifest and checks its digest. `undefined` when it is not there.
   *
   * @throws CrossdockError `integrity` when bytes and digest disagree, `limit` above 4 MiB
   */
  fetchManifest(tagOrDigest: string, options?: CallOptions): Promise<ManifestContent | undefined>;
  /**
   * Asks before the manifests of an index are read whether all of them may be.
   *
   * @throws CrossdockError `rate_limited` where a limit of the registry is too near
   */
  checkPulls?(digests: readonly Digest[]): void;
  /** Whether a blob is there. */
  hasBlob(descriptor: Descriptor, options?: CallOptions): Promise<boolean>;
  /**
   * Opens a blob's body, from `offset` on. The answer's length was compared with the descriptor's size.
   *
   * @throws CrossdockError `not_found`, or `integrity` when the lengths disagree
   */
  openBlob(descriptor: Descriptor, options?: CallOptions & { offset?: number }): Promise<Response>;
  /**
   * What refers to a manifest by its `subject`: by the referrers API, else by the fallback tag. `hasTag` spares the question
   * for a fallback tag that is known not to be there.
   */
  listReferrers(subject: Digest, options?: ReferrersOptions): Promise<Descriptor[]>;
  /** The repository's tags, page by page. `last` asks for those behind it; a registry may ignore that. */
  listTags(options?: CallOptions & { last?: string }): AsyncIterable<string[]>;
}

/** What a destination said when a blob was announced. */
export type BlobStart =
  /** The blob is in this repository. */
  | { readonly state: "present" }
  /** It was in another repository of this registry and is now here too. */
  | { readonly state: "mounted"; readonly from: string }
  /** It has to be sent. */
  | { readonly state: "open"; readonly upload: BlobUpload };

/** An upload that a destination has opened. Good for one `put`. */
export interface BlobUpload {
  /** Sends the blob whole and commits it. The destination checks the digest, as the spec demands. */
  put(body: Uint8Array<ArrayBuffer> | Response | ChunkReader, options?: CallOptions): Promise<void>;
  /** Gives the upload up. Never rejects. */
  cancel(): Promise<void>;
}

/** A repository that can be written to. */
export interface ContentTarget extends ContentSource {
  /** Repositories of this registry that one may mount from share its name up to the first slash. */
  readonly registry: string;
  /** Asks whether a blob is there, and begins to put it there otherwise, in as few requests as the registry can do it. */
  beginBlob(
    descriptor: Descriptor,
    options?: CallOptions & { mountFrom?: readonly string[] },
  ): Promise<BlobStart>;
  /** Whether the destination is known to refuse a blob that does not match its digest. */
  checksDigests(options?: CallOptions): Promise<boolean>;
  /** Puts a manifest under a tag, or under its digest alone. All beneath it has to be there. */
  putManifest(content: ManifestContent, options?: CallOptions & { tag?: string }): Promise<void>;
  /**
   * Makes sure that `listReferrers(subject)` has these. A registry with the referrers API does that by itself; in any other
   * the index under the fallback tag is brought up to date.
   *
   * @returns whether the fallback index had to be written
   */
  recordReferrers(
    subject: Digest,
    referrers: readonly Descriptor[],
    options?: CallOptions,
  ): Promise<boolean>;
}
