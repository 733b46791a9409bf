/** The content of the registry by repository, in memory. */

import { createHash } from "node:crypto";
import type { Digest, DigestAlgorithm } from "../../src/oci/digest.ts";
import { generatedStream } from "./generated_bytes.ts";
import type { Upload } from "./registry_uploads.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** The bytes of a blob. */
export interface Content {
  readonly size: number;
  /** Reads from `start` to `end` (exclusive). Undefined if the bytes were discarded. */
  read?(start: number, end: number): ReadableStream<Bytes>;
}

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Bytes;
}

export class Repository {
  readonly blobs: Map<string, Content> = new Map();
  readonly manifests: Map<string, StoredManifest> = new Map();
  readonly tags: Map<string, Digest> = new Map();
  readonly uploads: Map<string, Upload> = new Map();

  findManifest(reference: string): StoredManifest | undefined {
    return this.manifests.get(this.tags.get(reference) ?? reference);
  }

  /** Deletes the manifest and every tag of it. */
  deleteManifest(digest: string): void {
    this.manifests.delete(digest);
    for (const [tag, target] of this.tags) if (target === digest) this.tags.delete(tag);
  }
}

export class Store {
  readonly #repositories: Map<string, Repository> = new Map();

  find(name: string): Repository | undefined {
    return this.#repositories.get(name);
  }

  /** The repository. Creates it if it does not exist. */
  open(name: string): Repository {
    let repository = this.#repositories.get(name);
    if (repository === undefined) {
      repository = new Repository();
      this.#repositories.set(name, repository);
    }
    return repository;
  }

  entries(): Iterable<[name: string, repository: Repository]> {
    return this.#repositories;
  }
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

export function memoryContent(chunks: readonly Uint8Array[]): Content {
  const bytes = concat(chunks);
  return {
    size: bytes.length,
    read: (start, end) => new Response(bytes.slice(start, end)).body ?? emptyStream(),
  };
}

/** Content that is never in memory as a whole: {@linkcode generatedStream}. */
export function generatedContent(size: number, seed: number): Content {
  return { size, read: (start, end) => generatedStream(seed, start, end) };
}

/** The same content with one flipped bit in the middle. */
export function corruptedContent(content: Content): Content {
  const { size, read } = content;
  if (size === 0 || read === undefined) throw new RangeError("corrupt blob: it has no bytes");
  const at = Math.floor(size / 2);
  return {
    size,
    read(start, end): ReadableStream<Bytes> {
      let position = start;
      const flip = new TransformStream<Bytes, Bytes>({
        transform(chunk, controller): void {
          const copy = new Uint8Array(chunk);
          const index = at - position;
          if (index >= 0 && index < copy.length) copy[index] = (copy[index] ?? 0) ^ 1;
          position += copy.length;
          controller.enqueue(copy);
        },
      });
      return read(start, end).pipeThrough(flip);
    },
  };
}

function emptyStream(): ReadableStream<Bytes> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

export function concat(chunks: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}
