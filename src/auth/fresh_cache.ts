/** A value is made anew when less than this is left of it, so that an upload that begins now does not end in a 401. */
const RENEW_BEFORE_MS = 30_000;

interface Kept<Value> {
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
  readonly #entries = new Map<string, Promise<Kept<Value>>>();

  /**
   * @param options.now milliseconds since the epoch
   * @param options.expiryOf when a value expires, likewise; undefined if it does not
   */
  constructor(options: {
    readonly now: () => number;
    readonly expiryOf: (value: Value) => number | undefined;
  }) {
    this.#now = options.now;
    this.#expiryOf = options.expiryOf;
  }

  /**
   * The value under a key, made if there is none that is fresh.
   *
   * @param isRefused whether a value that is fresh by the clock was refused all the same, so that another has to be made
   */
  async get(
    key: string,
    make: () => Promise<Value>,
    isRefused: (value: Value) => boolean = () => false,
  ): Promise<Value> {
    const entry = this.#entries.get(key);
    if (entry) {
      const kept = await entry;
      if (this.#isFresh(kept) && !isRefused(kept.value)) return kept.value;
    }
    const current = this.#entries.get(key);
    const kept = await (current && current !== entry ? current : this.#make(key, make));
    return kept.value;
  }

  #make(key: string, make: () => Promise<Value>): Promise<Kept<Value>> {
    const made = make().then((value) => ({ value, keptAt: this.#now() }));
    this.#entries.set(key, made);
    made.catch(() => this.#entries.get(key) === made && this.#entries.delete(key));
    return made;
  }

  #isFresh({ value, keptAt }: Kept<Value>): boolean {
    const expiresAt = this.#expiryOf(value);
    if (expiresAt === undefined) return true;
    return expiresAt - this.#now() > Math.min(RENEW_BEFORE_MS, (expiresAt - keptAt) / 4);
  }
}
