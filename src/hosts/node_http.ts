/** HTTP by `node:http` and `node:https`, for what `fetch` cannot do on Deno, Node and Bun. */
import { request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { CrossdockError } from "../errors.ts";
import type { HttpRequest, UploadRequest } from "../runtime.ts";
import { readBody } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { toRequestError } from "./network_failure.ts";
import { agentFor } from "./node_agents.ts";
import { toWebResponse } from "./node_response.ts";

/** One request on its way. */
interface Exchange {
  readonly outgoing: ClientRequest;
  /** Settles once; a rejection that nobody awaits is not reported as unhandled. */
  readonly response: Promise<Response>;
  /** Hangs up. */
  destroy(): void;
}

/** Sends a request whose body lies in memory. Redirects are not followed and the answer's body is never decoded. */
export async function sendOverNodeHttp(request: HttpRequest): Promise<Response> {
  request.signal?.throwIfAborted();
  const headers = new Headers(request.headers);
  const body = typeof request.body === "string"
    ? new TextEncoder().encode(request.body)
    : request.body;
  if (body) headers.set("content-length", `${body.byteLength}`);
  const exchange = begin(request, headers);
  exchange.outgoing.end(body);
  return await exchange.response;
}

/** Streams one body of known length out. See {@linkcode Runtime.upload} for what it promises. */
export async function uploadOverNodeHttp(request: UploadRequest): Promise<Response> {
  const { body, sizeBytes, signal } = request;
  const reader = body instanceof Response ? readBody(body) : body;
  let exchange: Exchange | undefined;
  try {
    signal?.throwIfAborted();
    const headers = new Headers(request.headers);
    headers.set("content-length", `${sizeBytes}`);
    exchange = begin(request, headers);
    const writer = new BodyWriter(reader, exchange.outgoing, sizeBytes);
    const written = writer.writeAll();
    // It may fail after the answer came, when nobody waits for it any more.
    written.catch(() => {});
    await Promise.race([written, exchange.response]);
    if (writer.isComplete) return await exchange.response;
    writer.stop();
    const response = await exchange.response;
    void reader.cancel(new Error("the answer came before the body's end")).catch(() => {});
    return response;
  } catch (error) {
    exchange?.destroy();
    void reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** Carries chunks from a reader to a request, each written out before the next is read. */
class BodyWriter {
  readonly #reader: ChunkReader;
  readonly #outgoing: ClientRequest;
  readonly #sizeBytes: number;
  #isStopped = false;
  /** Whether every byte was handed over. */
  isComplete = false;

  constructor(reader: ChunkReader, outgoing: ClientRequest, sizeBytes: number) {
    this.#reader = reader;
    this.#outgoing = outgoing;
    this.#sizeBytes = sizeBytes;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async writeAll(): Promise<void> {
    const size = this.#sizeBytes;
    let bytes = 0;
    while (bytes < size) {
      const chunk = await this.#reader.read();
      if (this.#isStopped) return;
      if (!chunk) throw wrongSize(`ended after ${bytes} of ${size} bytes`);
      bytes += chunk.byteLength;
      // The last piece waits for the source's end: with it the other side would take the body for whole.
      if (bytes < size) await this.#write(chunk);
      else await this.#writeLast(chunk, bytes);
      if (this.#isStopped) return;
    }
    if (size === 0) await this.#writeLast(new Uint8Array(), 0);
  }

  async #writeLast(chunk: Uint8Array<ArrayBuffer>, bytes: number): Promise<void> {
    // A copy, because reading on may use its memory again.
    const last = new Uint8Array(chunk);
    if (bytes > this.#sizeBytes || await this.#reader.read()) {
      throw wrongSize(`is longer than ${this.#sizeBytes} bytes`);
    }
    if (this.#isStopped) return;
    this.isComplete = true;
    this.#outgoing.end(last);
  }

  #write(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    return new Promise((resolve) => {
      this.#outgoing.write(chunk, (error) => {
        // A failed write leaves this pending: the exchange knows whether it is an early answer, an abort or a break.
        if (!error) resolve();
      });
    });
  }
}

function wrongSize(what: string): CrossdockError {
  return new CrossdockError("integrity", `send a body: it ${what}`);
}

function begin(request: HttpRequest | UploadRequest, headers: Headers): Exchange {
  const { method, url, signal, tls } = request;
  const options = { method, headers: Object.fromEntries(headers), agent: agentFor(url, tls) };
  const outgoing = url.protocol === "https:"
    ? httpsRequest(url, options)
    : httpRequest(url, options);
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  promise.catch(() => {});
  let isAnswered = false;
  const onAbort = (): void => {
    reject(signal?.reason);
    outgoing.destroy();
  };
  const release = (): void => signal?.removeEventListener("abort", onAbort);
  const fail = (error: unknown): void => {
    release();
    reject(toRequestError(error, request));
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  outgoing.on("response", (incoming: IncomingMessage) => {
    isAnswered = true;
    try {
      resolve(toWebResponse(incoming, { request, outgoing, onClose: release }));
    } catch (error) {
      fail(error);
      outgoing.destroy();
    }
  });
  outgoing.on("error", fail);
  // For a host that tells of a lost connection by this alone.
  outgoing.on("close", () => {
    if (!isAnswered) fail(new Error("socket hang up"));
  });
  return {
    outgoing,
    response: promise,
    destroy(): void {
      release();
      outgoing.destroy();
    },
  };
}
