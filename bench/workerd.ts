/**
 * What one large blob costs workerd on its way between two distribution 3 registries, by where it is checked.
 *
 *     deno task bench:workerd
 *
 * Two builds of workerd are measured. Since 1.20260918 it sends every request body in pieces of 8 KiB, each with a wake-up of
 * its own, which triples the CPU time of an untouched body whoever the Worker is; 1.20260915 is the last that was found not to.
 * The limits hold for that one, so that they measure our code; the figures of the installed build are printed beside it.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { BlobOutcome } from "../src/copy/perform.ts";
import type { BlobStep } from "../src/copy/step.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { startWorker } from "../test/support/workerd.ts";
import { seedLayer } from "./seed_layer.ts";
import { findChild, print, readUsage } from "./support.ts";
import type { ProcessCost } from "./support.ts";

const SIZE_MIB = 2048;

/** CPU seconds a GiB, by where the blob is checked. */
const LIMIT_CPU_SECONDS = { destination: 0.4, stream: 2 } as const;

/** Resident, where the blob passes untouched. Where it is hashed V8 lets garbage grow to some 170 MiB before it collects. */
const LIMIT_MIB = 100;

/** Installed by bench/setup_workerd.sh. */
const REFERENCE = {
  version: "1.20260915.1",
  date: "2026-09-15",
  path: fileURLToPath(
    new URL("../.cache/workerd/node_modules/workerd/bin/workerd", import.meta.url),
  ),
};

await using source = await startRealRegistry("distribution3");
await using destination = await startRealRegistry("distribution3");
const layer = await seedLayer(source.host, SIZE_MIB);
const mistakes: string[] = [];
for (const reference of [REFERENCE, undefined]) {
  if (reference) process.env["MINIFLARE_WORKERD_PATH"] = reference.path;
  else delete process.env["MINIFLARE_WORKERD_PATH"];
  for (const verify of ["destination", "stream"] as const) {
    const { seconds, cpuSeconds, peakMiB, startMiB } = await measure(
      layer,
      verify,
      reference?.date,
    );
    const cpuPerGiB = cpuSeconds / (SIZE_MIB / 1024);
    const line = `workerd ${reference?.version ?? "as installed"}, ${SIZE_MIB} MiB, ` +
      `verify ${verify}: ${seconds.toFixed(1)} s, ${cpuPerGiB.toFixed(2)} s CPU a GiB, ` +
      `${peakMiB.toFixed(0)} MiB resident, ${startMiB.toFixed(0)} before it began`;
    print(line);
    if (!reference) continue;
    if (cpuPerGiB > LIMIT_CPU_SECONDS[verify]) mistakes.push(`too much CPU: ${line}`);
    if (verify === "destination" && peakMiB > LIMIT_MIB) mistakes.push(`too much memory: ${line}`);
  }
}
if (mistakes.length > 0) throw new Error(mistakes.join("\n"));

/** In a workerd of its own, whose start does not count. */
async function measure(
  descriptor: Descriptor,
  verify: "destination" | "stream",
  compatibilityDate: string | undefined,
): Promise<ProcessCost & { startMiB: number }> {
  await using worker = await startWorker({
    script: new URL("./workerd_worker.ts", import.meta.url),
    ...(compatibilityDate ? { compatibilityDate } : {}),
  });
  const step: BlobStep = {
    type: "blob",
    source: `${source.host}/layer`,
    // A repository of its own each time: a blob that is there would not be sent.
    destination: `${destination.host}/${verify}-${compatibilityDate ?? "installed"}`,
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
