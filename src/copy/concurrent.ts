/**
 * Runs `work` for each item, at most `limit` in parallel, and returns the results in order. The first error aborts the signal of
 * the other calls. It is thrown when all of them have settled.
 *
 * @param limit at least 1
 */
export async function mapConcurrent<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  outer?: AbortSignal,
): Promise<Result[]> {
  const failure = new AbortController();
  const signal = outer ? AbortSignal.any([outer, failure.signal]) : failure.signal;
  const results: Result[] = new Array(items.length);
  const entries = items.entries();
  let first: { error: unknown } | undefined;

  async function runWorker(): Promise<void> {
    for (const [i, item] of entries) {
      if (signal.aborted) return;
      try {
        results[i] = await work(item, signal);
      } catch (error) {
        first ??= { error };
        failure.abort(error);
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, runWorker));
  outer?.throwIfAborted();
  if (first) throw first.error;
  return results;
}
