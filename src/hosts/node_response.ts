import type { ClientRequest, IncomingMessage } from "node:http";
import type { HttpRequest, UploadRequest } from "../runtime.ts";
import { toRequestError } from "./network_failure.ts";

/** Answers that never have a body; `Response` refuses one with them. */
const NULL_BODY_STATUS: ReadonlySet<number> = new Set([204, 205, 304]);

export interface WebResponseOptions {
  readonly request: HttpRequest | UploadRequest;
  readonly outgoing: ClientRequest;
  /** Called once, when nothing more can come. */
  readonly onClose: () => void;
}

/**
 * Makes a web response of what `node:http` gives. Its body is pulled, as it was sent: no Content-Encoding is undone.
 *
 * @throws RangeError, TypeError for a status or header that a web response cannot hold
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
  let isOver = false;
  const { request } = options;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller): void {
      const fail = (error: unknown): void => {
        if (isOver) return;
        isOver = true;
        // Asked before the listener is gone: an abort is the reason for what follows from it.
        controller.error(toRequestError(error, request));
        finish(options);
      };
      incoming.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
        if (isOver) return;
        // A plain view: a Buffer's own slice() does not copy.
        controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        incoming.pause();
      });
      incoming.on("end", () => {
        if (isOver) return;
        isOver = true;
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
      isOver = true;
      incoming.destroy();
      options.outgoing.destroy();
      options.onClose();
    },
  }, { highWaterMark: 0 });
}

/** A connection whose request was not sent to its end must not serve another one. */
function finish({ outgoing, onClose }: WebResponseOptions): void {
  if (!outgoing.writableEnded) outgoing.destroy();
  onClose();
}
