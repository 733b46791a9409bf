/** An image with one layer outside its registry. */
import { createHash } from "node:crypto";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { randomBytes } from "./generated_bytes.ts";
import { putImage } from "./image.ts";
import type { RunningRegistry } from "./registry.ts";

/** The content at the layer's URL. */
export const FOREIGN_BYTES = randomBytes(300_000, 77);

/** Puts the image as `app:1`. */
export async function putForeign(source: RunningRegistry, url: string): Promise<Descriptor> {
  const { config, layers } = await putImage(source, "app");
  const foreign: Descriptor = {
    mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    digest: `sha256:${createHash("sha256").update(FOREIGN_BYTES).digest("hex")}`,
    size: FOREIGN_BYTES.length,
    urls: [url],
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config,
    layers: [...layers, foreign],
  };
  await source.putManifest("app", manifest, OCI_MANIFEST, ["1"]);
  return foreign;
}
