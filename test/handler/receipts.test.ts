/** Receipts on the host under test: by copies, rules and events, and never by single steps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "../../src/copy/model.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { countValid } from "../receipts/signed_registry.ts";
import { newKey } from "../receipts/support.ts";
import { putImage, putIndex } from "../support/image.ts";
import { until } from "../support/until.ts";
import { bearer, readEvents, readProblem, readReport, startDock } from "./setup.ts";
import type { Dock } from "./setup.ts";

const KEY = newKey();
const SECRET = "a-secret-of-the-registry";
const PLATFORMS = ["linux/amd64", "linux/arm64"];

/** Clients pull from `mirror.example` what is pushed to the destination. */
function startSigningDock(): Promise<Dock> {
  return startDock({
    variables: ({ source, destination }) => ({
      RECEIPT_KEY: KEY.privateKey,
      CROSSDOCK_CONFIG: JSON.stringify({
        receipt: { key: '{{ env "RECEIPT_KEY" }}', names: { [destination]: "mirror.example" } },
        sync: [{
          name: "apps",
          source: `${source}/app`,
          target: `${destination}/rule/app`,
          type: "repository",
          tags: { allow: ["[0-9]"] },
        }],
        webhooks: { in: { plain: { kind: "bearer", place: source, secrets: [SECRET] } } },
      }),
    }),
  });
}

/** How many receipts of each manifest are valid for clients. */
function countReceipts({ destination }: Dock, digest: Digest, path = "app"): Promise<number[]> {
  return countValid(`${destination.host}/${path}`, digest, KEY, `mirror.example/${path}`);
}

/** Checks that a text has nothing of the private key. */
function assertNoSecret(text: string): void {
  for (const line of KEY.privateKey.split("\n").filter((line) => line.length > 0)) {
    assert.ok(!text.includes(line), text);
  }
}

test("POST /v1/copies signs a receipt for each manifest, and none again", async () => {
  await using dock = await startSigningDock();
  const { source } = dock;
  const { descriptor: { digest } } = await putIndex(source, "app", {
    tag: "1",
    platforms: PLATFORMS,
  });
  const events = await readEvents(await dock.copy());
  const states = events.flatMap((event) =>
    event.type === "step-finished" && event.outcome.type === "receipt" ? [event.outcome.state] : []
  );
  assert.deepEqual(states, ["put", "put", "put"]);
  const last = events.at(-1);
  assert.deepEqual(last?.type === "report" && [last.report.result, last.report.receipts], [
    "copied",
    3,
  ]);
  assertNoSecret(JSON.stringify(events));
  assert.deepEqual(await countReceipts(dock, digest), [1, 1, 1]);
  const again = await readReport(await dock.copy());
  assert.deepEqual([again.result, again.receipts], ["unchanged", undefined]);
  assert.deepEqual(await countReceipts(dock, digest), [1, 1, 1]);
});

test("POST /v1/plans lists the receipts, and POST /v1/steps does not sign them", async () => {
  await using dock = await startSigningDock();
  const { source, destination } = dock;
  await putImage(source, "app", { tag: "1" });
  const names = { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };
  const response = await dock.send("POST", "/v1/plans", { body: names });
  const text = await response.text();
  assertNoSecret(text);
  const { stages }: Plan = JSON.parse(text);
  const { name, steps: [step] } = stages.at(-1) ?? assert.fail();
  assert.equal(name, "receipts");
  assert.ok(step?.type === "receipt");
  assert.equal(step.name, "mirror.example/app");
  const problem = await readProblem(await dock.send("POST", "/v1/steps", { body: step }), 403);
  assert.equal(problem.code, "denied");
  assert.match(problem.detail, /receipts are signed for copies, not for single steps/);
  assert.deepEqual(destination.requests.filter(({ method }) => !/GET|HEAD/.test(method)), []);
});

test("POST /v1/syncs signs receipts of copied and of unchanged tags", async () => {
  await using dock = await startSigningDock();
  const { source, destination } = dock;
  const first = await putImage(source, "app", { tag: "1" });
  // As if it was copied before there was a key.
  await putImage(destination, "rule/app", { tag: "1" });
  const second = await putImage(source, "app", { tag: "2", seed: 2 });
  const digests = [first, second].map(({ descriptor: { digest } }) => digest);
  const run = async (): Promise<unknown[]> => {
    const response = await dock.send("POST", "/v1/syncs", { body: {} });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    assertNoSecret(text);
    const { report } = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
    return report.rules[0].tags.map(({ result }: { result: string }) => result);
  };
  const status = await dock.send("GET", "/v1/syncs", { headers: bearer("read") });
  const { rules: [rule] } = await status.json();
  assert.deepEqual(rule.tags.map(({ state }: { state: string }) => state), ["in-step", "missing"]);
  assert.equal(destination.count({ method: "PUT" }), 0);
  assert.deepEqual(await run(), ["unchanged", "copied"]);
  for (const digest of digests) {
    assert.deepEqual(await countReceipts(dock, digest, "rule/app"), [1]);
  }
  assert.deepEqual(await run(), ["unchanged", "unchanged"]);
  for (const digest of digests) {
    assert.deepEqual(await countReceipts(dock, digest, "rule/app"), [1]);
  }
});

test("an event of a registry leads to a copy with receipts", async () => {
  await using dock = await startSigningDock();
  const { descriptor: { digest } } = await putImage(dock.source, "app", { tag: "3" });
  const event = { repository: `${dock.source.host}/app`, tag: "3" };
  const response = await dock.send("POST", "/hooks/plain", {
    body: event,
    headers: { authorization: `Bearer ${SECRET}` },
  });
  assert.ok(response.ok, await response.text());
  // The tag, then the receipt.
  await until("the receipt is there", () => {
    const puts = dock.destination.requests.filter(({ method, path }) =>
      method === "PUT" && path.includes("/manifests/")
    );
    return puts.filter(({ status }) => status === 201).length === 2;
  });
  assert.deepEqual(await countReceipts(dock, digest, "rule/app"), [1]);
});
