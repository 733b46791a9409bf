import { toBytes } from "@std/streams/to-bytes";
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes } from "../oci/digest.ts";
import { limitBody } from "../streams/limit_body.ts";

export interface ReadSmallBlobOptions {
  /** The name of the source's repository. */
  readonly from: string;
  /** More than this is not held. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads a blob whole from an answer of the source, and checks its size and digest.
 *
 * @throws CrossdockError `timeout`, `network`, `limit` or `integrity`, all of them the source's; the signal's reason when that was
 * aborted
 */
export async function readSmallBlob(
  response: Response,
  descriptor: Descriptor,
  { from, maxBytes, timeoutMs, signal }: ReadSmallBlobOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const what = `read blob ${descriptor.digest} of ${from}`;
  const side = "source";
  const limits = {
    maxBytes,
    timeoutMs,
    toSilence: () => new SilenceError(what, timeoutMs, { side }),
  };
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    // A body is never in shared memory, which the signature of toBytes() leaves open.
    bytes = await toBytes(limitBody(response, limits)) as Uint8Array<ArrayBuffer>;
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof CrossdockError) throw cause;
    if (cause instanceof RangeError) {
      const message = `${what}: it has more than ${maxBytes} bytes, not ${descriptor.size}`;
      throw new CrossdockError("limit", message, { cause, side });
    }
    throw new NetworkError("reset", `${what}: the connection broke`, { cause, side });
  }
  const digest = await digestBytes(bytes, digestAlgorithm(descriptor.digest));
  if (bytes.byteLength === descriptor.size && digest === descriptor.digest) return bytes;
  // Cut by a proxy that closes cleanly: worth another try. Wrong bytes of the right length are not.
  if (bytes.byteLength < descriptor.size) {
    const message = `${what}: it broke off after ${bytes.byteLength} of ${descriptor.size} bytes`;
    throw new NetworkError("reset", message, { side });
  }
  throw new CrossdockError(
    "integrity",
    `${what}: its bytes are ${digest}, not ${descriptor.digest}`,
    {
      side,
      hint: "the source is damaged; nothing was committed",
    },
  );
}
