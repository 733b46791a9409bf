import type { CopyEvent } from "../../copy/model.ts";
import type { Step } from "../../copy/step.ts";

/** Whether all tags of the destination point to the copy. `started`: a request is sent, and some are not answered. */
export type TagState = "waiting" | "started" | "moved";

/** A blob that is being copied. */
export interface RunningBlob {
  readonly bytes: number;
  readonly sizeBytes: number;
}

/** How much is to be copied, and how much is done. */
export interface ProgressTotals {
  readonly totalBlobs: number;
  readonly totalBytes: number;
  readonly doneBlobs: number;
  readonly doneBytes: number;
  readonly streamedBytes: number;
  /** Tags of a run of rules. Unknown before they are listed, and for one copy. */
  readonly totalTags?: number;
  readonly doneTags?: number;
}

/** Sums up the events of a copy: how much is done, and how much there is. */
export class ProgressTally implements ProgressTotals {
  totalBytes = 0;
  totalBlobs = 0;
  doneBlobs = 0;
  tag: TagState = "waiting";
  /** By digest. */
  readonly running: Map<string, RunningBlob> = new Map();
  #finishedBytes = 0;
  #streamedBytes = 0;
  #tagSteps: readonly Step[] = [];
  readonly #moved = new Set<string | undefined>();

  add(event: CopyEvent): void {
    switch (event.type) {
      case "plan": {
        const { stages } = event.plan;
        const blobs = stages.flatMap(({ steps }) => steps).filter((step) => step.type === "blob");
        this.totalBlobs = blobs.length;
        this.totalBytes = blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
        this.#tagSteps = stages.filter(({ name }) => name === "tag").flatMap(({ steps }) => steps);
        break;
      }
      case "step-started":
        if (this.#isTagStep(event.step)) this.tag = "started";
        break;
      case "progress":
        this.running.set(event.digest, { bytes: event.bytes, sizeBytes: event.sizeBytes });
        break;
      case "step-finished": {
        const { step, outcome } = event;
        if (this.#isTagStep(step)) this.#countMoved(step);
        if (step.type !== "blob") break;
        this.running.delete(step.descriptor.digest);
        this.doneBlobs++;
        this.#finishedBytes += step.descriptor.size;
        if (outcome.type === "blob") this.#streamedBytes += outcome.bytes;
        break;
      }
    }
  }

  /** Bytes at the destination, and those sent so far of running blobs. */
  get doneBytes(): number {
    return this.#finishedBytes + this.#runningBytes();
  }

  /** Bytes that were sent. Present and mounted blobs do not count. */
  get streamedBytes(): number {
    return this.#streamedBytes + this.#runningBytes();
  }

  #countMoved(step: Step): void {
    if (step.type === "manifest") this.#moved.add(step.tag);
    if (this.#moved.size >= this.#tagSteps.length) this.tag = "moved";
  }

  #runningBytes(): number {
    return this.running.values().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Compares tag and digest: the root may be put by its digest before its tag. */
  #isTagStep(step: Step): boolean {
    return this.#tagSteps.some((last) =>
      last.type === "manifest" && step.type === "manifest" && last.tag === step.tag &&
      last.descriptor.digest === step.descriptor.digest
    );
  }
}

/** Shows progress. Other lines on stderr are printed through it, so that they do not break the bars. */
export interface ProgressDisplay {
  /** Called after the event was added to the tally. */
  update(event: CopyEvent): void;
  print(line: string): void;
  close(): void;
}
