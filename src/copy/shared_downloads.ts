import { abortable } from "../abortable.ts";
import type { CallOptions } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { fanOut } from "../streams/fan_out.ts";

/** How long the copies of a group wait for one that does not say whether it needs a blob. Then they no longer wait for it. */
const MAX_WAIT_MS = 5000;

/** Opens a blob at the source. */
export type OpenBlob = (options: CallOptions) => Promise<Response>;

/** A copy that needs a blob, and waits until the others of its group have said whether they need it too. */
interface Wanting {
  readonly open: OpenBlob;
  readonly options: CallOptions;
  readonly resolve: (response: Response | Promise<Response>) => void;
}

/**
 * The copies of one image to several registries. A blob that several of them lack is read once from the source: each copy says
 * whether it needs the blob, and then one response is passed to all that do, paced by the slowest.
 */
export class DownloadGroup {
  readonly #members = new Set<DownloadMember>();
  readonly #wanting = new Map<Digest, Wanting[]>();
  readonly #maxWaitMs: number;

  /** @param maxWaitMs for tests */
  constructor(maxWaitMs: number = MAX_WAIT_MS) {
    this.#maxWaitMs = maxWaitMs;
  }

  /** The number of copies. */
  get size(): number {
    return this.#members.size;
  }

  join(member: DownloadMember): void {
    this.#members.add(member);
  }

  leave(member: DownloadMember): void {
    this.#members.delete(member);
    this.check();
  }

  /** Opens the blobs for which no copy is awaited. Called after each change of a member. */
  check(): void {
    for (const [digest, wanting] of this.#wanting) {
      if (this.#awaited(digest).length > 0) continue;
      this.#wanting.delete(digest);
      this.#open(wanting);
    }
  }

  async want(
    { digest }: Descriptor,
    open: OpenBlob,
    options: CallOptions,
  ): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const wanting = { open, options, resolve };
    const others = this.#wanting.get(digest);
    if (others) others.push(wanting);
    else this.#wanting.set(digest, [wanting]);
    this.check();
    const timer = setTimeout(() => this.#dropAwaited(digest), this.#maxWaitMs);
    try {
      return await abortable(promise, options.signal);
    } catch (error) {
      this.#withdraw(digest, wanting);
      void promise.then((response) => response.body?.cancel()).catch(() => {});
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The members that have not said whether they need the blob. */
  #awaited(digest: Digest): DownloadMember[] {
    return [...this.#members].filter((member) => member.mayNeed(digest));
  }

  #dropAwaited(digest: Digest): void {
    for (const member of this.#awaited(digest)) this.leave(member);
  }

  #withdraw(digest: Digest, wanting: Wanting): void {
    const rest = this.#wanting.get(digest)?.filter((other) => other !== wanting);
    if (!rest) return;
    if (rest.length > 0) this.#wanting.set(digest, rest);
    else this.#wanting.delete(digest);
  }

  #open(wanting: readonly Wanting[]): void {
    const [first] = wanting;
    if (!first) return;
    if (wanting.length === 1) return first.resolve(first.open(first.options));
    // No signal: a copy that is aborted must not end the download of the others. It cancels its own part of it.
    const opened = first.open({});
    const parts = opened.then(({ body, headers }) => {
      const bodies = body ? fanOut(body, wanting.length) : [];
      return wanting.map((_, i) => new Response(bodies[i] ?? null, { headers }));
    });
    for (const [i, { resolve }] of wanting.entries()) {
      resolve(parts.then((responses) => responses[i] ?? Promise.reject(new Error("no response"))));
    }
  }
}

/** One copy of a group. */
export class DownloadMember {
  readonly #group: DownloadGroup;
  /** The blobs that the copy may need. `undefined` until it has a plan. */
  #open: Set<Digest> | undefined;

  constructor(group: DownloadGroup) {
    this.#group = group;
  }

  /** Begins the copy. Blobs that the others have opened by then are read again. */
  join(): void {
    this.#open = undefined;
    this.#group.join(this);
  }

  /** Sets the blobs that the copy may need. */
  expect(digests: Iterable<Digest>): void {
    this.#open = new Set(digests);
    this.#group.check();
  }

  /** Whether the copy has not yet said if it needs the blob. */
  mayNeed(digest: Digest): boolean {
    return this.#open?.has(digest) ?? true;
  }

  /** Records that the copy does not need the blob, or has it from elsewhere. */
  settle(digest: Digest): void {
    if (this.#open?.delete(digest)) this.#group.check();
  }

  /** Ends the copy. */
  leave(): void {
    this.#group.leave(this);
  }

  /** Opens a blob together with the other copies. A blob that this copy opens again is opened for it alone. */
  async openBlob(descriptor: Descriptor, open: OpenBlob, options: CallOptions): Promise<Response> {
    if (!this.#open?.delete(descriptor.digest)) return await open(options);
    return await this.#group.want(descriptor, open, options);
  }
}
