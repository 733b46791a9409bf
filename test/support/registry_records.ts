/** What was asked of the registry, for tests to count. */

/** One request, as far as it got. */
export interface RequestRecord {
  readonly kind: "registry" | "token";
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The request's. */
  readonly headers: Headers;
  /** Zero as long as there is no answer. */
  status: number;
  /** Bytes of the body that were read. */
  requestBytes: number;
  /** Bytes of the body that were given to the client, or at least to its connection. */
  responseBytes: number;
}

/** Which requests to count; all that is given must fit. */
export interface RecordFilter {
  kind?: RequestRecord["kind"];
  method?: string;
  /** A part of the path, or a pattern for it. The query does not count. */
  path?: string | RegExp;
  status?: number;
}

export function matchesRecord(record: RequestRecord, filter: RecordFilter): boolean {
  const { kind = record.kind, method = record.method, status = record.status, path } = filter;
  return kind === record.kind && method === record.method && status === record.status &&
    matchesPath(record.path, path);
}

export function matchesPath(path: string, wanted: string | RegExp | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === "string" ? path.includes(wanted) : path.search(wanted) >= 0;
}

/** Passes the stream on and says how many bytes went by. */
export function counted(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  count: (bytes: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      count(value.length);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
