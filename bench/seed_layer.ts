import { createEngine } from "../src/engine.ts";
import { createRuntime } from "../src/hosts/detect.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { OCI_MANIFEST } from "../src/oci/media_types.ts";
import { startRegistry } from "../test/support/registry.ts";

const MIB = 1024 * 1024;

/** Puts an artifact with one layer into a registry as `layer:<MiB>`, and returns the layer. */
export async function seedLayer(registry: string, sizeMiB: number): Promise<Descriptor> {
  await using embedded = await startRegistry();
  const blob = await embedded.putGeneratedBlob("layer", sizeMiB * MIB, sizeMiB);
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", ...blob };
  const config = await embedded.putBlob("layer", new TextEncoder().encode("{}"));
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: "application/vnd.oci.empty.v1+json", ...config },
    layers: [layer],
    artifactType: "application/vnd.example.layer",
  };
  await embedded.putManifest("layer", manifest, OCI_MANIFEST, [`${sizeMiB}`]);
  const engine = createEngine({ runtime: await createRuntime() });
  await engine.copy({
    source: `${embedded.host}/layer:${sizeMiB}`,
    destination: `${registry}/layer:${sizeMiB}`,
  });
  return layer;
}
