/**
 * Measures the copy of a small image with 80 ms latency per request. crossdock and skopeo run alternately, as processes, each time
 * into a new repository.
 *
 *     deno task bench:latency
 *
 * Fails if crossdock's median is more than 0.7 of skopeo's.
 */
import { createEngine } from "../src/engine.ts";
import { createRuntime } from "../src/hosts/detect.ts";
import { putImage } from "../test/support/image.ts";
import { startRegistry } from "../test/support/registry.ts";
import { requireBinary } from "../test/registries/binaries.ts";
import { startProxy } from "../test/registries/proxy.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { median, print, runCrossdock, runProcess } from "./support.ts";

const LATENCY_MS = 80;
const ROUNDS = 5;
const LIMIT = 0.7;

await using source = await startRealRegistry("distribution3");
await using destination = await startRealRegistry("distribution3");
await using sourceProxy = await startProxy(source.host, { latencyMs: LATENCY_MS });
await using destinationProxy = await startProxy(destination.host, { latencyMs: LATENCY_MS });
await using embedded = await startRegistry();
await putImage(embedded, "app", { tag: "1", layers: 3, layerBytes: 50_000 });
await createEngine({ runtime: await createRuntime() })
  .copy({ source: `${embedded.host}/app:1`, destination: `${source.host}/app:1` });

const full: number[] = [];
const plain: number[] = [];
const skopeo: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const from = `docker://${sourceProxy.host}/app:1`;
  const to = (name: string): string => `docker://${destinationProxy.host}/${name}-${round}:1`;
  full.push((await runCrossdock(["copy", from, to("crossdock"), "--progress", "none"])).seconds);
  const plainFlags = ["--no-referrers", "--no-digest-tags", "--progress", "none"];
  plain.push((await runCrossdock(["copy", from, to("plain"), ...plainFlags])).seconds);
  const flags = [
    "copy",
    "--all",
    "--src-tls-verify=false",
    "--dest-tls-verify=false",
    "--insecure-policy",
  ];
  skopeo.push((await runProcess(requireBinary("skopeo"), [...flags, from, to("skopeo")])).seconds);
}
const ratio = median(full) / median(skopeo);
print(`skopeo ${median(skopeo).toFixed(2)} s`);
print(
  `crossdock ${median(full).toFixed(2)} s with referrers and digest tags, ${
    median(plain).toFixed(2)
  } s without`,
);
print(
  `ratio ${ratio.toFixed(2)}, without ${
    (median(plain) / median(skopeo)).toFixed(2)
  }; medians of ${ROUNDS}`,
);
if (ratio > LIMIT) throw new Error(`crossdock takes more than ${LIMIT} of skopeo's time`);
