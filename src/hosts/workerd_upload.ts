import type { UploadRequest } from "../runtime.ts";
import { readBody } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { sendBody } from "./send_body.ts";

/**
 * A stream from which `fetch` takes the Content-Length; it ignores the header of that name. The request fails with fewer or more
 * bytes. https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#fixedlengthstream
 */
declare class FixedLengthStream extends TransformStream<
  Uint8Array<ArrayBuffer>,
  Uint8Array<ArrayBuffer>
> {
  constructor(expectedLength: number);
}

/** Sends the request of an upload with a streamed body. */
export type PutBody = (
  request: UploadRequest,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
) => Promise<Response>;

/** Uploads one streamed body of known length by `fetch`. Implements {@linkcode Runtime.upload}. */
export function uploadOverFetch(request: UploadRequest, put: PutBody): Promise<Response> {
  const { body, sizeBytes } = request;
  if (!(body instanceof Response)) return uploadChunks(request, body, put);
  const hasLength = body.headers.get("content-length") === `${sizeBytes}`;
  return body.body && hasLength
    ? uploadUntouched(request, body.body, put)
    : uploadChunks(request, readBody(body), put);
}

/**
 * Passes a fetched body to `fetch` unchanged: it keeps its length and its bytes never reach JavaScript. After an early response
 * workerd closes the connection as soon as the response is read or cancelled.
 */
async function uploadUntouched(
  request: UploadRequest,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  put: PutBody,
): Promise<Response> {
  try {
    return await put(request, body);
  } catch (error) {
    await body.cancel(error).catch(() => {});
    throw error;
  }
}

function uploadChunks(
  request: UploadRequest,
  reader: ChunkReader,
  put: PutBody,
): Promise<Response> {
  return sendBody(reader, request.sizeBytes, () => {
    const { readable, writable } = new FixedLengthStream(request.sizeBytes);
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const response = put(request, readable);
    response.catch(() => {});
    return {
      response,
      write: (chunk) => new Promise((resolve) => void writer.write(chunk).then(resolve, () => {})),
      end: (chunk) => void writer.write(chunk).then(() => writer.close()).catch(() => {}),
      // Without this, `fetch` waits forever for the missing bytes.
      destroy: (reason) => void writer.abort(reason).catch(() => {}),
    };
  });
}
