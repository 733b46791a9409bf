/**
 * Measures CPU time and memory of workerd for one large blob between two distribution 3 registries, for each place of verification,
 * and for a Worker that only pipes the body.
 *
 *     deno task bench:workerd
 *
 * Two builds of workerd are measured. Since 1.20260918, workerd sends every request body in chunks of 8 KiB with one wake-up each,
 * which triples the CPU time of an unchanged body in any Worker. 1.20260917 is the last build without that, so it has absolute
 * limits in seconds per GiB. The installed build has limits relative to the Worker that only pipes.
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

/** A measured Worker, with its request and a check of the response. */
interface Subject {
  readonly name: "relay" | "destination" | "stream";
  readonly script: URL;
  /** @param repository an empty repository, so that the blob is sent */
  request(repository: string): Promise<BlobStep | RelayRequest>;
  check(response: Response): Promise<void>;
}

/** A published build of workerd. */
interface Build {
  readonly name: string;
  /** Default: the date of the installed build. */
  readonly compatibilityDate?: string;
  /** Default: the path of the installed build. */
  readonly path?: string;
  /** Limit in CPU seconds per GiB. */
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

/** On the machine of README's figures, hashing a GiB takes 0.9 s and piping it takes 1 s. */
const INSTALLED: Build = {
  name: "as installed",
  limit: (subject, relaySeconds) =>
    ({ relay: Infinity, destination: 1.5 * relaySeconds, stream: 3 * relaySeconds })[subject],
};

/** Limit of resident memory for a blob that is not hashed. If it is hashed, V8 collects garbage only at about 170 MiB. */
const LIMIT_MIB = 100;

await using source = await startRealRegistry("distribution3");
await using destination = await startRealRegistry("distribution3");
const layer = await seedLayer(source.host, SIZE_MIB);
const mistakes: string[] = [];
for (const [index, build] of [REFERENCE, INSTALLED].entries()) {
  let relaySeconds = 0;
  for (const subject of [createRelay(), createCopier("destination"), createCopier("stream")]) {
    const { seconds, cpuSeconds, peakMiB, startMiB } = await measure(
      build,
      subject,
      `${subject.name}-${index}`,
    );
    const cpuPerGiB = cpuSeconds / (SIZE_MIB / 1024);
    if (subject.name === "relay") relaySeconds = cpuPerGiB;
    const limit = build.limit(subject.name, relaySeconds);
    const what = subject.name === "relay" ? "only piped" : `verify ${subject.name}`;
    const line = `workerd ${build.name}, ${SIZE_MIB} MiB, ${what}: ${seconds.toFixed(1)} s, ` +
      `${cpuPerGiB.toFixed(2)} s CPU per GiB` +
      (Number.isFinite(limit) ? ` of ${limit.toFixed(2)}, ` : ", ") +
      `${peakMiB.toFixed(0)} MiB resident, ${startMiB.toFixed(0)} before the copy`;
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
      if (response.status !== 201) throw new Error(`pipe the blob: ${await response.text()}`);
    },
  };
}

function createCopier(verify: "destination" | "stream"): Subject {
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

/** Measures one request in a new workerd process, without its start. */
async function measure(build: Build, subject: Subject, repository: string): Promise<Cost> {
  // miniflare reads this variable.
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
