import type { ContentSource } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { digestBytes } from "../oci/digest.ts";
import { retryDelayMs } from "../retry.ts";
import { copyBlob } from "./copy_blob.ts";
import { DelegatedSource } from "./delegated_source.ts";
import type { Outcome } from "./model.ts";
import type { PerformContext } from "./perform_context.ts";
import type { ReceiptStep } from "./step.ts";

/** Puts the receipt of a manifest, unless the destination has one of the same signer. */
export async function putReceipt(step: ReceiptStep, context: PerformContext): Promise<Outcome> {
  const { runtime, retries, emit, signal } = context;
  for (let attempt = 0;; attempt++) {
    try {
      return await putOnce(step, context);
    } catch (error) {
      // Requests to registries have had their retries. An error without a side comes from the service that signs.
      const isSigning = error instanceof CrossdockError && error.side === undefined;
      const delayMs = retryDelayMs(error, attempt, retries, runtime.random());
      if (!isSigning || delayMs === undefined) {
        if (error instanceof CrossdockError && error.code !== "aborted") {
          error.message = `the image is copied, and its receipt is not: ${error.message}`;
        }
        throw error;
      }
      emit?.({
        type: "retry",
        side: "destination",
        what: `sign the receipt of ${step.descriptor.digest}`,
        attempt: attempt + 1,
        delayMs,
        reason: error.message,
      });
      await runtime.sleep(delayMs, signal);
    }
  }
}

async function putOnce(step: ReceiptStep, context: PerformContext): Promise<Outcome> {
  const { receipts, target, runtime, signal } = context;
  if (!receipts) {
    throw new CrossdockError(
      "usage",
      `this process has no key to sign a receipt in ${step.destination}`,
    );
  }
  const subject = step.descriptor.digest;
  if (await receipts.has(target, { subject, name: step.name }, { signal })) {
    return { type: "receipt", state: "present" };
  }
  const { manifest, descriptor, blobs } = await receipts.sign(step, runtime.now(), { signal });
  for (const bytes of blobs) await putBytes(bytes, step, context);
  await target.putManifest(manifest, { signal });
  await target.recordReferrers(subject, [descriptor], { signal });
  return { type: "receipt", state: "put" };
}

async function putBytes(
  bytes: Uint8Array<ArrayBuffer>,
  { destination }: ReceiptStep,
  context: PerformContext,
): Promise<void> {
  const descriptor = {
    mediaType: "application/octet-stream",
    digest: await digestBytes(bytes),
    size: bytes.byteLength,
  };
  await copyBlob({
    type: "blob",
    source: destination,
    destination,
    descriptor,
    mountFrom: [],
    eager: false,
    verify: "auto",
  }, { ...context, source: new BytesSource(context.target, bytes), emit: undefined });
}

/** A source with one blob, which is in memory. */
class BytesSource extends DelegatedSource {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(repository: ContentSource, bytes: Uint8Array<ArrayBuffer>) {
    super(repository);
    this.#bytes = bytes;
  }

  override openBlob(): Promise<Response> {
    return Promise.resolve(new Response(this.#bytes));
  }
}
