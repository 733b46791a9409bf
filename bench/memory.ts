/**
 * Measures memory and CPU time of copying one large layer between two distribution 3 registries, for two sizes.
 *
 *     deno task bench:memory
 *
 * Fails if a copy on Deno has more than 160 MiB resident, or more at 2 GiB than at 200 MiB, apart from noise.
 */
import { startRealRegistry } from "../test/registries/support.ts";
import { seedLayer } from "./seed_layer.ts";
import { print, runCrossdock } from "./support.ts";

const SIZES_MIB = [200, 2048];
const LIMIT_MIB = 160;
const NOISE_MIB = 16;

await using source = await startRealRegistry("distribution3");
await using destination = await startRealRegistry("distribution3");
const peaks: number[] = [];
for (const size of SIZES_MIB) {
  await seedLayer(source.host, size);
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
