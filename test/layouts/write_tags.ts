/** A program that tags images in an OCI layout: the arguments are the folder, the beginning of the tags and their number. */
import process from "node:process";
import { openFolder } from "../../src/layouts/folder.ts";
import { openOciLayoutTarget } from "../../src/layouts/oci_layout_target.ts";
import { digestBytes } from "../../src/oci/digest.ts";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";

const [root = "", prefix = "", count = ""] = process.argv.slice(2);
const target = openOciLayoutTarget(openFolder(root), { name: `oci:${root}` });
for (let i = 0; i < Number(count); i++) {
  const config = {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: `sha256:${"0".repeat(64)}`,
    size: i,
  };
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const content = { bytes, mediaType: OCI_MANIFEST, digest: await digestBytes(bytes) };
  await target.putManifest(content, { tag: `${prefix}${i}` });
}
await target.finish();
