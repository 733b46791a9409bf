/**
 * Measures CPU time and memory of workerd for one large blob between two distribution 3 registries, for each place of verification,
 * and for a Worker that only pipes the body.
 *
 *     deno task bench:workerd
 *
 * Fails if crossdock needs more CPU time than its share of what the piping Worker needs in the same run, or too much memory. Seconds
 * are not compared with a limit: they depend on the machine and on what else it does.
 */
import type { BlobOutcome } from "../src/copy/model.ts";
import type { BlobStep } from "../src/copy/step.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { startWorker } from "../test/support/workerd.ts";
import type { RelayRequest } from "./relay_worker.ts";
import { seedLayer } from "./seed_layer.ts";
import { findChild, print, readUsage } from "./support.ts";

const SIZE_MIB = 512;

/** A measured Worker, with its request and a check of the response. */
interface Subject {
  readonly name: "relay" | "destination" | "stream";
  readonly script: URL;
  /** @param repository an empty repository, so that the blob is sent */
  request(repository: string): Promise<BlobStep | RelayRequest>;
  check(response: Response): Promise<void>;
}

/** The most CPU time, as a multiple of what the piping Worker needs. Hashing a GiB takes as long as piping it. */
const LIMITS = { destination: 1.15, stream: 2.2 };

/** Interleaved. The lowest of several runs is the one that the machine disturbed least. */
const ROUNDS = 6;

/** Limit of resident memory for a blob that is not hashed. If it is hashed, V8 collects garbage only at about 170 MiB. */
const LIMIT_MIB = 100;

await using source = await startRealRegistry("distribution3");
await using destination = await startRealRegistry("distribution3");
const layer = await seedLayer(source.host, SIZE_MIB);
const subjects = [createRelay(), createCopier("destination"), createCopier("stream")];
const costs = new Map<Subject["name"], Cost[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const subject of subjects) {
    const cost = await measure(subject, `${subject.name}-${round}`);
    costs.set(subject.name, [...costs.get(subject.name) ?? [], cost]);
  }
}
const relaySeconds = lowest("relay", "cpuSeconds");
const mistakes: string[] = [];
for (const { name } of subjects) {
  const cpuSeconds = lowest(name, "cpuSeconds");
  const peakMiB = Math.max(...(costs.get(name) ?? []).map((cost) => cost.peakMiB));
  const ratio = cpuSeconds / relaySeconds;
  const limit = name === "relay" ? undefined : LIMITS[name];
  const line = `${SIZE_MIB} MiB, ${name === "relay" ? "only piped" : `verify ${name}`}: ` +
    `${lowest(name, "seconds").toFixed(1)} s, ` +
    `${(cpuSeconds / (SIZE_MIB / 1024)).toFixed(2)} s CPU per GiB` +
    (limit === undefined ? ", " : `, ${ratio.toFixed(2)} times the relay, limit ${limit}, `) +
    `${peakMiB.toFixed(0)} MiB resident, ${lowest(name, "startMiB").toFixed(0)} before the copy`;
  print(line);
  if (limit !== undefined && ratio > limit) mistakes.push(`too much CPU: ${line}`);
  if (name === "destination" && peakMiB > LIMIT_MIB) mistakes.push(`too much memory: ${line}`);
}
if (mistakes.length > 0) throw new Error(mistakes.join("\n"));

function lowest(name: Subject["name"], key: keyof Cost): number {
  return Math.min(...(costs.get(name) ?? []).map((cost) => cost[key]));
}

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
async function measure(subject: Subject, repository: string): Promise<Cost> {
  await using worker = await startWorker({ script: subject.script });
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
