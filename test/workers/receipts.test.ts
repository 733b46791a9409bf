/** Receipts of the Worker as it is deployed: of durable copies, and of rules that its clock starts. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ARN, startKms } from "../receipts/kms_server.ts";
import { AWS_KEY } from "../auth/aws_server.ts";
import { countValid } from "../receipts/signed_registry.ts";
import { newKey } from "../receipts/support.ts";
import { putImage, putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { until } from "../support/until.ts";
import { startCrossdock } from "./support.ts";

const KEY = newKey();
const PLATFORMS = ["linux/amd64", "linux/arm64"];

const source = await startRegistry();
const destination = await startRegistry();
const old = await startRegistry({ referrers: false });
const worker = await startCrossdock({
  variables: {
    CROSSDOCK_RETRIES: "0",
    RECEIPT_KEY: KEY.privateKey,
    CROSSDOCK_CONFIG: JSON.stringify({
      receipt: { key: '{{ env "RECEIPT_KEY" }}' },
      sync: [{
        name: "apps",
        source: `${source.host}/rule`,
        targets: [`${destination.host}/rule`, `${old.host}/rule`],
        backup: `${destination.host}/saved:{{ .Ref.Tag }}`,
        type: "repository",
        schedule: "* * * * *",
      }],
    }),
  },
});
after(async () => {
  await worker[Symbol.asyncDispose]();
  await Promise.all([source.close(), destination.close(), old.close()]);
});

/** The manifests that were put without a tag. */
function countPuts({ requests }: RunningRegistry, repository: string): number {
  return requests.filter(({ method, path, status }) =>
    method === "PUT" && path.startsWith(`/v2/${repository}/manifests/sha256:`) && status === 201
  ).length;
}

test("CopyWorkflow signs a receipt for each manifest of an index, after the tag, and none again", async () => {
  const { descriptor: { digest } } = await putIndex(source, "index", {
    tag: "1",
    platforms: PLATFORMS,
  });
  const request = { source: `${source.host}/index:1`, destination: `${destination.host}/index:1` };
  const id = await worker.start(request);
  const { report, problem } = await worker.reach(id, "complete", "failed");
  assert.equal(report?.receipts, 3, JSON.stringify(problem));
  assert.deepEqual(await countValid(`${destination.host}/index`, digest, KEY), [1, 1, 1]);
  const tag = destination.requests.findIndex(({ method, path }) =>
    method === "PUT" && path === "/v2/index/manifests/1"
  );
  const lists = destination.requests.findIndex(({ path }) =>
    path.startsWith("/v2/index/referrers/")
  );
  assert.ok(tag >= 0 && lists > tag, `${tag} ${lists}`);
  await worker.start(request);
  const again = await worker.reach(id, "complete", "failed");
  assert.deepEqual([again.report?.result, again.report?.receipts], ["unchanged", undefined]);
  assert.deepEqual(await countValid(`${destination.host}/index`, digest, KEY), [1, 1, 1]);
});

test("CopyWorkflow signs no second receipt after workerd was killed", async () => {
  const { descriptor: { digest } } = await putIndex(source, "killed", {
    tag: "1",
    platforms: PLATFORMS,
    seed: 5,
  });
  const request = {
    source: `${source.host}/killed:1`,
    destination: `${destination.host}/killed:1`,
  };
  // Two children, then their receipts. That of the root is on its way.
  const held = destination.fail({
    method: "PUT",
    path: "/v2/killed/manifests/sha256:",
    after: 4,
    action: { hang: true },
  });
  const id = await worker.start(request);
  await until("the last receipt is on its way", () => held.hits === 1);
  await worker.kill();
  assert.equal(await worker.start(request), id);
  const { report, problem } = await worker.reach(id, "complete", "failed");
  assert.equal(report?.digest, digest, JSON.stringify(problem));
  assert.equal(report.receipts, 3);
  assert.deepEqual(await countValid(`${destination.host}/killed`, digest, KEY), [1, 1, 1]);
});

test("CopyWorkflow fails after the tag if a receipt cannot be put, and another copy makes it up", async () => {
  const { descriptor: { digest } } = await putImage(source, "failed", { tag: "1" });
  const request = {
    source: `${source.host}/failed:1`,
    destination: `${destination.host}/failed:1`,
  };
  destination.fail({
    method: "PUT",
    path: "/v2/failed/manifests/sha256:",
    action: { status: 403 },
  });
  const id = await worker.start(request);
  const { problem } = await worker.reach(id, "complete", "failed");
  assert.deepEqual(
    [problem?.code, problem?.step?.type],
    ["denied", "receipt"],
    JSON.stringify(problem),
  );
  assert.equal(destination.getManifest("failed", "1")?.digest, digest);
  await worker.start(request);
  const { report } = await worker.reach(id, "complete");
  assert.deepEqual([report?.result, report?.receipts], ["unchanged", 1]);
  assert.deepEqual(await countValid(`${destination.host}/failed`, digest, KEY), [1]);
});

test("POST /v1/steps signs no receipt", async () => {
  const { descriptor } = await putImage(destination, "step", { tag: "1" });
  const name = `${destination.host}/step`;
  const step = {
    type: "receipt",
    destination: name,
    descriptor,
    name,
    image: `a.example/b@${descriptor.digest}`,
  };
  const { status, json } = await worker.ask("POST", "/v1/steps", step);
  assert.deepEqual([status, json.code], [403, "denied"]);
});

test("a rule signs receipts at each target, of unchanged tags too, and none of a backup", async () => {
  const { descriptor: { digest } } = await putImage(source, "rule", { tag: "1" });
  await putImage(destination, "rule", { tag: "1", seed: 9 });
  await putImage(old, "rule", { tag: "1" });
  await worker.tick();
  await until(
    "each target has a receipt",
    () =>
      countPuts(destination, "rule") === 1 && old.tags("rule").length === 2 &&
      countPuts(old, "rule") === 1,
  );
  for (const { host } of [destination, old]) {
    assert.deepEqual(await countValid(`${host}/rule`, digest, KEY), [1]);
  }
  assert.deepEqual(destination.tags("saved"), ["1"]);
  assert.equal(countPuts(destination, "saved"), 0);
});

test("CopyWorkflow signs by a key in AWS KMS", async () => {
  await using kms = await startKms(KEY);
  await using signing = await startCrossdock({
    variables: {
      CROSSDOCK_CONFIG: JSON.stringify({ receipt: { key: kms.key } }),
      AWS_ACCESS_KEY_ID: AWS_KEY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: AWS_KEY.secretAccessKey,
      AWS_SESSION_TOKEN: AWS_KEY.sessionToken,
    },
  });
  const { descriptor: { digest } } = await putImage(source, "kms", { tag: "1", seed: 7 });
  const id = await signing.start({
    source: `${source.host}/kms:1`,
    destination: `${destination.host}/kms:1`,
  });
  const { report, problem } = await signing.reach(id, "complete", "failed");
  assert.equal(report?.receipts, 1, JSON.stringify(problem));
  assert.deepEqual(await countValid(`${destination.host}/kms`, digest, KEY), [1]);
});

test("a Worker whose key is in AWS KMS needs an access key, and says so", async () => {
  const config = JSON.stringify({ receipt: { key: `awskms:///${ARN}` } });
  await using broken = await startCrossdock({ variables: { CROSSDOCK_CONFIG: config } });
  const { status, json } = await broken.ask("GET", "/v1/syncs");
  assert.ok(status >= 500, `${status}`);
  assert.match(JSON.stringify([json, broken.lines]), /a key in AWS KMS needs an access key/);
});
