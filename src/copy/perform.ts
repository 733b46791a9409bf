/** Performs one step: the only way in which anything is written to a registry. */
import type { ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Outcome } from "./model.ts";
import { digestAlgorithm, digestBytes } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { copyBlob } from "./copy_blob.ts";
import type { ManifestStep, Step } from "./step.ts";
import type { PerformContext } from "./perform_context.ts";

/** Performs a step. Doing it again does no harm. */
export async function performStep(step: Step, context: PerformContext): Promise<Outcome> {
  const { target, signal } = context;
  switch (step.type) {
    case "blob":
      return await copyBlob(step, context);
    case "manifest": {
      const content = await contentOf(step, context);
      await target.putManifest(content, { signal, ...(step.tag ? { tag: step.tag } : {}) });
      return { type: "manifest", state: "put" };
    }
    case "referrers": {
      const isWritten = await target.recordReferrers(step.subject, step.referrers, { signal });
      return { type: "referrers", state: isWritten ? "written" : "unneeded" };
    }
  }
}

async function contentOf(
  { descriptor, content }: ManifestStep,
  { manifests, source, signal }: PerformContext,
): Promise<ManifestContent> {
  if (content !== undefined) return await readContent(content, descriptor);
  const found = manifests?.get(descriptor.digest) ??
    await source.fetchManifest(descriptor.digest, { signal });
  if (found) return found;
  throw new CrossdockError(
    "not_found",
    `manifest ${descriptor.digest} is no longer in ${source.name}`,
    {
      side: "source",
      hint: "it was deleted while it was copied; copy again",
    },
  );
}

/** What a step brings along goes to a registry as it is: it has to be what it says, and a manifest. */
async function readContent(
  content: string,
  { digest, mediaType, size }: ManifestStep["descriptor"],
): Promise<ManifestContent> {
  // The cast: the types of Workers do not say that this is never shared memory.
  const bytes = new TextEncoder().encode(content) as Uint8Array<ArrayBuffer>;
  const found = await digestBytes(bytes, digestAlgorithm(digest));
  if (found !== digest) {
    throw new CrossdockError(
      "usage",
      `step's content is ${found}, not ${digest} as its descriptor says`,
      { field: "content" },
    );
  }
  if (bytes.byteLength !== size) {
    const message =
      `step's content has ${bytes.byteLength} bytes, not ${size} as its descriptor says`;
    throw new CrossdockError("usage", message, { field: "content" });
  }
  try {
    parseManifest(bytes, mediaType);
  } catch (cause) {
    if (!(cause instanceof CrossdockError)) throw cause;
    const message = `step's content cannot be put: ${cause.message}`;
    throw new CrossdockError("usage", message, { cause, field: "content" });
  }
  return { bytes, digest, mediaType };
}
