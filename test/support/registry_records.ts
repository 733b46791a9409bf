/** Records of requests, for tests to count. */

/** One request and its progress. */
export interface RequestRecord {
  readonly kind: "registry" | "token";
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The request headers. */
  readonly headers: Headers;
  /** 0 until there is a response. */
  status: number;
  /** Bytes of the request body that were read. */
  requestBytes: number;
  /** Bytes of the response body that were written to the connection. */
  responseBytes: number;
}

/** Selects requests. All given fields must match. */
export interface RecordFilter {
  kind?: RequestRecord["kind"];
  method?: string;
  /** A part of the path without its query, or a pattern for it. */
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

/** Passes the stream on and reports the size of each chunk. */
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
