/** The Worker in which test/hosts/workerd.test.ts tests the runtime of workerd. */
import { toBytes } from "@std/streams/to-bytes";
import { createEngine } from "../../src/engine.ts";
import { CrossdockError, NetworkError } from "../../src/errors.ts";
import { createWorkerdRuntime } from "../../src/hosts/workerd.ts";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import { limitBody } from "../../src/streams/limit_body.ts";
import { byteAt, OneBufferReader, readerWith } from "./one_buffer_reader.ts";
import type {
  Call,
  CallError,
  CopyCall,
  FetchCall,
  HashCall,
  Result,
  SleepCall,
  UploadBody,
  UploadCall,
} from "./workerd_calls.ts";

type Answer = Omit<Result, "unhandled">;

const runtime = createWorkerdRuntime();
const unhandled: string[] = [];
addEventListener("unhandledrejection", (event) => {
  unhandled.push(`${(event as PromiseRejectionEvent).reason}`);
});

export default {
  async fetch(request: Request): Promise<Response> {
    const result: Result = { ...await answer(await request.json()), unhandled };
    return Response.json(result);
  },
};

async function answer(call: Call): Promise<Answer> {
  try {
    switch (call.type) {
      case "fetch":
        return await answerFetch(call);
      case "upload":
        return await answerUpload(call);
      case "hash":
        return await answerHash(call);
      case "sleep":
        return await answerSleep(call);
      case "copy":
        return await answerCopy(call);
    }
  } catch (error) {
    return { error: describe(error) };
  }
}

async function answerFetch(call: FetchCall): Promise<Answer> {
  const { method, body, tls, limits } = call;
  const response = await runtime.fetch({
    method,
    url: new URL(call.url),
    headers: new Headers(call.headers),
    body: body !== undefined && call.asBytes ? new TextEncoder().encode(body) : body,
    tls,
    signal: abortBy(call.abortBy),
  });
  if (!limits) return { response: await toResult(response) };
  const toSilence = (): Error => new Error("silence");
  const bytes = await toBytes(limitBody(response, { ...limits, toSilence }));
  return { response: await toResult(new Response(bytes as Uint8Array<ArrayBuffer>, response)) };
}

async function answerUpload(call: UploadCall): Promise<Answer> {
  const { body, sizeBytes, tls } = call;
  const content = await makeBody(body);
  const counts = (): Answer =>
    content instanceof OneBufferReader
      ? { reader: { bytes: content.bytes, cancelled: content.cancelled.length } }
      : {};
  try {
    const response = await runtime.upload({
      method: "PUT",
      url: new URL(call.url),
      headers: new Headers({ "content-type": "application/octet-stream" }),
      body: content,
      sizeBytes,
      tls,
      signal: call.isAborted ? AbortSignal.abort(new Error("enough")) : abortBy(call.abortBy),
    });
    const result = await toResult(response);
    if (call.holdBy) await (await fetch(call.holdBy)).body?.cancel();
    return { response: result, ...counts() };
  } catch (error) {
    return { error: describe(error), ...counts() };
  }
}

async function makeBody(body: UploadBody): Promise<ChunkReader | Response> {
  switch (body.type) {
    case "reader":
      if (!body.after) return new OneBufferReader(body.sizeBytes);
      return readerWith(body.after.chunks, body.after.then === "wait" ? wait : breakOff);
    case "fetched":
      return await runtime.fetch({ method: "GET", url: new URL(body.url), headers: new Headers() });
    case "made": {
      const bytes = Uint8Array.from({ length: body.sizeBytes }, (_, i) => byteAt(i));
      return new Response(new Blob([bytes]).stream());
    }
  }
}

function wait(): Promise<never> {
  return new Promise(() => {});
}

async function breakOff(): Promise<never> {
  await runtime.sleep(50);
  throw new Error("the source broke");
}

async function answerHash({ algorithm, pieces, isGivenUp }: HashCall): Promise<Answer> {
  const hash = runtime.createHash(algorithm);
  for (const piece of pieces) await hash.update(new TextEncoder().encode(piece));
  return isGivenUp ? {} : { hex: await hash.hex() };
}

async function answerSleep(call: SleepCall): Promise<Answer> {
  await runtime.sleep(call.ms, abortBy(call.abortBy));
  return {};
}

async function answerCopy({ source, destination, verify, engine }: CopyCall): Promise<Answer> {
  // Retries take no time.
  const hasty = {
    ...runtime,
    sleep: (_: number, signal?: AbortSignal) => runtime.sleep(1, signal),
  };
  const request = { source, destination, ...(verify ? { verify } : {}) };
  await createEngine({ runtime: hasty, ...engine }).copy(request);
  return {};
}

function abortBy(url: string | undefined): AbortSignal | undefined {
  if (url === undefined) return undefined;
  const controller = new AbortController();
  void fetch(url).then(async (response) => {
    await response.body?.cancel();
    controller.abort(new Error("enough"));
  });
  return controller.signal;
}

async function toResult(response: Response): Promise<NonNullable<Result["response"]>> {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: (await response.bytes()).toBase64(),
  };
}

function describe(error: unknown): CallError {
  if (!(error instanceof Error)) return { name: typeof error, message: `${error}` };
  return {
    name: error.name,
    message: error.message,
    ...error instanceof CrossdockError && pick(error),
    ...error instanceof NetworkError && { failure: error.failure },
    ...error.cause !== undefined && { cause: describe(error.cause) },
  };
}

function pick({ code, hint, side }: CrossdockError): Pick<CallError, "code" | "hint" | "side"> {
  return { code, ...hint !== undefined && { hint }, ...side !== undefined && { side } };
}
