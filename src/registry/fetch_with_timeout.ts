/** Sends one request with an idle timeout. A slow transfer does not time out; a silent one does. */
import { SilenceError } from "../errors.ts";
import type { Side } from "../errors.ts";
import type { CheckedAddresses, Runtime, TlsOptions } from "../runtime.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { SilenceTimer } from "../streams/silence.ts";
import type { RegistryRequest } from "./request.ts";

/**
 * Sends one request.
 *
 * @throws SilenceError if no data arrives within the timeout; NetworkError; the signal's reason
 */
export async function fetchWithTimeout(
  url: URL,
  request: Pick<RegistryRequest, "method" | "what" | "body" | "stream" | "signal">,
  headers: Headers,
  { runtime, side, timeoutMs, tls, checked }: {
    readonly runtime: Runtime;
    readonly side: Side;
    readonly timeoutMs: number;
    readonly tls?: TlsOptions | undefined;
    readonly checked?: CheckedAddresses | undefined;
  },
): Promise<Response> {
  const { method, what, body, stream } = request;
  const unwatchedMs = stream ? unwatchedMsOf(stream) : 0;
  const silence = new AbortController();
  const timer = new SilenceTimer(timeoutMs, () => {
    silence.abort(
      new SilenceError(`${what}: waiting for ${url.host}`, timeoutMs + unwatchedMs, { side }),
    );
  });
  const signal = request.signal
    ? AbortSignal.any([request.signal, silence.signal])
    : silence.signal;
  const common = { method, url, headers, tls, checked, signal };
  try {
    if (!stream) {
      timer.restart();
      return await runtime.fetch({ ...common, body });
    }
    const { sizeBytes } = stream;
    const watched = stream.body instanceof Response
      ? stream.body
      : watchReads(stream.body, timer, sizeBytes);
    // The runtime may connect before it reads the body: the timer also limits the time to connect.
    timer.restart(unwatchedMs);
    return await runtime.upload({ ...common, body: watched, sizeBytes });
  } finally {
    timer.close();
  }
}

/**
 * A registry that stores blobs in an object store copies a blob again on commit. After the last byte it gets one more second for
 * each 20 MiB, in addition to the timeout.
 */
const COMMIT_BYTES_PER_MS = 20 * 1024 * 1024 / 1000;

/**
 * An upload whose body is passed on untouched cannot be watched, so its whole duration is limited. At 128 KiB per second a
 * gigabyte may take two hours. The limit is needed because not every host or registry ends a stalled upload.
 */
const UNWATCHED_BYTES_PER_SECOND = 128 * 1024;

/** Twelve days. A timer holds at most 24 days; a longer one fires at once. */
const MAX_UNWATCHED_MS = 2 ** 30;

function unwatchedMsOf({ body, sizeBytes }: { body: unknown; sizeBytes: number }): number {
  if (!(body instanceof Response)) return 0;
  return Math.min(Math.ceil(sizeBytes / UNWATCHED_BYTES_PER_SECOND) * 1000, MAX_UNWATCHED_MS);
}

/** Stops the destination's timer during a read: the source has its own timeout. */
function watchReads(reader: ChunkReader, timer: SilenceTimer, sizeBytes: number): ChunkReader {
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
