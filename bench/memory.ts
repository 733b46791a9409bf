/**
 * Memory and CPU time of a copy of one large layer between two distribution 3 registries, by the size of the layer.
 *
 *     deno task bench:memory
 *
 * Fails when a copy on Deno has more than 160 MiB resident, or more at 2 GiB than at 200 MiB but for noise.
 */
import { createEngine } from "../src/engine.ts";
import { createRuntime } from "../src/hosts/detect.ts";
import { OCI_MANIFEST } from "../src/oci/media_types.ts";
import { startRegistry } from "../test/support/registry.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { print, runCrossdock } from "./support.ts";

const MIB = 1024 * 1024;
const SIZES_MIB = [200, 2048];
const LIMIT_MIB = 160;
const NOISE_MIB = 16;

await using source = await startRealRegistry("distribution3");
await using destination = await startRealRegistry("distribution3");
const peaks: number[] = [];
for (const size of SIZES_MIB) {
  await seed(size);
  for (const verify of ["stream", "destination"]) {
    const cost = await runCrossdock([
      "copy",
      `docker://${source.host}/layer:${size}`,
      `docker://${destination.host}/${verify}:${size}`,
      "--verify",
      verify,
      "--progress",
      "none",
    ]);
    peaks.push(cost.peakMiB);
    print(
      `${size} MiB, verify ${verify}: ${cost.seconds.toFixed(1)} s, ` +
        `${cost.cpuSeconds.toFixed(1)} s CPU, ${cost.peakMiB.toFixed(0)} MiB resident`,
    );
  }
}
const [small = 0, smallUnhashed = 0, large = 0, largeUnhashed = 0] = peaks;
const isFlat = large <= small + NOISE_MIB && largeUnhashed <= smallUnhashed + NOISE_MIB;
if ("Deno" in globalThis && (Math.max(...peaks) > LIMIT_MIB || !isFlat)) {
  throw new Error(`resident memory is above ${LIMIT_MIB} MiB or grows with the blob`);
}

async function seed(sizeMiB: number): Promise<void> {
  await using embedded = await startRegistry();
  const layer = await embedded.putGeneratedBlob("layer", sizeMiB * MIB, sizeMiB);
  const config = await embedded.putBlob("layer", new TextEncoder().encode("{}"));
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: "application/vnd.oci.empty.v1+json", ...config },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    artifactType: "application/vnd.example.layer",
  };
  await embedded.putManifest("layer", manifest, OCI_MANIFEST, [`${sizeMiB}`]);
  const engine = createEngine({ runtime: await createRuntime() });
  await engine.copy({
    source: `${embedded.host}/layer:${sizeMiB}`,
    destination: `${source.host}/layer:${sizeMiB}`,
  });
}
