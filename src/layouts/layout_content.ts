/** What a local name refers to: the port of a repository, plus the end of a copy. */
import type { ContentSource, ContentTarget } from "../content.ts";
import type { Digest } from "../oci/digest.ts";

/** A local image, or several of them, that can be read. */
export interface LayoutSource extends ContentSource {
  /** Closes files, and removes temporary ones. Never rejects. */
  close(): Promise<void>;
}

/** A local image, or several of them, that can be written. */
export interface LayoutTarget extends ContentTarget, LayoutSource {
  /** Completes what exists only as a whole, such as a tar file, after a copy that succeeded. Does nothing if nothing was written. */
  finish(): Promise<void>;
  /** Deletes a tag. Absent where images cannot be deleted, as in an archive. */
  deleteTag?(tag: string): Promise<void>;
}

/** What is known about the content of a folder or an archive. Copies of one process share it. */
export interface LayoutMemory {
  /** The subject of each manifest; `undefined` for a manifest that has none. */
  readonly subjects: Map<Digest, Digest | undefined>;
  /** Files whose digest was checked. */
  readonly verified: Set<string>;
}

/** More than a large layout has. What is forgotten is read again. */
const MAX_REMEMBERED = 100_000;

/** Makes room for one more in a memory that grows with a layout. */
export function limitMemory(memory: { readonly size: number; clear(): void }): void {
  if (memory.size >= MAX_REMEMBERED) memory.clear();
}

export function createLayoutMemory(): LayoutMemory {
  return { subjects: new Map(), verified: new Set() };
}
