/**
 * Limits the bytes that are held in memory: by one operation (a tree of manifests, a list, an inspection or a copy), and by all
 * operations of the process together.
 */
import { CrossdockError } from "./errors.ts";
import type { Side } from "./errors.ts";

/** The limit of one operation: 64 MiB. The largest known images have some megabytes of manifests. */
export const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * The default of a server. A server in a container of 512 MiB then stays below 256 MiB, because each byte that is held leaves
 * several bytes of garbage until V8 collects it.
 */
export const SERVER_HELD_BYTES = 24 * 1024 * 1024;

/** Each byte of a text is held twice: as bytes, and in the parsed values. */
const COPIES_OF_TEXT = 2;

/** An object, an array or an element of parsed JSON needs about 50 bytes in V8, even if its text has two. */
const BYTES_PER_VALUE = 48;

/** How long to wait until other operations have ended. */
const RETRY_AFTER_MS = 10_000;

const RAISE_HINT = "raise CROSSDOCK_MAX_HELD_BYTES on the server";

const [COMMA, BRACKET, BRACE] = [0x2c, 0x5b, 0x7b];

const held = { bytes: 0, maxBytes: Infinity };

/**
 * Sets the limit of this process. Default: none. Not for workerd, where a request that is cancelled never returns its bytes, because
 * no code of it runs any more.
 */
export function limitHeldBytes(maxBytes: number): void {
  held.maxBytes = maxBytes;
}

export interface ByteLimitOptions {
  readonly side?: Side | undefined;
}

/** Limits the bytes of one operation. Use it alone for bytes that are announced or skipped, and not held. */
export class ByteLimit {
  readonly #what: string;
  readonly #side: Side | undefined;
  #taken = 0;

  /** @param what the content, used in the error: `read image ghcr.io/a/b` */
  constructor(what: string, { side }: ByteLimitOptions = {}) {
    this.#what = what;
    this.#side = side;
  }

  /** The bytes taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** @throws CrossdockError `limit` if the operation exceeds its limit with these bytes */
  take(bytes: number): void {
    const maxBytes = Math.min(MAX_HELD_BYTES, held.maxBytes);
    if (this.#taken + bytes > maxBytes) {
      throw this.toError(
        `more than ${maxBytes} bytes to hold in memory`,
        maxBytes < MAX_HELD_BYTES ? { hint: RAISE_HINT } : {},
      );
    }
    this.#taken += bytes;
  }

  /** Takes the bytes of a text, which are held with the parsed values. */
  takeText(bytes: number): void {
    this.take(bytes * COPIES_OF_TEXT);
  }

  /** Returns bytes that are no longer held. */
  give(bytes: number): void {
    this.#taken -= bytes;
  }

  protected toError(problem: string, retry: { hint?: string; retryAfterMs?: number } = {}): Error {
    return new CrossdockError("limit", `${this.#what}: ${problem}`, {
      side: this.#side,
      ...retry,
    });
  }
}

/**
 * The bytes that one operation holds. They also count for the process. Never waits: two operations that wait for each other's
 * bytes would never end.
 */
export class ByteBudget extends ByteLimit {
  /** @throws CrossdockError `limit`; with `retryAfterMs` if the operation alone is within its limit */
  override take(bytes: number): void {
    super.take(bytes);
    if (held.bytes + bytes > held.maxBytes) {
      super.give(bytes);
      throw this.toError(
        `all operations of this process together hold more than ${held.maxBytes} bytes in memory`,
        {
          retryAfterMs: RETRY_AFTER_MS,
          hint: `retry after 10 seconds, or ${RAISE_HINT}`,
        },
      );
    }
    held.bytes += bytes;
  }

  override give(bytes: number): void {
    super.give(bytes);
    held.bytes -= bytes;
  }

  /**
   * Reads a text and counts its bytes: the expected ones before they arrive, the others as they arrive. If reading fails, the
   * bytes are returned.
   *
   * @param expected the length that a descriptor states, or 0
   */
  async holdText<Result>(
    expected: number,
    read: (text: HeldText) => Promise<Result>,
  ): Promise<Result> {
    const text = new HeldText(this);
    text.expect(expected);
    try {
      return await read(text);
    } catch (error) {
      this.give(text.taken);
      throw error;
    }
  }
}

/** The bytes of one text in a budget. A retry reads the text again. */
export class HeldText {
  readonly #budget: ByteBudget;
  #taken = 0;
  #arrived = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** The bytes taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Starts to read a text of at least this length. */
  expect(bytes: number): void {
    this.#arrived = 0;
    this.#takeUpTo(bytes * COPIES_OF_TEXT);
  }

  /** Counts a chunk. */
  add(bytes: number): void {
    this.#arrived += bytes;
    this.#takeUpTo(this.#arrived * COPIES_OF_TEXT);
  }

  /** Takes the parsed values of the JSON text, before it is parsed. */
  addValues(text: Uint8Array): void {
    let values = 0;
    for (const byte of text) {
      if (byte === COMMA || byte === BRACKET || byte === BRACE) values++;
    }
    this.#takeUpTo(text.byteLength * COPIES_OF_TEXT + values * BYTES_PER_VALUE);
  }

  #takeUpTo(bytes: number): void {
    if (bytes <= this.#taken) return;
    this.#budget.take(bytes - this.#taken);
    this.#taken = bytes;
  }
}

/** Calls an operation with a new budget, and returns all its bytes at the end. */
export async function withBudget<Result>(
  what: string,
  options: ByteLimitOptions,
  use: (budget: ByteBudget) => Promise<Result>,
): Promise<Result> {
  const budget = new ByteBudget(what, options);
  try {
    return await use(budget);
  } finally {
    budget.give(budget.taken);
  }
}
