/** Limits the bytes that one operation holds in memory: a tree of manifests, a list, an inspection or a copy. */
import { CrossdockError } from "./errors.ts";
import type { Side } from "./errors.ts";

/** 64 MiB: a process of 512 MiB can run several copies. The largest known images have some megabytes of manifests. */
export const MAX_HELD_BYTES = 64 * 1024 * 1024;

/** An object, an array or an element of parsed JSON needs about 50 bytes in V8, even if its text has two. */
const BYTES_PER_VALUE = 48;

const [COMMA, BRACKET, BRACE] = [0x2c, 0x5b, 0x7b];

export class ByteBudget {
  readonly #what: string;
  readonly #side: Side | undefined;
  #left = MAX_HELD_BYTES;

  /** @param what the content, used in the error: `read image ghcr.io/a/b` */
  constructor(what: string, { side }: { side?: Side | undefined } = {}) {
    this.#what = what;
    this.#side = side;
  }

  /** @throws CrossdockError `limit` if the content exceeds the budget with these bytes */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    const message = `${this.#what}: more than ${MAX_HELD_BYTES} bytes to hold in memory`;
    throw new CrossdockError("limit", message, { side: this.#side });
  }

  /** Takes the bytes of a JSON text and of its parsed values. */
  takeJson(text: Uint8Array): void {
    let values = 0;
    for (const byte of text) {
      if (byte === COMMA || byte === BRACKET || byte === BRACE) values++;
    }
    this.take(text.byteLength + values * BYTES_PER_VALUE);
  }
}
