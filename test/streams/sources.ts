/** Streams of given chunks, for the tests of the helpers of @std/streams. docs/adr/0015-std-streams.md. */

export interface Source<Chunk> {
  readonly stream: ReadableStream<Chunk>;
  /** Resolves with the reason when the stream is cancelled. */
  readonly cancelled: Promise<unknown>;
}

/** A stream of these chunks. It then ends, or fails with `error`. */
export function sourceOf<Chunk>(chunks: readonly Chunk[], error?: Error): Source<Chunk> {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  let next = 0;
  const stream = new ReadableStream<Chunk>({
    pull(controller): void {
      const chunk = chunks[next++];
      if (chunk !== undefined) controller.enqueue(chunk);
      else if (error) controller.error(error);
      else controller.close();
    },
    cancel: resolve,
  }, { highWaterMark: 0 });
  return { stream, cancelled };
}

export function bytesOf(...chunks: number[][]): ReadableStream<Uint8Array> {
  return sourceOf(chunks.map((chunk) => Uint8Array.from(chunk))).stream;
}
