/** Bytes made from a seed, the same in every run and on every host. */

type Bytes = Uint8Array<ArrayBuffer>;

/** Incompressible noise from a 32-bit seed. */
export function randomBytes(size: number, seed: number): Bytes {
  const words = new Uint32Array(Math.ceil(size / 4));
  // xorshift32: a state of 0 would stay 0.
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}

const BLOCK_BYTES = 64 * 1024;

/**
 * The bytes from `start` to `end` (exclusive) of an endless sequence, made while they are read.
 *
 * It repeats one block of noise and writes the block's index into each. This costs no more than a copy of memory, any
 * range can start at once, and no two blocks are the same.
 */
export function generatedStream(seed: number, start: number, end: number): ReadableStream<Bytes> {
  const noise = randomBytes(BLOCK_BYTES, seed);
  let position = start;
  return new ReadableStream({
    pull(controller): void {
      if (position >= end) return controller.close();
      const index = Math.floor(position / BLOCK_BYTES);
      const first = index * BLOCK_BYTES;
      const block = noise.slice();
      new DataView(block.buffer).setUint32(0, index);
      const piece = block.subarray(position - first, Math.min(end - first, BLOCK_BYTES));
      position += piece.length;
      controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
}
