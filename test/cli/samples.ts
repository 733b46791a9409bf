/** What an engine might give. */
import type { Plan, Report, Verification } from "../../src/copy/model.ts";
import type { BlobStep, ManifestStep } from "../../src/copy/step.ts";
import type { Digest } from "../../src/oci/digest.ts";

export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
export const CONFIG = "application/vnd.oci.image.config.v1+json";
export const SOURCE = "localhost:5000/app:1";
export const DESTINATION = "localhost:5001/copy/app:1";

/** `sha256:aaaa…` for `a`. */
export function digest(character: string): Digest {
  return `sha256:${character.repeat(64)}`;
}

export function blobStep(character: string, size: number, more: Partial<BlobStep> = {}): BlobStep {
  return {
    type: "blob",
    source: "localhost:5000/app",
    destination: "localhost:5001/copy/app",
    descriptor: { mediaType: LAYER, digest: digest(character), size },
    mountFrom: [],
    eager: true,
    verify: "auto",
    ...more,
  };
}

export function manifestStep(character: string, more: Partial<ManifestStep> = {}): ManifestStep {
  return {
    type: "manifest",
    source: "localhost:5000/app",
    destination: "localhost:5001/copy/app",
    descriptor: { mediaType: MANIFEST, digest: digest(character), size: 1100 },
    ...more,
  };
}

export const tagStep = manifestStep("f", { tag: "1" });

export const plan: Plan = {
  source: `${SOURCE}@${digest("f")}`,
  destination: `${DESTINATION}@${digest("f")}`,
  root: tagStep.descriptor,
  result: "copied",
  stages: [
    {
      name: "blobs",
      steps: [
        blobStep("a", 3 * 1024 * 1024, { found: "absent" }),
        blobStep("b", 500, { found: "present" }),
        blobStep("c", 2048, { found: "absent", mountFrom: ["library/base"] }),
      ],
    },
    { name: "manifests", steps: [manifestStep("d")] },
    { name: "manifests", steps: [manifestStep("f")] },
    {
      name: "referrers",
      steps: [{
        type: "referrers",
        destination: "localhost:5001/copy/app",
        subject: digest("f"),
        referrers: [{ mediaType: MANIFEST, digest: digest("e"), size: 700 }],
      }],
    },
    { name: "tag", steps: [tagStep] },
  ],
  foreign: [{ mediaType: LAYER, digest: digest("9"), size: 10 * 1024 * 1024 }],
  warnings: [],
  totals: {
    blobs: { stream: 1, mount: 1, present: 1 },
    bytes: { stream: 3 * 1024 * 1024, mount: 2048, present: 500 },
    manifests: 3,
    requests: { source: 4, destination: 9 },
  },
};

export const report: Report = {
  source: plan.source,
  destination: plan.destination,
  digest: digest("f"),
  result: "copied",
  blobs: { streamed: 6, mounted: 1, present: 2, foreign: 1 },
  bytesStreamed: 12 * 1024 * 1024,
  manifests: 4,
  referrers: 1,
  requests: { source: 10, destination: 17 },
  durationMs: 2000,
  warnings: [],
};

export const verification: Verification = {
  source: SOURCE,
  destination: DESTINATION,
  equal: true,
  state: "equal",
  differences: [],
  checked: { manifests: 1, blobs: 1, referrers: 0 },
};
