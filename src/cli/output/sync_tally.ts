import type { SyncEvent } from "../../sync/model.ts";
import { ProgressTally } from "./progress_tally.ts";
import type { ProgressTotals } from "./progress_tally.ts";

/** Sums up the copies that are running. */
export class SyncTally implements ProgressTotals {
  readonly #copies = new Map<string, ProgressTally>();
  #endedBytes = 0;
  /** Tags of the rules and repositories that have begun, one for each target. */
  totalTags = 0;
  doneTags = 0;

  add(event: SyncEvent): void {
    if (event.type === "tags-selected") this.totalTags += event.count;
    else if (event.type === "copy") {
      const tally = this.#copies.get(event.destination) ?? new ProgressTally();
      this.#copies.set(event.destination, tally);
      tally.add(event.event);
    } else if (event.type === "tag-ended") {
      const { destination } = event.tag;
      this.doneTags += 1;
      this.#endedBytes += this.#copies.get(destination)?.streamedBytes ?? 0;
      this.#copies.delete(destination);
    }
  }

  get totalBlobs(): number {
    return this.#sum(({ totalBlobs }) => totalBlobs);
  }

  get totalBytes(): number {
    return this.#sum(({ totalBytes }) => totalBytes);
  }

  get doneBlobs(): number {
    return this.#sum(({ doneBlobs }) => doneBlobs);
  }

  get doneBytes(): number {
    return this.#sum(({ doneBytes }) => doneBytes);
  }

  /** Includes finished copies, because the sum must not decrease. */
  get streamedBytes(): number {
    return this.#endedBytes + this.#sum(({ streamedBytes }) => streamedBytes);
  }

  #sum(of: (tally: ProgressTally) => number): number {
    return this.#copies.values().reduce((sum, tally) => sum + of(tally), 0);
  }
}
