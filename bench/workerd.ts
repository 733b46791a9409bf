/**
 * What one large blob costs workerd on its way between two distribution 3 registries, by where it is checked.
 *
 *     deno task bench:workerd
 *
 * Fails when workerd has more than 100 MiB resident where the blob passes untouched. Where it is hashed the size does not
 * matter either, but V8 lets garbage grow to some 170 MiB before it collects.
 */
import type { BlobOutcome } from "../src/copy/perform.ts";
import type { BlobStep } from "../src/copy/step.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { startWorker } from "../test/support/workerd.ts";
import { seedLayer } from "./seed_layer.ts";
import { findChild, print, readUsage } from "./support.ts";
import type { ProcessCost } from "./support.ts";

const SIZE_MIB = 2048;
const LIMIT_MIB = 100;

await using source = await startRealRegistry("distribution3");
await using destination = await startRealRegistry("distribution3");
const layer = await seedLayer(source.host, SIZE_MIB);
for (const verify of ["destination", "stream"] as const) {
  const { seconds, cpuSeconds, peakMiB, startMiB } = await measure(layer, verify);
  print(
    `${SIZE_MIB} MiB, verify ${verify}: ${seconds.toFixed(1)} s, ` +
      `${(cpuSeconds / (SIZE_MIB / 1024)).toFixed(2)} s CPU a GiB, ` +
      `${peakMiB.toFixed(0)} MiB resident, ${startMiB.toFixed(0)} before it began`,
  );
  if (verify === "destination" && peakMiB > LIMIT_MIB) {
    throw new Error(`resident memory is above ${LIMIT_MIB} MiB`);
  }
}

/** In a workerd of its own, whose start does not count. */
async function measure(
  descriptor: Descriptor,
  verify: "destination" | "stream",
): Promise<ProcessCost & { startMiB: number }> {
  await using worker = await startWorker({
    script: new URL("./workerd_worker.ts", import.meta.url),
  });
  const step: BlobStep = {
    type: "blob",
    source: `${source.host}/layer`,
    destination: `${destination.host}/${verify}`,
    descriptor: { ...descriptor },
    mountFrom: [],
    eager: true,
    verify,
  };
  const pid = findChild("workerd");
  const before = readUsage(pid);
  const startedAt = performance.now();
  const response = await fetch(worker.url, { method: "POST", body: JSON.stringify(step) });
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuSeconds, peakMiB } = readUsage(pid);
  if (!response.ok) throw new Error(`copy the blob: ${await response.text()}`);
  const outcome: BlobOutcome = await response.json();
  if (outcome.state !== "streamed") throw new Error(`copy the blob: it was ${outcome.state}`);
  return {
    seconds,
    cpuSeconds: cpuSeconds - before.cpuSeconds,
    peakMiB,
    startMiB: before.peakMiB,
  };
}
