/** What a local name refers to: the port of a repository, plus the end of a copy. */
import type { ContentSource, ContentTarget } from "../content.ts";

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
