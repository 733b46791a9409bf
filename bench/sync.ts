/**
 * A mirror of 300 tags between two distribution 3 registries: the first time, with nothing changed, and with one tag changed.
 *
 *     deno task bench sync
 *
 * Fails when the run with nothing changed asks for more than a HEAD a tag on either side and the list of tags.
 */
import { createSyncEngine } from "../src/sync/sync_engine.ts";
import { createRuntime } from "../src/hosts/detect.ts";
import type { Runtime } from "../src/runtime.ts";
import { parseSyncConfig } from "../src/config/sync_config.ts";
import { runRuleLocally } from "../src/sync/local_rules.ts";
import { Slots } from "../src/sync/slots.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { putImage } from "../test/support/image.ts";
import { startRegistry } from "../test/support/registry.ts";
import { print } from "./support.ts";

const TAGS = 300;

/** Requests by `host method`, as they go out. */
const seen = new Map<string, number>();
const runtime = countRequests(await createRuntime());
const engine = createSyncEngine({ runtime });
await using source = await startRealRegistry("distribution3", { storage: "memory" });
await using destination = await startRealRegistry("distribution3", { storage: "memory" });
await using origin = await startRegistry();
await putImage(origin, "app", { layers: 3 });
for (let i = 0; i < TAGS; i++) await putTag(i, "first");
await mirror(origin.host, source.host);

await measure("the first time");
const counts = await measure("nothing changed");
await putTag(7, "second");
await mirror(origin.host, source.host);
await measure("one changed");

const extra = counts.filter(({ method, count }) => method !== "HEAD" || count > TAGS);
const isOneList = extra.every(({ host, method, count }) =>
  host === source.host && method === "GET" && count === 1
);
if (!isOneList) throw new Error("with nothing changed there is more than a HEAD a tag and a list");

/** Images that differ in nothing but an annotation: one that is changed moves no layer. */
async function putTag(i: number, edition: string): Promise<void> {
  const annotations = { "crossdock.bench": `${i} ${edition}` };
  await putImage(origin, "app", { tag: `v${i}`, layers: 3, annotations });
}

async function mirror(from: string, to: string): Promise<{ results: string[]; ms: number }> {
  const text = `sync: [{type: repository, source: "${from}/app", target: "${to}/app"}]`;
  const { config } = parseSyncConfig(text, { from: "bench", env: {}, now: runtime.now() });
  const [rule] = config.rules;
  if (!rule) throw new Error("there is no rule");
  const { tags, durationMs } = await runRuleLocally(rule, {
    engine,
    rules: config.rules,
    now: () => runtime.now(),
    slots: new Slots(config.parallel),
  });
  if (tags.length !== TAGS) throw new Error(`${tags.length} tags, not ${TAGS}`);
  return { results: tags.map(({ result }) => result), ms: durationMs };
}

interface Count {
  readonly host: string;
  readonly method: string;
  readonly count: number;
}

async function measure(what: string): Promise<Count[]> {
  seen.clear();
  const { results, ms } = await mirror(source.host, destination.host);
  const counts = [...seen].map(([key, count]): Count => {
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

function describe(counts: readonly Count[], host: string): string {
  const own = counts.filter((count) => count.host === host);
  const sum = own.reduce((all, { count }) => all + count, 0);
  return `${sum} (${own.map(({ method, count }) => `${count} ${method}`).sort().join(", ")})`;
}

function countRequests(host: Runtime): Runtime {
  const count = ({ url, method }: { url: URL; method: string }): void => {
    const key = `${url.host} ${method}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
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
