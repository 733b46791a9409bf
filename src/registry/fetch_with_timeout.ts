/** One request and its answer, timed for silence and not for slowness. */
import { SilenceError } from "../errors.ts";
import type { Side } from "../errors.ts";
import type { Runtime, TlsOptions } from "../runtime.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { SilenceTimer } from "../streams/silence.ts";
import type { RegistryRequest } from "./request.ts";

/**
 * Sends one request.
 *
 * @throws SilenceError when nothing is heard for too long; NetworkError; the signal's reason
 */
export async function fetchWithTimeout(
  url: URL,
  request: Pick<RegistryRequest, "method" | "what" | "body" | "stream" | "signal">,
  headers: Headers,
  { runtime, side, timeoutMs, tls }: {
    readonly runtime: Runtime;
    readonly side: Side;
    readonly timeoutMs: number;
    readonly tls?: TlsOptions | undefined;
  },
): Promise<Response> {
  const { method, what, body, stream } = request;
  const untouchedMs = stream ? untouchedMsOf(stream) : 0;
  const silence = new AbortController();
  const timer = new SilenceTimer(timeoutMs, () => {
    silence.abort(
      new SilenceError(`${what}: waiting for ${url.host}`, timeoutMs + untouchedMs, { side }),
    );
  });
  const signal = request.signal
    ? AbortSignal.any([request.signal, silence.signal])
    : silence.signal;
  const common = { method, url, headers, tls, signal };
  try {
    if (!stream) {
      timer.restart();
      return await runtime.fetch({ ...common, body });
    }
    const { sizeBytes } = stream;
    const watched = stream.body instanceof Response
      ? stream.body
      : hearReads(stream.body, timer, sizeBytes);
    // A host that connects before it reads may wait for the connection.
    timer.restart(untouchedMs);
    return await runtime.upload({ ...common, body: watched, sizeBytes });
  } finally {
    timer.close();
  }
}

/**
 * A registry that keeps blobs in an object store copies them once more when they are committed: for each 20 MiB it has a
 * second beyond the time-out to answer after the last byte.
 */
const COMMIT_BYTES_PER_MS = 20 * 1024 * 1024 / 1000;

/**
 * Nobody hears an untouched body pass, so it has this long for the whole of its way. At 128 KiB a second a gigabyte may take
 * two hours, and an upload that stands still ends some day all the same: not every host or registry would end it.
 */
const UNTOUCHED_BYTES_PER_SECOND = 128 * 1024;

/** Twelve days; a timer holds no more than twenty-four, and fires at once beyond. */
const MAX_UNTOUCHED_MS = 2 ** 30;

function untouchedMsOf({ body, sizeBytes }: { body: unknown; sizeBytes: number }): number {
  if (!(body instanceof Response)) return 0;
  return Math.min(Math.ceil(sizeBytes / UNTOUCHED_BYTES_PER_SECOND) * 1000, MAX_UNTOUCHED_MS);
}

/** While the source is awaited its own time-out counts, not the destination's. */
function hearReads(reader: ChunkReader, timer: SilenceTimer, sizeBytes: number): ChunkReader {
  let bytes = 0;
  return {
    async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      timer.stop();
      try {
        const chunk = await reader.read();
        bytes += chunk?.byteLength ?? 0;
        return chunk;
      } finally {
        timer.restart(bytes < sizeBytes ? 0 : sizeBytes / COMMIT_BYTES_PER_MS);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  };
}
