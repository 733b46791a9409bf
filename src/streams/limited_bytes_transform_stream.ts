export interface LimitedBytesTransformStreamOptions {
  /** Fails with a RangeError at the limit. Default: false, which ends the stream without an error. */
  error?: boolean;
}

/**
 * Passes chunks through while their total is at most `size` bytes. The chunk that exceeds the limit is dropped as a whole, and
 * the source is cancelled.
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
