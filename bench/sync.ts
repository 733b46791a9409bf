/**
 * Measures a rule of 300 tags between two distribution 3 registries: its first run, a run without changes, the same with a remembered
 * state, and a run with one changed tag.
 *
 *     deno task bench sync
 *
 * Fails if the run without changes sends more than one HEAD per tag to each side and one list of tags, or if the first run sends
 * more than two requests per tag to each side, one list, and the requests for each blob once.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StateStore } from "../src/state_store.ts";
import { createSyncEngine } from "../src/sync/sync_engine.ts";
import { createFileState } from "../src/hosts/file_state.ts";
import { createRuntime } from "../src/hosts/detect.ts";
import type { Runtime } from "../src/runtime.ts";
import { parseSyncConfig } from "../src/config/sync_config.ts";
import { runRuleLocally } from "../src/sync/local_rules.ts";
import { Slots } from "../src/copy/slots.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { putImage } from "../test/support/image.ts";
import { startRegistry } from "../test/support/registry.ts";
import { print } from "./support.ts";

const TAGS = 300;
/** Config and layers, which all tags share. */
const BLOBS = 4;

let state: StateStore | undefined;
/** Number of requests by `host method`. */
const requestCounts = new Map<string, number>();
const runtime = countRequests(await createRuntime());
const engine = createSyncEngine({ runtime });
await using source = await startRealRegistry("distribution3", { storage: "memory" });
await using destination = await startRealRegistry("distribution3", { storage: "memory" });
await using origin = await startRegistry();
await putImage(origin, "app", { layers: 3 });
for (let i = 0; i < TAGS; i++) await putTag(i, "first");
await mirror(origin.host, source.host);

const first = await measure("first run");
const [fromSource, toDestination] = [sumOf(first, source.host), sumOf(first, destination.host)];
const counts = await measure("no changes");
state = createFileState(join(tmpdir(), `crossdock-bench-${crypto.randomUUID()}`));
await measure("no changes, the first run with a remembered state");
const remembered = await measure("no changes, the second run with a remembered state");
if (sumOf(remembered, source.host) !== 1 + TAGS || sumOf(remembered, destination.host) !== 1) {
  throw new Error("with a remembered state, expected one list for each side and one HEAD per tag");
}
state = undefined;
await putTag(7, "second");
await mirror(origin.host, source.host);
await measure("one changed tag");

const extra = counts.filter(({ method, count }) => method !== "HEAD" || count > TAGS);
const isOneList = extra.every(({ host, method, count }) =>
  host === source.host && method === "GET" && count === 1
);
if (!isOneList) {
  throw new Error("without changes, expected only one HEAD per tag and one list of tags");
}

if (fromSource > 1 + 2 * TAGS + BLOBS || toDestination > 2 * TAGS + 2 * BLOBS) {
  throw new Error(`the first run sent ${fromSource} + ${toDestination} requests`);
}

/** Puts an image that differs from the others only in an annotation, so that a changed image needs no layers. */
async function putTag(i: number, edition: string): Promise<void> {
  const annotations = { "crossdock.bench": `${i} ${edition}` };
  await putImage(origin, "app", { tag: `v${i}`, layers: 3, annotations });
}

async function mirror(from: string, to: string): Promise<{ results: string[]; ms: number }> {
  const text = `sync: [{type: repository, source: "${from}/app", target: "${to}/app"}]`;
  const { config } = parseSyncConfig(text, { from: "bench", env: {}, now: runtime.now() });
  const [rule] = config.rules;
  if (!rule) throw new Error("the configuration has no rule");
  const { tags, durationMs } = await runRuleLocally(rule, {
    engine,
    rules: config.rules,
    now: () => runtime.now(),
    state,
    slots: new Slots(config.parallel),
  });
  if (tags.length !== TAGS) throw new Error(`${tags.length} tags, expected ${TAGS}`);
  return { results: tags.map(({ result }) => result), ms: durationMs };
}

interface Count {
  readonly host: string;
  readonly method: string;
  readonly count: number;
}

async function measure(what: string): Promise<Count[]> {
  requestCounts.clear();
  const { results, ms } = await mirror(source.host, destination.host);
  const counts = [...requestCounts].map(([key, count]): Count => {
    const [host = "", method = ""] = key.split(" ");
    return { host, method, count };
  });
  const copied = results.filter((result) => result === "copied").length;
  const unchanged = results.filter((result) => result === "unchanged").length;
  print(`${what}: ${copied} copied, ${unchanged} unchanged, ${(ms / 1000).toFixed(2)} s`);
  print(`  requests to the source: ${describe(counts, source.host)}`);
  print(`  requests to the destination: ${describe(counts, destination.host)}`);
  return counts;
}

function sumOf(counts: readonly Count[], host: string): number {
  return counts.reduce((sum, count) => count.host === host ? sum + count.count : sum, 0);
}

function describe(counts: readonly Count[], host: string): string {
  const ofHost = counts.filter((count) => count.host === host);
  return `${sumOf(counts, host)} (${
    ofHost.map(({ method, count }) => `${count} ${method}`).sort().join(", ")
  })`;
}

function countRequests(host: Runtime): Runtime {
  const count = ({ url, method }: { url: URL; method: string }): void => {
    const key = `${url.host} ${method}`;
    requestCounts.set(key, (requestCounts.get(key) ?? 0) + 1);
  };
  return {
    ...host,
    fetch(request): Promise<Response> {
      count(request);
      return host.fetch(request);
    },
    upload(request): Promise<Response> {
      count(request);
      return host.upload(request);
    },
  };
}
