import { toBytes } from "@std/streams/to-bytes";
import type { ContentSource } from "../content.ts";
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes } from "../oci/digest.ts";
import { explainBody } from "../streams/explain_body.ts";
import { limitBody } from "../streams/limit_body.ts";
import { openBlobOrData } from "./open_blob_or_data.ts";

/** Hint for a blob whose bytes do not match its digest. */
export const CORRUPT_HINT = "the source returns corrupt content; no blob was committed";

/** Whether the source caused an error while a blob was read. A limit is one of this program. */
export function isOfSource(error: unknown): error is CrossdockError {
  return error instanceof CrossdockError && error.side === "source" && error.code !== "limit";
}

interface ReadSmallBlobOptions {
  /** Idle timeout. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called with the length of each chunk; may throw. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Opens and reads a whole blob, which must be small. Reads it again from the registry if a mirror returns other bytes.
 *
 * @throws CrossdockError like {@linkcode readSmallBlob}, and like `openBlob()` of the source
 */
export async function fetchSmallBlob(
  source: ContentSource,
  descriptor: Descriptor,
  options: ReadSmallBlobOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { signal } = options;
  const read = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const response = await openBlobOrData(source, descriptor, { signal });
    return await readSmallBlob(response, descriptor, { ...options, from: source.name });
  };
  try {
    return await read();
  } catch (error) {
    if (!isOfSource(error) || !source.leaveMirror?.(descriptor, error.message)) throw error;
    return await read();
  }
}

/**
 * Reads a whole blob from a response of the source, and checks its size and digest.
 *
 * @throws CrossdockError `timeout`, `network` or `integrity`, with side `source`; the signal's reason after an abort
 */
export async function readSmallBlob(
  response: Response,
  descriptor: Descriptor,
  { from, timeoutMs, signal, onBytes }: ReadSmallBlobOptions & {
    /** Name of the source repository. */
    readonly from: string;
  },
): Promise<Uint8Array<ArrayBuffer>> {
  const what = `read blob ${descriptor.digest} of ${from}`;
  const side = "source";
  const limits = {
    maxBytes: descriptor.size,
    timeoutMs,
    toSilence: () => new SilenceError(what, timeoutMs, { side }),
    ...(onBytes ? { onBytes } : {}),
  };
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    // The cast: the signature of toBytes() allows shared memory, which a body never uses.
    bytes = await toBytes(limitBody(response, limits)) as Uint8Array<ArrayBuffer>;
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof CrossdockError) throw cause;
    if (cause instanceof RangeError) {
      const message =
        `${what}: the response has more than the ${descriptor.size} bytes in the descriptor` +
        explainBody(response);
      throw new CrossdockError("integrity", message, { cause, side });
    }
    throw new NetworkError("reset", `${what}: the connection was reset`, { cause, side });
  }
  const digest = await digestBytes(bytes, digestAlgorithm(descriptor.digest));
  if (bytes.byteLength === descriptor.size && digest === descriptor.digest) return bytes;
  // A proxy may close a broken connection cleanly, so a short response is temporary. Wrong bytes of the right length are not.
  if (bytes.byteLength < descriptor.size) {
    const message =
      `${what}: the response ended after ${bytes.byteLength} of ${descriptor.size} bytes` +
      explainBody(response);
    throw new NetworkError("reset", message, { side });
  }
  throw new CrossdockError(
    "integrity",
    `${what}: the received bytes have digest ${digest}, expected ${descriptor.digest}` +
      explainBody(response),
    {
      side,
      hint: CORRUPT_HINT,
    },
  );
}
