/** Performs one step of a plan. Every write to a registry during a copy happens here. */
import type { ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Outcome } from "./model.ts";
import { digestAlgorithm, digestBytes } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { copyBlob } from "./copy_blob.ts";
import type { ManifestStep, Step } from "./step.ts";
import type { PerformContext } from "./perform_context.ts";
import { putReceipt } from "./put_receipt.ts";

/** Performs a step. Performing it again does no harm. */
export async function performStep(step: Step, context: PerformContext): Promise<Outcome> {
  const { target, signal } = context;
  switch (step.type) {
    case "blob":
      return await copyBlob(step, context);
    case "manifest": {
      const content = await readManifest(step, context);
      await target.putManifest(content, { signal, ...(step.tag ? { tag: step.tag } : {}) });
      return { type: "manifest", state: "put" };
    }
    case "referrers": {
      const isWritten = await target.recordReferrers(step.subject, step.referrers, { signal });
      return { type: "referrers", state: isWritten ? "written" : "unneeded" };
    }
    case "receipt":
      return await putReceipt(step, context);
  }
}

async function readManifest(
  { descriptor, content }: ManifestStep,
  { manifests, source, signal }: PerformContext,
): Promise<ManifestContent> {
  if (content !== undefined) return await checkContent(content, descriptor);
  const found = manifests?.get(descriptor.digest) ??
    await source.fetchManifest(descriptor.digest, { signal });
  if (found) return found;
  throw new CrossdockError(
    "not_found",
    `manifest ${descriptor.digest} is no longer in ${source.name}`,
    {
      side: "source",
      hint: "it was deleted during the copy; start the copy again",
    },
  );
}

/** Checks the content of a step, because it is sent to the registry unchanged. */
async function checkContent(
  content: string,
  { digest, mediaType, size }: ManifestStep["descriptor"],
): Promise<ManifestContent> {
  // The cast: the types of Workers allow shared memory here.
  const bytes = new TextEncoder().encode(content) as Uint8Array<ArrayBuffer>;
  const found = await digestBytes(bytes, digestAlgorithm(digest));
  if (found !== digest) {
    throw new CrossdockError(
      "usage",
      `step content has digest ${found}, expected ${digest} from its descriptor`,
      { field: "content" },
    );
  }
  if (bytes.byteLength !== size) {
    const message =
      `step content has ${bytes.byteLength} bytes, expected ${size} from its descriptor`;
    throw new CrossdockError("usage", message, { field: "content" });
  }
  try {
    parseManifest(bytes, mediaType);
  } catch (cause) {
    if (!(cause instanceof CrossdockError)) throw cause;
    const message = `step content is not a valid manifest: ${cause.message}`;
    throw new CrossdockError("usage", message, { cause, field: "content" });
  }
  return { bytes, digest, mediaType };
}
