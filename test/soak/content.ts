/** The image that the soak copies, and the comparison of a copy with it. */
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { manifestBlobs, manifestChildren, parseManifest } from "../../src/oci/manifest.ts";
import { putIndex, putReferrer } from "../support/image.ts";
import type { EmbeddedRegistry } from "../support/registry.ts";

export interface SoakImage {
  readonly root: Descriptor;
  readonly referrer: Descriptor;
}

/** Puts an index of three platforms with a referrer, as `app:1`. */
export async function putSoakImage(registry: EmbeddedRegistry, seed: number): Promise<SoakImage> {
  const platforms = ["linux/amd64", "linux/arm64", "linux/s390x"];
  const { descriptor: root } = await putIndex(registry, "app", {
    platforms,
    tag: "1",
    layers: 2,
    layerBytes: 40_000,
    seed,
  });
  const { descriptor: referrer } = await putReferrer(registry, "app", root, {
    artifactType: "application/vnd.example.sbom",
    payload: `sbom ${seed}`,
  });
  return { root, referrer };
}

/** @returns what is missing under the tag `1`; `undefined` if the copy is complete */
export function findGap(
  registry: EmbeddedRegistry,
  repository: string,
  { root, referrer }: SoakImage,
): string | undefined {
  const tagged = registry.getManifest(repository, "1");
  if (!tagged) return "the tag is missing";
  if (tagged.digest !== root.digest) return `the tag is ${tagged.digest}, expected ${root.digest}`;
  return [root, referrer].map((manifest) => findGapBeneath(registry, repository, manifest))
    .find((gap) => gap !== undefined);
}

function findGapBeneath(
  registry: EmbeddedRegistry,
  repository: string,
  { digest }: Descriptor,
): string | undefined {
  const found = registry.getManifest(repository, digest);
  if (!found) return `manifest ${digest} is missing`;
  const manifest = parseManifest(found.bytes, found.mediaType);
  const blob = manifestBlobs(manifest).find(({ digest }) => !registry.hasBlob(repository, digest));
  if (blob) return `blob ${blob.digest} is missing`;
  return manifestChildren(manifest).map((child) => findGapBeneath(registry, repository, child))
    .find((gap) => gap !== undefined);
}
