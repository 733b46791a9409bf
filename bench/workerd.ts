/**
 * What one large blob costs workerd on its way between two distribution 3 registries, by where it is checked, beside a Worker
 * that passes a body on and does nothing else.
 *
 *     deno task bench:workerd
 *
 * Two builds of workerd are measured. Since 1.20260918 it sends every request body in pieces of 8 KiB, each with a wake-up of
 * its own, which triples the CPU time of an untouched body whoever the Worker is. 1.20260917 is the last that did not: what a
 * GiB may cost in seconds is held there. On the installed build it is held against the other Worker, whatever that one costs.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { BlobOutcome } from "../src/copy/model.ts";
import type { BlobStep } from "../src/copy/step.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { startWorker } from "../test/support/workerd.ts";
import type { RelayRequest } from "./relay_worker.ts";
import { seedLayer } from "./seed_layer.ts";
import { findChild, print, readUsage } from "./support.ts";

const SIZE_MIB = 2048;

/** One Worker, and what it is asked for. Tells of an answer that is not what it should be. */
interface Subject {
  readonly name: "relay" | "destination" | "stream";
  readonly script: URL;
  /** @param repository one that has nothing yet: a blob that is there would not be sent */
  request(repository: string): Promise<BlobStep | RelayRequest>;
  check(response: Response): Promise<void>;
}

/** A published build of workerd. */
interface Build {
  readonly name: string;
  /** Default: that of the installed build. */
  readonly compatibilityDate?: string;
  /** Default: the installed one. */
  readonly path?: string;
  /** CPU seconds a GiB. */
  limit(subject: Subject["name"], relaySeconds: number): number;
}

/** Installed by bench/setup_workerd.sh. */
const REFERENCE: Build = {
  name: "1.20260917.1",
  compatibilityDate: "2026-09-17",
  path: fileURLToPath(
    new URL("../.cache/workerd/node_modules/workerd/bin/workerd", import.meta.url),
  ),
  limit: (subject) => ({ relay: Infinity, destination: 0.4, stream: 2 })[subject],
};

/** To hash a GiB takes 0.9 s on the machine of README's figures, where the other Worker takes 1 s for passing it on. */
const INSTALLED: Build = {
  name: "as installed",
  limit: (subject, relaySeconds) =>
    ({ relay: Infinity, destination: 1.5 * relaySeconds, stream: 3 * relaySeconds })[subject],
};

/** Resident, where the blob passes untouched. Where it is hashed V8 lets garbage grow to some 170 MiB before it collects. */
const LIMIT_MIB = 100;

await using source = await startRealRegistry("distribution3");
await using destination = await startRealRegistry("distribution3");
const layer = await seedLayer(source.host, SIZE_MIB);
const mistakes: string[] = [];
for (const [index, build] of [REFERENCE, INSTALLED].entries()) {
  let relaySeconds = 0;
  for (const subject of [createRelay(), createOurs("destination"), createOurs("stream")]) {
    const { seconds, cpuSeconds, peakMiB, startMiB } = await measure(
      build,
      subject,
      `${subject.name}-${index}`,
    );
    const cpuPerGiB = cpuSeconds / (SIZE_MIB / 1024);
    if (subject.name === "relay") relaySeconds = cpuPerGiB;
    const limit = build.limit(subject.name, relaySeconds);
    const what = subject.name === "relay" ? "passed on only" : `verify ${subject.name}`;
    const line = `workerd ${build.name}, ${SIZE_MIB} MiB, ${what}: ${seconds.toFixed(1)} s, ` +
      `${cpuPerGiB.toFixed(2)} s CPU a GiB` +
      (Number.isFinite(limit) ? ` of ${limit.toFixed(2)}, ` : ", ") +
      `${peakMiB.toFixed(0)} MiB resident, ${startMiB.toFixed(0)} before it began`;
    print(line);
    if (cpuPerGiB > limit) mistakes.push(`too much CPU: ${line}`);
    if (subject.name === "destination" && peakMiB > LIMIT_MIB) {
      mistakes.push(`too much memory: ${line}`);
    }
  }
}
if (mistakes.length > 0) throw new Error(mistakes.join("\n"));

function createRelay(): Subject {
  return {
    name: "relay",
    script: new URL("./relay_worker.ts", import.meta.url),
    async request(repository): Promise<RelayRequest> {
      const uploads = `http://${destination.host}/v2/${repository}/blobs/uploads/`;
      const begun = await fetch(uploads, { method: "POST" });
      await begun.body?.cancel();
      const to = new URL(begun.headers.get("location") ?? "", uploads);
      to.searchParams.set("digest", layer.digest);
      return { from: `http://${source.host}/v2/layer/blobs/${layer.digest}`, to: to.href };
    },
    async check(response): Promise<void> {
      if (response.status !== 201) throw new Error(`pass the blob on: ${await response.text()}`);
    },
  };
}

function createOurs(verify: "destination" | "stream"): Subject {
  return {
    name: verify,
    script: new URL("./workerd_worker.ts", import.meta.url),
    request: (repository): Promise<BlobStep> =>
      Promise.resolve({
        type: "blob",
        source: `${source.host}/layer`,
        destination: `${destination.host}/${repository}`,
        descriptor: { ...layer },
        mountFrom: [],
        eager: true,
        verify,
      }),
    async check(response): Promise<void> {
      if (!response.ok) throw new Error(`copy the blob: ${await response.text()}`);
      const outcome: BlobOutcome = await response.json();
      if (outcome.state !== "streamed") throw new Error(`copy the blob: it was ${outcome.state}`);
    },
  };
}

interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly startMiB: number;
}

/** In a workerd of its own, whose start does not count. */
async function measure(build: Build, subject: Subject, repository: string): Promise<Cost> {
  // Read by miniflare.
  if (build.path) process.env["MINIFLARE_WORKERD_PATH"] = build.path;
  else delete process.env["MINIFLARE_WORKERD_PATH"];
  const { script } = subject;
  const { compatibilityDate } = build;
  await using worker = await startWorker({
    script,
    ...(compatibilityDate ? { compatibilityDate } : {}),
  });
  const body = JSON.stringify(await subject.request(repository));
  const pid = findChild("workerd");
  const before = readUsage(pid);
  const startedAt = performance.now();
  const response = await fetch(worker.url, { method: "POST", body });
  await subject.check(response);
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuSeconds, peakMiB } = readUsage(pid);
  return {
    seconds,
    cpuSeconds: cpuSeconds - before.cpuSeconds,
    peakMiB,
    startMiB: before.peakMiB,
  };
}
