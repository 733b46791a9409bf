/**
 * A small image over 80 ms a request: crossdock and skopeo as whole processes, by turns, into a new repository each time.
 *
 *     deno task bench:latency
 *
 * Fails when crossdock's median is more than 0.7 of skopeo's.
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
await using before = await startProxy(source.host, { latencyMs: LATENCY_MS });
await using behind = await startProxy(destination.host, { latencyMs: LATENCY_MS });
await using embedded = await startRegistry();
await putImage(embedded, "app", { tag: "1", layers: 3, layerBytes: 50_000 });
await createEngine({ runtime: await createRuntime() })
  .copy({ source: `${embedded.host}/app:1`, destination: `${source.host}/app:1` });

const ours: number[] = [];
const plain: number[] = [];
const theirs: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const from = `docker://${before.host}/app:1`;
  const to = (who: string): string => `docker://${behind.host}/${who}-${round}:1`;
  ours.push((await runCrossdock(["copy", from, to("crossdock"), "--progress", "none"])).seconds);
  const alone = ["--no-referrers", "--no-digest-tags", "--progress", "none"];
  plain.push((await runCrossdock(["copy", from, to("plain"), ...alone])).seconds);
  const flags = [
    "copy",
    "--all",
    "--src-tls-verify=false",
    "--dest-tls-verify=false",
    "--insecure-policy",
  ];
  theirs.push((await runProcess(requireBinary("skopeo"), [...flags, from, to("skopeo")])).seconds);
}
const ratio = median(ours) / median(theirs);
print(`skopeo ${median(theirs).toFixed(2)} s`);
print(
  `crossdock ${median(ours).toFixed(2)} s with referrers and digest tags, ${
    median(plain).toFixed(2)
  } s without`,
);
print(
  `ratio ${ratio.toFixed(2)}, without ${
    (median(plain) / median(theirs)).toFixed(2)
  }; medians of ${ROUNDS}`,
);
if (ratio > LIMIT) throw new Error(`crossdock takes more than ${LIMIT} of skopeo's time`);
