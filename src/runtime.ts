/**
 * The port to the host: all that crossdock needs of the machine it runs on. One implementation a host stands in `hosts/`;
 * what differs between Deno, Node, Bun and workerd is in there and nowhere else.
 */
import type { ChunkReader } from "./streams/chunk_reader.ts";

/** How a registry's certificate is judged. */
export interface TlsOptions {
  /** PEM certificates that are trusted besides the host's own. */
  readonly caCerts?: readonly string[] | undefined;
  /** Take any certificate. */
  readonly unverified?: boolean | undefined;
}

/** A request whose body, if any, lies in memory. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body?: Uint8Array<ArrayBuffer> | string | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A request whose body streams through and whose length is known before it starts. */
export interface UploadRequest extends Omit<HttpRequest, "body"> {
  /** A response whose body is passed on untouched, or a reader whose chunks are watched as they pass. */
  readonly body: Response | ChunkReader;
  /** The exact length. The host sends it as Content-Length and never falls back to chunked encoding. */
  readonly sizeBytes: number;
}

/** A hash that takes its input piece by piece. */
export interface StreamHash {
  update(chunk: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /** Gives lower-case hex; call it once. */
  hex(): string | Promise<string>;
}

/** The host that crossdock runs on. */
export interface Runtime {
  readonly name: "deno" | "node" | "bun" | "workerd";
  /**
   * Whether a blob that is not hashed here should pass as an untouched response. On workerd that spares a quarter of the
   * CPU time and leaves no garbage; elsewhere a watched body costs little and can be resumed, counted and timed.
   */
  readonly passesUntouched: boolean;
  /** Whether a body comes as it was sent although it has a Content-Encoding; elsewhere the host would decode it. */
  readonly givesRawBodies: boolean;
  /**
   * Sends one request. Redirects are never followed and the body is never decoded.
   *
   * @throws NetworkError when there is no answer; the signal's reason when that was aborted
   */
  fetch(request: HttpRequest): Promise<Response>;
  /**
   * Streams one body out, with backpressure. The reader is cancelled when the answer comes before the body's end.
   *
   * @throws NetworkError when there is no answer; whatever the body's reader threw; the signal's reason
   */
  upload(request: UploadRequest): Promise<Response>;
  createHash(algorithm: "sha256" | "sha512"): StreamHash;
  /** Milliseconds since the epoch. */
  now(): number;
  /** In `[0, 1)`. */
  random(): number;
  /** Waits; rejects with the signal's reason when that is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
