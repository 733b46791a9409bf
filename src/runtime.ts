/**
 * The port to the host: network, hashes, clock and random numbers. `hosts/` has one implementation per host, and only these
 * depend on Deno, Node, Bun or workerd.
 */
import type { ChunkReader } from "./streams/chunk_reader.ts";

/** How a TLS connection is made: which certificates are accepted, and which one is sent. */
export interface TlsOptions {
  /** PEM certificates to trust, in addition to those of the host. */
  readonly caCerts?: readonly string[] | undefined;
  /** Accept any certificate. Default: false. */
  readonly unverified?: boolean | undefined;
  /** Sent to a server that requests a certificate. */
  readonly clientCertificate?: ClientCertificate | undefined;
}

/** A certificate that identifies the client, in PEM. The key is a secret: do not log it. */
export interface ClientCertificate {
  /** The certificate, and the ones that it was issued with. */
  readonly cert: string;
  /** Not encrypted. */
  readonly key: string;
}

/** The addresses of a URL's host that a guard has checked. */
export interface CheckedAddresses {
  /** IPv4 and IPv6 addresses. */
  readonly addresses: readonly string[];
  /** Who they were checked for. A connection is reused only for requests with the same value. */
  readonly checkedFor: string;
}

/** A request without a body, or with a body in memory. */
export interface HttpRequest {
  /** `GET`, `PUT` and so on. */
  readonly method: string;
  /** Where to send it. */
  readonly url: URL;
  /** Sent unchanged. */
  readonly headers: Headers;
  /** Default: none. */
  readonly body?: Uint8Array<ArrayBuffer> | string | undefined;
  /** Default: the certificate is verified with those of the host. */
  readonly tls?: TlsOptions | undefined;
  /** Where to connect to. Default: the addresses that the name resolves to. Ignored for a request through a proxy. */
  readonly checked?: CheckedAddresses | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/** A request with a streamed body whose length is known in advance. */
export interface UploadRequest extends Omit<HttpRequest, "body"> {
  /** A response whose body is passed on unread, or a reader whose chunks pass through JavaScript. */
  readonly body: Response | ChunkReader;
  /** The exact length. The host sends it as Content-Length and never uses chunked encoding. */
  readonly sizeBytes: number;
}

/** A streaming hash. */
export interface StreamHash {
  /** Adds a chunk. */
  update(chunk: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /** Returns the digest in lower-case hex. Call it only once. */
  hex(): string | Promise<string>;
}

/** The host that crossdock runs on. */
export interface Runtime {
  /** The name of the host. */
  readonly name: "deno" | "node" | "bun" | "workerd";
  /**
   * Whether to pass on the response of a blob unread if the blob is not hashed here. On workerd this saves a quarter of the CPU
   * time and creates no garbage. On other hosts reading costs little, and a read body can be resumed, counted and timed.
   */
  readonly passesUntouched: boolean;
  /** Whether the host returns a body with a Content-Encoding as it was sent. Otherwise the host decodes it. */
  readonly givesRawBodies: boolean;
  /**
   * Sends one request. Never follows redirects.
   *
   * @throws NetworkError if there is no response; the signal's reason if it is aborted
   */
  fetch(request: HttpRequest): Promise<Response>;
  /**
   * Uploads one streamed body, with backpressure. Cancels the reader if the response arrives before the end of the body.
   *
   * @throws NetworkError if there is no response; any error of the reader; the signal's reason
   */
  upload(request: UploadRequest): Promise<Response>;
  /** The host and port of the proxy through which requests to a URL go, on hosts with proxies. */
  proxyOf?(url: URL): Promise<string | undefined>;
  /** Creates a streaming hash. */
  createHash(algorithm: "sha256" | "sha512"): StreamHash;
  /** Milliseconds since the epoch. */
  now(): number;
  /** A random number in `[0, 1)`. */
  random(): number;
  /** Waits. Rejects with the signal's reason if it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
