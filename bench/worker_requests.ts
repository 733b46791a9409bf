/**
 * What the requests of a durable copy cost the Worker in CPU time: one for the plan, then one for each blob, manifest and tag.
 *
 *     deno task bench:worker
 *
 * The figures are those of the whole workerd process, miniflare's own Workers in front included, after JavaScript has been
 * compiled. The first requests of an isolate cost some three times as much.
 */
import type { Plan } from "../src/copy/model.ts";
import type { Step } from "../src/copy/step.ts";
import { putImage } from "../test/support/image.ts";
import { startRegistry } from "../test/support/registry.ts";
import { startCrossdock } from "../test/workers/support.ts";
import { findChild, print, readUsage } from "./support.ts";

const WARM_UP = 100;
const TIMES = 300;

/** Above the size up to which a blob is read whole, below that from which a registry's check is trusted. */
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
if (blob?.type !== "blob" || !manifest) throw new Error("the plan has other steps than it had");
const layer: Step = {
  ...blob,
  source: `${source.host}/large`,
  descriptor: { ...blob.descriptor, ...large.layers[0] },
};

/** To a repository of its own each time, so that the blob is sent. */
const anew = (step: Step, i: number): Step => ({
  ...step,
  destination: `${destination.host}/new${i}`,
});

await measure("nothing but an answer", () => worker.ask("GET", "/healthz"));
await measure("a plan of 10 layers", () => worker.ask("POST", "/v1/plans?survey=false", request));
await measure("a blob of 1 kB", (i) => worker.ask("POST", "/v1/steps", anew(blob, i)));
await measure("a blob of 1 MiB", (i) => worker.ask("POST", "/v1/steps", anew(layer, i)));
await measure("a manifest", (i) => worker.ask("POST", "/v1/steps", anew(manifest, i)));

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
  print(`${what}: ${ms.toFixed(2)} ms CPU a request`);
}
