/** A value is made anew when less than this is left of it, so that an upload that begins now does not end in a 401. */
const RENEW_BEFORE_MS = 30_000;

/** More are forgotten, oldest first: a host that lives long may see any number of repositories. */
const MAX_KEPT = 1000;

/** A value, and since when it is kept, in milliseconds since the epoch. */
export interface Kept<Value> {
  readonly value: Value;
  readonly keptAt: number;
}

/**
 * Keeps what takes a request to get: each value until shortly before it expires, one of a short life for three quarters
 * of that. Whoever asks while a value is on its way waits for it; one that failed is not kept.
 */
export class FreshCache<Value> {
  readonly #now: () => number;
  readonly #expiryOf: (value: Value) => number | undefined;
  readonly #kept: Map<string, Kept<Value>>;
  readonly #pending = new Map<string, Promise<Value>>();

  /**
   * @param options.now milliseconds since the epoch
   * @param options.expiryOf when a value expires, likewise; undefined if it does not
   * @param options.kept where values are kept: plain data, which other caches may share. Default: the cache's own
   */
  constructor(options: {
    readonly now: () => number;
    readonly expiryOf: (value: Value) => number | undefined;
    readonly kept?: Map<string, Kept<Value>> | undefined;
  }) {
    this.#now = options.now;
    this.#expiryOf = options.expiryOf;
    this.#kept = options.kept ?? new Map();
  }

  /**
   * The value under a key, made if there is none that is fresh.
   *
   * @param isRefused whether a value that is fresh by the clock was refused all the same, so that another has to be made
   */
  get(
    key: string,
    make: () => Promise<Value>,
    isRefused: (value: Value) => boolean = () => false,
  ): Promise<Value> {
    const kept = this.#kept.get(key);
    if (kept && this.#isFresh(kept) && !isRefused(kept.value)) return Promise.resolve(kept.value);
    const pending = this.#pending.get(key) ?? this.#make(key, make);
    this.#pending.set(key, pending);
    return pending;
  }

  async #make(key: string, make: () => Promise<Value>): Promise<Value> {
    try {
      const value = await make();
      this.#kept.set(key, { value, keptAt: this.#now() });
      for (const oldest of this.#kept.keys()) {
        if (this.#kept.size <= MAX_KEPT) break;
        this.#kept.delete(oldest);
      }
      return value;
    } finally {
      this.#pending.delete(key);
    }
  }

  #isFresh({ value, keptAt }: Kept<Value>): boolean {
    const expiresAt = this.#expiryOf(value);
    if (expiresAt === undefined) return true;
    return expiresAt - this.#now() > Math.min(RENEW_BEFORE_MS, (expiresAt - keptAt) / 4);
  }
}
