/** One blob: it is there, it is mounted, or it is piped from the source's response into the destination's upload. */
import type { BlobStart, BlobUpload } from "../content.ts";
import { CrossdockError, NetworkError } from "../errors.ts";
import { digestAlgorithm } from "../oci/digest.ts";
import { retryDelayMs } from "../retry.ts";
import type { PerformContext } from "./perform_context.ts";
import type { BlobOutcome } from "./model.ts";
import { readSmallBlob } from "./read_small_blob.ts";
import type { BlobStep } from "./step.ts";
import { watchBlob } from "./watch_blob.ts";

/** A blob up to here is read whole and checked before anything of it is sent: configs, signatures, small layers. */
const SMALL_BYTES = 256 * 1024;

/** Above this, `verify: "auto"` leaves the hash to a destination that is known to check: DESIGN decision 4. */
const TRUST_ABOVE_BYTES = 8 * 1024 * 1024;

/** Copies one blob; a transfer that breaks is begun again with a fresh upload. */
export async function copyBlob(step: BlobStep, context: PerformContext): Promise<BlobOutcome> {
  const isHashed = await decideToHash(step, context);
  for (let attempt = 0;; attempt++) {
    // A controller of the GET's own: the caller's signal on both requests brings Deno down.
    const get = new AbortController();
    const stop = (): void => get.abort(context.signal?.reason);
    context.signal?.throwIfAborted();
    context.signal?.addEventListener("abort", stop, { once: true });
    try {
      const opened = await open(step, context, get);
      if (opened.state !== "open") return { type: "blob", state: opened.state, bytes: 0 };
      try {
        await transfer(step, context, opened.response, opened.upload, get.signal, isHashed);
        return { type: "blob", state: "streamed", bytes: step.descriptor.size };
      } catch (error) {
        get.abort(error);
        if (context.signal?.aborted) throw context.signal.reason;
        await opened.upload.cancel();
        await waitToRepeat(error, step, context, attempt);
      }
    } finally {
      context.signal?.removeEventListener("abort", stop);
    }
  }
}

async function decideToHash(
  { verify, descriptor }: BlobStep,
  { target, signal }: PerformContext,
): Promise<boolean> {
  if (verify !== "auto") return verify === "stream";
  return descriptor.size <= TRUST_ABOVE_BYTES || !(await target.checksDigests({ signal }));
}

type Opened =
  | { readonly state: "present" | "mounted" }
  | { readonly state: "open"; readonly response: Response; readonly upload: BlobUpload };

/** Opens both ends: at once where the destination most likely lacks the blob, otherwise the destination first. */
async function open(
  step: BlobStep,
  context: PerformContext,
  get: AbortController,
): Promise<Opened> {
  const { source, target, signal } = context;
  const { descriptor, mountFrom } = step;
  const openSource = (): Promise<Response> => source.openBlob(descriptor, { signal: get.signal });
  const early = step.eager ? openSource() : undefined;
  early?.catch(() => {}); // Looked at below; until then it must not count as unhandled.
  let start: BlobStart;
  try {
    start = await target.beginBlob(descriptor, { mountFrom, signal });
  } catch (error) {
    await letGo(early, get);
    throw error;
  }
  if (start.state !== "open") {
    await letGo(early, get);
    return { state: start.state };
  }
  try {
    return { state: "open", response: await (early ?? openSource()), upload: start.upload };
  } catch (error) {
    if (!signal?.aborted) await start.upload.cancel();
    throw error;
  }
}

async function letGo(early: Promise<Response> | undefined, get: AbortController): Promise<void> {
  if (!early) return;
  get.abort(new CrossdockError("aborted", "the blob is not needed"));
  await early.then((response) => response.body?.cancel()).catch(() => {});
}

async function transfer(
  step: BlobStep,
  context: PerformContext,
  response: Response,
  upload: BlobUpload,
  getSignal: AbortSignal,
  isHashed: boolean,
): Promise<void> {
  const { descriptor } = step;
  const { runtime, signal, emit, source, timeoutMs } = context;
  const onBytes = (bytes: number): void =>
    emit?.({ type: "progress", digest: descriptor.digest, bytes, sizeBytes: descriptor.size });
  if (descriptor.size <= SMALL_BYTES) {
    const options = { maxBytes: SMALL_BYTES, timeoutMs, signal: getSignal };
    const bytes = await readSmallBlob(response, descriptor, source, options);
    await upload.put(bytes, { signal });
    onBytes(descriptor.size);
    return;
  }
  if (!isHashed && runtime.passesUntouched) {
    await upload.put(response, { signal });
    onBytes(descriptor.size);
    return;
  }
  const reader = watchBlob(response, {
    descriptor,
    what: `blob ${descriptor.digest} of ${source.name}`,
    hash: isHashed ? runtime.createHash(digestAlgorithm(descriptor.digest)) : undefined,
    retries: context.retries,
    timeoutMs,
    onBytes,
    resume: (offset, cause, attempt) => reopen(step, context, getSignal, offset, cause, attempt),
  });
  try {
    await upload.put(reader, { signal });
  } finally {
    await reader.cancel();
  }
}

/** Goes on with the source where it broke off; if that cannot be done, the blob is begun again. */
async function reopen(
  { descriptor }: BlobStep,
  { source, runtime, retries, emit }: PerformContext,
  signal: AbortSignal,
  offset: number,
  cause: unknown,
  attempt: number,
): Promise<Response> {
  const delayMs = retryDelayMs(cause, attempt - 1, retries, runtime.random()) ?? 0;
  const what = `read blob ${descriptor.digest} from byte ${offset} on`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  emit?.({ type: "retry", side: "source", what, attempt, delayMs, reason });
  await runtime.sleep(delayMs, signal);
  try {
    return await source.openBlob(descriptor, { offset, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new NetworkError("reset", `${what}: the source does not go on from there`, {
      cause: error,
      side: "source",
    });
  }
}

async function waitToRepeat(
  error: unknown,
  { descriptor }: BlobStep,
  { runtime, retries, emit, signal, target }: PerformContext,
  attempt: number,
): Promise<void> {
  const delayMs = retryDelayMs(error, attempt, retries, runtime.random());
  if (delayMs === undefined) throw error;
  emit?.({
    type: "retry",
    side: (error instanceof CrossdockError ? error.side : undefined) ?? "destination",
    what: `copy blob ${descriptor.digest} to ${target.name}`,
    attempt: attempt + 1,
    delayMs,
    reason: error instanceof Error ? error.message : String(error),
  });
  await runtime.sleep(delayMs, signal);
}
