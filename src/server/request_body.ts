/** Reads the bodies of requests: each within a length and a time, and unverified ones within a number of bytes in all. */
import { RequestError } from "../problem.ts";

export interface RequestBodyLimits {
  readonly maxBytes: number;
  /** Time for the whole body, in milliseconds. */
  readonly timeoutMs: number;
  /** Counts the bytes of all bodies that are held at once. Default: not counted. */
  readonly budget?: BodyBudget | undefined;
}

/** Bytes that several bodies may hold at once. */
export class BodyBudget {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes. Returns false, and counts nothing, if they exceed the limit. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}

export interface HeldBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Call it when the bytes are no longer used: until then they count in the budget. */
  readonly release: () => void;
}

/**
 * Reads the body of a request.
 *
 * @throws RequestError `limit` for a body that is too long (413) or if too many bytes are held (503), `timeout` (408) if it takes
 * too long, `aborted` (499) if the client disconnects
 */
export async function readRequestBody(
  request: Request,
  limits: RequestBodyLimits,
): Promise<HeldBody> {
  const { maxBytes, timeoutMs, budget } = limits;
  rejectLength(request, maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isHeld = true;
  const release = (): void => {
    if (isHeld) budget?.release(length);
    isHeld = false;
  };
  const reader = request.body?.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow(timeoutMs)), timeoutMs);
  });
  try {
    for (;;) {
      const next = await Promise.race([reader?.read().catch(toDisconnected), deadline]);
      if (!next || next.done) break;
      const { byteLength } = next.value;
      if (length + byteLength > maxBytes) throw tooLong(maxBytes);
      if (budget && !budget.take(byteLength)) throw tooMany();
      length += byteLength;
      chunks.push(next.value);
    }
    // Deno's node:http ends a body that breaks off as if it were complete.
    if (length < declaredLength(request)) toDisconnected();
    return { bytes: join(chunks, length), release };
  } catch (error) {
    release();
    // Not awaited: a host may wait for the client here.
    reader?.cancel().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects a request whose declared length is above the limit, before its body is read. */
export function rejectLength(request: Request, maxBytes: number): void {
  if (declaredLength(request) > maxBytes) throw tooLong(maxBytes);
}

function declaredLength({ headers }: Request): number {
  return Number(headers.get("content-length") ?? 0);
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function tooLong(maxBytes: number): RequestError {
  return new RequestError("limit", `the body is longer than ${maxBytes} bytes`, { status: 413 });
}

function tooMany(): RequestError {
  return new RequestError("limit", "the server is reading too many bodies at once", {
    status: 503,
    hint: "retry after 5 seconds",
    headers: { "retry-after": "5" },
  });
}

function tooSlow(timeoutMs: number): RequestError {
  const detail = `the body did not arrive within ${timeoutMs / 1000} s`;
  return new RequestError("timeout", detail, {
    status: 408,
    title: "The request took too long",
  });
}

/** Each host has an error of its own for a body that breaks off. The client never sees this response; logs and metrics do. */
function toDisconnected(): never {
  throw new RequestError("aborted", "the client disconnected before the end of the body", {
    status: 499,
  });
}
