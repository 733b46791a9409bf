import type { UploadRequest } from "../runtime.ts";
import { readBody } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { fetchOnce } from "./fetch_once.ts";
import { sendBody } from "./send_body.ts";

/**
 * A pipe from which `fetch` takes the Content-Length; a header by that name it ignores. Less or more than that many bytes
 * fail the request. https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#fixedlengthstream
 */
declare class FixedLengthStream extends TransformStream<
  Uint8Array<ArrayBuffer>,
  Uint8Array<ArrayBuffer>
> {
  constructor(expectedLength: number);
}

/**
 * Streams one body of known length out by `fetch`. `options` is what only this host's `fetch` knows. See
 * {@linkcode Runtime.upload} for what it promises.
 */
export function uploadOverFetch(request: UploadRequest, options: object): Promise<Response> {
  const { body, sizeBytes } = request;
  if (!(body instanceof Response)) return uploadChunks(request, body, options);
  const isOfLength = body.headers.get("content-length") === `${sizeBytes}`;
  return body.body && isOfLength
    ? uploadUntouched(request, body.body, options)
    : uploadChunks(request, readBody(body), options);
}

/**
 * Passed on as it is, a body that was fetched keeps its length and never reaches JavaScript. An early answer stops it as
 * soon as it is read or cancelled: workerd closes the connection then.
 */
async function uploadUntouched(
  request: UploadRequest,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  options: object,
): Promise<Response> {
  try {
    return await put(request, body, options);
  } catch (error) {
    await body.cancel(error).catch(() => {});
    throw error;
  }
}

function uploadChunks(
  request: UploadRequest,
  reader: ChunkReader,
  options: object,
): Promise<Response> {
  return sendBody(reader, request.sizeBytes, () => {
    const { readable, writable } = new FixedLengthStream(request.sizeBytes);
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const response = put(request, readable, options);
    response.catch(() => {});
    return {
      response,
      write: (chunk) => new Promise((resolve) => void writer.write(chunk).then(resolve, () => {})),
      end: (chunk) => void writer.write(chunk).then(() => writer.close()).catch(() => {}),
      // Without it `fetch` waits for the missing bytes for good.
      destroy: (reason) => void writer.abort(reason).catch(() => {}),
    };
  });
}

function put(
  { method, url, headers, signal }: UploadRequest,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  options: object,
): Promise<Response> {
  return fetchOnce({ method, url, headers, signal }, { ...options, body });
}
