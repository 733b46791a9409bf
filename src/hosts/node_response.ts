import type { ClientRequest, IncomingMessage } from "node:http";
import type { HttpRequest, UploadRequest } from "../runtime.ts";

/** Statuses without a body; the `Response` constructor rejects a body with them. */
const NULL_BODY_STATUS: ReadonlySet<number> = new Set([204, 205, 304]);

export interface WebResponseOptions {
  readonly request: HttpRequest | UploadRequest;
  readonly outgoing: ClientRequest;
  /** Called when the response has ended or failed. */
  readonly onClose: () => void;
}

/**
 * Converts a response of `node:http` to a web response. Its body is read on demand and not decoded.
 *
 * @throws RangeError, TypeError for a status or header that a web response does not allow
 */
export function toWebResponse(incoming: IncomingMessage, options: WebResponseOptions): Response {
  const status = incoming.statusCode ?? 0;
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? "", incoming.rawHeaders[i + 1] ?? "");
  }
  const init = { status, statusText: incoming.statusMessage ?? "", headers };
  if (NULL_BODY_STATUS.has(status) || options.request.method === "HEAD") {
    const response = new Response(null, init);
    skipBody(incoming, options);
    return response;
  }
  return new Response(toWebStream(incoming, options), init);
}

function skipBody(incoming: IncomingMessage, options: WebResponseOptions): void {
  incoming.on("error", () => {});
  incoming.on("end", () => finish(options));
  incoming.on("close", () => finish(options));
  incoming.resume();
}

function toWebStream(
  incoming: IncomingMessage,
  options: WebResponseOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isEnded = false;
  const { request } = options;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller): void {
      const fail = (error: unknown): void => {
        if (isEnded) return;
        isEnded = true;
        // Before finish(), so that an abort is reported as the cause of the errors that follow it.
        // Otherwise as from `fetch`: who reads the body names what was read.
        controller.error(request.signal?.aborted ? request.signal.reason : error);
        finish(options);
      };
      incoming.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
        if (isEnded) return;
        // A plain Uint8Array, because slice() of a Buffer does not copy.
        controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        incoming.pause();
      });
      incoming.on("end", () => {
        if (isEnded) return;
        isEnded = true;
        controller.close();
        finish(options);
      });
      incoming.on("error", fail);
      incoming.on("close", () => fail(new Error("socket hang up")));
      options.outgoing.on("error", fail);
      incoming.pause();
    },
    pull(): void {
      incoming.resume();
    },
    cancel(): void {
      isEnded = true;
      incoming.destroy();
      options.outgoing.destroy();
      options.onClose();
    },
  }, { highWaterMark: 0 });
}

/** Closes a connection whose request was not fully sent, so that it is not reused. */
function finish({ outgoing, onClose }: WebResponseOptions): void {
  if (!outgoing.writableEnded) outgoing.destroy();
  onClose();
}
