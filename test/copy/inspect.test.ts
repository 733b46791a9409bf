import assert from "node:assert/strict";
import { test } from "node:test";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { putImage, putIndex } from "../support/image.ts";
import type { FaultAction } from "../support/registry_faults.ts";
import { standstill } from "../support/standstill.ts";
import { until } from "../support/until.ts";
import { startPair } from "../support/pair.ts";

const MIB = 1024 * 1024;
const CONFIG = "application/vnd.oci.image.config.v1+json";

const FAULTS: readonly { name: string; action: FaultAction; code: string; message: RegExp }[] = [
  {
    name: "stands still",
    action: { hangAfterBytes: 5 },
    code: "timeout",
    message: /^read blob sha256:\w+ of .*\/app: no data for 0\.3 s$/,
  },
  {
    name: "is cut",
    action: { cutAfterBytes: 5 },
    code: "network",
    message: /^read blob sha256:\w+ of .*\/app: the connection was reset$/,
  },
  {
    name: "ends early",
    action: { tamper: () => new Response(new Blob(["{}"]).stream()) },
    code: "network",
    message: /the response ended after 2 of \d+ bytes$/,
  },
  {
    name: "is longer than its descriptor says",
    action: { tamper: () => new Response(new Blob(["x".repeat(5000)]).stream()) },
    code: "integrity",
    message: /the response has more than the \d+ bytes in the descriptor$/,
  },
];

for (const { name, action, code, message } of FAULTS) {
  test(`inspect() and created() fail with ${code} where a config ${name}`, async () => {
    await using pair = await startPair({ engine: { timeoutMs: 300, retries: 0 } });
    const { source, engine } = pair;
    const { config } = await putImage(source, "app", { tag: "1" });
    source.fail({ method: "GET", path: config.digest, times: 9, action });
    const wanted = { code, side: "source", message };
    await assert.rejects(engine.inspect(`${source.host}/app:1`), wanted);
    await assert.rejects(engine.batch().created(`${source.host}/app:1`), wanted);
  });
}

test("inspect() and created() reject a config that does not match its digest", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { config } = await putImage(source, "app", { tag: "1" });
  source.corruptBlob("app", config.digest);
  const wanted = { code: "integrity", side: "source" };
  await assert.rejects(engine.inspect(`${source.host}/app:1`), wanted);
  await assert.rejects(engine.batch().created(`${source.host}/app:1`), wanted);
});

test("inspect() and created() read a config of 4 MiB and do not request a larger one", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  for (const size of [4 * MIB, 4 * MIB + 1]) {
    const json = JSON.stringify({ created: "2026-03-07T14:05:09Z" }).padEnd(size);
    const blob = await source.putBlob("app", new TextEncoder().encode(json));
    const config = { mediaType: CONFIG, ...blob };
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] };
    await source.putManifest("app", manifest, OCI_MANIFEST, [`${size}`]);
  }
  const fits = `${source.host}/app:${4 * MIB}`;
  const { root } = await engine.inspect(fits);
  assert.deepEqual(root.config?.content, { created: "2026-03-07T14:05:09Z" });
  assert.equal((await engine.batch().created(fits))?.getTime(), Date.parse("2026-03-07T14:05:09Z"));
  const before = source.count({ path: "/blobs/" });
  const tooLong = `${source.host}/app:${4 * MIB + 1}`;
  const wanted = { code: "limit", side: "source", message: /has 4194305 bytes/ };
  await assert.rejects(engine.inspect(tooLong), wanted);
  await assert.rejects(engine.batch().created(tooLong), wanted);
  assert.equal(source.count({ path: "/blobs/" }), before);
});

test("inspect() of an index reads at most 16 configs at once", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const platforms = Array.from({ length: 24 }, (_, i) => `linux/a${i}`);
  await putIndex(source, "app", { tag: "1", platforms, layers: 1 });
  let [now, most] = [0, 0];
  const release = Promise.withResolvers<void>();
  const tamper = async (response: Response): Promise<Response> => {
    most = Math.max(most, ++now);
    await release.promise;
    now--;
    return response;
  };
  source.fail({ method: "GET", path: "/blobs/", times: 99, action: { tamper } });
  const inspection = engine.inspect(`${source.host}/app:1`);
  await until("16 configs are asked for", () => most >= 16);
  await standstill(() => most);
  release.resolve();
  const { root } = await inspection;
  assert.deepEqual(root.manifests.map(({ platform }) => platform), platforms);
  assert.equal(most, 16);
});

test("inspect() stops in the middle of a config with the reason of the signal", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { config } = await putImage(source, "app", { tag: "1" });
  const fault = { method: "GET", path: config.digest, times: 9, action: { hangAfterBytes: 5 } };
  source.fail(fault);
  const reason = new Error("enough");
  for (const look of [engine.inspect, engine.batch().created]) {
    const stop = new AbortController();
    source.clearRequests();
    const looking = assert.rejects(
      look(`${source.host}/app:1`, { signal: stop.signal }),
      (error) => error === reason,
    );
    await until(
      "a part of the config is there",
      () =>
        source.requests.some(({ path, responseBytes }) =>
          path.includes(config.digest) && responseBytes > 0
        ),
    );
    stop.abort(reason);
    await looking;
  }
});
