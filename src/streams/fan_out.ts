/**
 * Splits a stream into `count` streams with the same bytes, paced by the slowest: the next chunk is read once every stream that
 * is still in use has asked for it. So at most one chunk is held for each stream. `tee()` would hold all that the slowest has not
 * read yet. A stream that is cancelled no longer counts.
 */
export function fanOut(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  count: number,
): ReadableStream<Uint8Array<ArrayBuffer>>[] {
  const reader = body.getReader();
  const inUse = new Set<ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>>();
  /** The streams that wait for the next chunk, each with the function that ends its wait. */
  const waiting = new Map<ReadableStreamDefaultController, () => void>();

  async function readIfAllWait(): Promise<void> {
    if (inUse.size === 0 || waiting.size < inUse.size) return;
    const waits = [...waiting.values()];
    waiting.clear();
    try {
      const { done, value } = await reader.read();
      let isFirst = true;
      for (const controller of inUse) {
        if (done) controller.close();
        // A receiver may transfer the memory of its chunk, so each has its own.
        else controller.enqueue(isFirst ? value : value.slice());
        isFirst = false;
      }
    } catch (error) {
      for (const controller of inUse) controller.error(error);
    }
    for (const end of waits) end();
  }

  function open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let own: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller): void {
        own = controller;
        inUse.add(controller);
      },
      pull(controller): Promise<void> {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.set(controller, resolve);
        void readIfAllWait();
        return promise;
      },
      async cancel(reason): Promise<void> {
        inUse.delete(own);
        waiting.get(own)?.();
        waiting.delete(own);
        if (inUse.size === 0) await reader.cancel(reason);
        else void readIfAllWait();
      },
    }, { highWaterMark: 0 });
  }

  return Array.from({ length: count }, open);
}
