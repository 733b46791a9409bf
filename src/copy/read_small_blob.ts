import { toBytes } from "@std/streams/to-bytes";
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes } from "../oci/digest.ts";
import { explainBody } from "../streams/explain_body.ts";
import { limitBody } from "../streams/limit_body.ts";

/** Hint for a blob whose bytes do not match its digest. */
export const CORRUPT_HINT = "the source returns corrupt content; no blob was committed";

export interface ReadSmallBlobOptions {
  /** Name of the source repository. */
  readonly from: string;
  /** Limit of the buffer. */
  readonly maxBytes: number;
  /** Idle timeout. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called with the length of each chunk; may throw. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Reads a whole blob from a response of the source, and checks its size and digest.
 *
 * @throws CrossdockError `timeout`, `network`, `limit` or `integrity`, with side `source`; the signal's reason after an abort
 */
export async function readSmallBlob(
  response: Response,
  descriptor: Descriptor,
  { from, maxBytes, timeoutMs, signal, onBytes }: ReadSmallBlobOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const what = `read blob ${descriptor.digest} of ${from}`;
  const side = "source";
  const limits = {
    maxBytes,
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
        `${what}: the response has more than ${maxBytes} bytes, expected ${descriptor.size}` +
        explainBody(response);
      throw new CrossdockError("limit", message, { cause, side });
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
