export interface LimitedBytesTransformStreamOptions {
  /** Fail with a RangeError at the limit. Default: end the stream there, as if it had no more. */
  error?: boolean;
}

/**
 * Passes chunks on while they have at most `size` bytes in all. The chunk that exceeds this is not passed on, not even in part. The
 * source is then cancelled.
 */
export class LimitedBytesTransformStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(size: number, options: LimitedBytesTransformStreamOptions = {}) {
    let left = size;
    super({
      transform(chunk, controller): void {
        left -= chunk.byteLength;
        if (left >= 0) controller.enqueue(chunk);
        else if (options.error) throw new RangeError(`the stream has more than ${size} bytes`);
        else controller.terminate();
      },
    });
  }
}
