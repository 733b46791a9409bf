/** A value is renewed this long before it expires, so that an upload that starts now does not end in a 401. */
const RENEW_BEFORE_MS = 30_000;

/** Limits memory on a long-running host with many repositories. The oldest values are discarded first. */
const MAX_VALUES = 1000;

/** A value and the time when it was cached, in milliseconds since the epoch. */
export interface CachedValue<Value> {
  readonly value: Value;
  readonly cachedAt: number;
}

/**
 * Caches values that take a request to get. Each value is cached until 30 s before it expires, a short-lived one for three
 * quarters of its lifetime. Concurrent calls for one key share a request. Failures are not cached.
 */
export class FreshCache<Value> {
  readonly #now: () => number;
  readonly #expiryOf: (value: Value) => number | undefined;
  readonly #values: Map<string, CachedValue<Value>>;
  readonly #pending = new Map<string, Promise<Value>>();

  /**
   * @param options.now the current time in milliseconds since the epoch
   * @param options.expiryOf the time when a value expires, in milliseconds since the epoch; undefined if it does not expire
   * @param options.values the storage: plain data, which several caches may share. Default: a new map
   */
  constructor(options: {
    readonly now: () => number;
    readonly expiryOf: (value: Value) => number | undefined;
    readonly values?: Map<string, CachedValue<Value>> | undefined;
  }) {
    this.#now = options.now;
    this.#expiryOf = options.expiryOf;
    this.#values = options.values ?? new Map();
  }

  /**
   * Returns the value of a key. Makes a new one if there is no fresh value.
   *
   * @param isRefused whether a fresh value was rejected and must be replaced
   */
  get(
    key: string,
    make: () => Promise<Value>,
    isRefused: (value: Value) => boolean = () => false,
  ): Promise<Value> {
    const cached = this.#values.get(key);
    if (cached && this.#isFresh(cached) && !isRefused(cached.value)) {
      return Promise.resolve(cached.value);
    }
    const pending = this.#pending.get(key) ?? this.#make(key, make);
    this.#pending.set(key, pending);
    return pending;
  }

  async #make(key: string, make: () => Promise<Value>): Promise<Value> {
    try {
      const value = await make();
      this.#values.set(key, { value, cachedAt: this.#now() });
      for (const oldest of this.#values.keys()) {
        if (this.#values.size <= MAX_VALUES) break;
        this.#values.delete(oldest);
      }
      return value;
    } finally {
      this.#pending.delete(key);
    }
  }

  #isFresh({ value, cachedAt }: CachedValue<Value>): boolean {
    const expiresAt = this.#expiryOf(value);
    if (expiresAt === undefined) return true;
    return expiresAt - this.#now() > Math.min(RENEW_BEFORE_MS, (expiresAt - cachedAt) / 4);
  }
}
