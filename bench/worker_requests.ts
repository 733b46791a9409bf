/**
 * Measures the Worker's CPU time for the requests of a durable copy: one for the plan, and one for each blob, manifest and tag.
 *
 *     deno task bench:worker
 *
 * The figures are for the whole workerd process, including miniflare's own Workers, after JavaScript has been compiled. The first
 * requests of an isolate take about three times as long.
 */
import type { Plan } from "../src/copy/model.ts";
import type { Step } from "../src/copy/step.ts";
import { putImage } from "../test/support/image.ts";
import { startRegistry } from "../test/support/registry.ts";
import { startCrossdock } from "../test/workers/support.ts";
import { findChild, print, readUsage } from "./support.ts";

const WARM_UP = 100;
const TIMES = 300;

/** Between the largest blob that is read into memory and the smallest blob whose check is left to the registry. */
const LAYER_BYTES = 1024 * 1024;

await using source = await startRegistry();
await using destination = await startRegistry({ keepBlobs: "discard", strictManifests: false });
await using worker = await startCrossdock({
  durable: false,
  variables: { CROSSDOCK_LOG: "off" },
});
const pid = findChild("workerd");
const large = await putImage(source, "large", { tag: "1", layers: 1, layerBytes: LAYER_BYTES });
await putImage(source, "app", { tag: "1", layers: 10 });
const request = { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };
const plan: Plan = (await worker.ask("POST", "/v1/plans?survey=false", request)).json;
const [blob, manifest] = [plan.stages[0]?.steps[0], plan.stages.at(-1)?.steps[0]];
if (blob?.type !== "blob" || !manifest) {
  throw new Error("the plan does not begin with a blob or has no manifest");
}
const layer: Step = {
  ...blob,
  source: `${source.host}/large`,
  descriptor: { ...blob.descriptor, ...large.layers[0] },
};

/** Changes the destination to a new repository, so that the blob is sent. */
const toNewRepository = (step: Step, i: number): Step => ({
  ...step,
  destination: `${destination.host}/new${i}`,
});

await measure("an empty request", () => worker.ask("GET", "/healthz"));
await measure("a plan of 10 layers", () => worker.ask("POST", "/v1/plans?survey=false", request));
await measure("a blob of 1 kB", (i) => worker.ask("POST", "/v1/steps", toNewRepository(blob, i)));
await measure("a blob of 1 MiB", (i) => worker.ask("POST", "/v1/steps", toNewRepository(layer, i)));
await measure("a manifest", (i) => worker.ask("POST", "/v1/steps", toNewRepository(manifest, i)));

async function measure(
  what: string,
  ask: (i: number) => Promise<{ status: number; json: unknown }>,
): Promise<void> {
  let before = 0;
  for (let i = 0; i < WARM_UP + TIMES; i++) {
    if (i === WARM_UP) before = readUsage(pid).cpuSeconds;
    const { status, json } = await ask(i);
    if (status !== 200) throw new Error(`${what}: ${status} ${JSON.stringify(json)}`);
  }
  const ms = (readUsage(pid).cpuSeconds - before) / TIMES * 1000;
  print(`${what}: ${ms.toFixed(2)} ms CPU per request`);
}
