/** Durable copies of the Worker as it is deployed, in the Workflow of a real workerd. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Report } from "../../src/copy/model.ts";
import { putImage, putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { FaultAction, RunningRegistry } from "../support/registry.ts";
import { startObservedRegistry } from "../support/observed_registry.ts";
import { until } from "../support/until.ts";
import { startCrossdock } from "./support.ts";
import type { RunningWorker } from "./support.ts";

// A step's own retries are left out, so that those of the Workflow are seen.
const worker = await startCrossdock({ variables: { CROSSDOCK_RETRIES: "0" } });
after(() => worker[Symbol.asyncDispose]());

interface Pair extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  /** A copy of `app:1`. */
  readonly request: { readonly source: string; readonly destination: string };
}

async function startPair(): Promise<Pair> {
  const source = await startRegistry();
  const destination = await startRegistry();
  return {
    source,
    destination,
    request: { source: `${source.host}/app:1`, destination: `${destination.host}/mirror/app:1` },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([source.close(), destination.close()]);
    },
  };
}

/** Lets a request through when it is told to. */
function gate(): { readonly action: FaultAction; readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const tamper = async (response: Response): Promise<Response> => {
    await promise;
    return response;
  };
  return { action: { tamper }, opened: promise, open: resolve };
}

/** How often each blob was sent whole. */
function countUploads({ requests }: RunningRegistry): Record<string, number> {
  const digests = requests
    .filter(({ method, status }) => method === "PUT" && status === 201)
    .map(({ query }) => query.get("digest"))
    .filter((digest) => digest !== null);
  return Object.fromEntries(digests.map((one) => [one, digests.filter((d) => d === one).length]));
}

/** What a copy has asked the Worker itself for, and had an answer to. */
function listAsked(id: string): unknown[] {
  return worker.lines.filter(({ requestId }) => requestId === id).map(({ path }) => path);
}

async function finish(
  { start, reach }: RunningWorker,
  request: Pair["request"] & { readonly additionalTags?: readonly string[] },
): Promise<Report> {
  const id = await start(request);
  const copy = await reach(id, "complete", "failed");
  assert.ok(copy.report, JSON.stringify(copy.problem));
  return copy.report;
}

test("CopyWorkflow copies an image, one request a step, and reports", async () => {
  await using pair = await startPair();
  const image = await putImage(pair.source, "app", { tag: "1", layers: 3 });
  const id = await worker.start(pair.request);
  const { report } = await worker.reach(id, "complete", "failed");
  assert.equal(report?.result, "copied");
  assert.equal(report.digest, image.descriptor.digest);
  assert.deepEqual(report.blobs, { streamed: 4, mounted: 0, present: 0, foreign: 0 });
  assert.equal(report.manifests, 1);
  assert.deepEqual(report.requests, { source: 8, destination: 10 });
  const { digest } = pair.destination.getManifest("mirror/app", "1") ?? {};
  assert.equal(digest, image.descriptor.digest);
  assert.deepEqual(listAsked(id), ["/v1/plans", ...Array(5).fill("/v1/steps")]);
});

test("CopyWorkflow copies an index, children before parents, and the tag last", async () => {
  await using pair = await startPair();
  const platforms = ["linux/amd64", "linux/arm64"];
  const index = await putIndex(pair.source, "app", { tag: "1", platforms });
  const report = await finish(worker, pair.request);
  assert.equal(report.digest, index.descriptor.digest);
  assert.equal(report.manifests, 3);
  const puts = pair.destination.requests.filter(({ method, path }) =>
    method === "PUT" && path.includes("/manifests/")
  );
  assert.match(puts.at(-1)?.path ?? "", /\/manifests\/1$/);
});

test("CopyWorkflow sets several tags, after everything else", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const report = await finish(worker, { ...pair.request, additionalTags: ["2", "3"] });
  assert.deepEqual(report.additionalTags, ["2", "3"]);
  const writes = pair.destination.requests.filter(({ method }) => method === "PUT").slice(-3);
  assert.ok(writes.every(({ path }) => path.includes("/manifests/")));
  for (const tag of ["1", "2", "3"]) {
    assert.equal(pair.destination.getManifest("mirror/app", tag)?.digest, descriptor.digest);
  }
});

test("CopyWorkflow sends the number of requests in docs/deploy/cloudflare-limits.md", async () => {
  await using pair = await startPair();
  const platforms = ["linux/amd64", "linux/arm64", "linux/s390x"];
  await putIndex(pair.source, "app", { tag: "1", platforms });
  const { requests } = await finish(worker, pair.request);
  const [manifests, blobs] = [4, 9];
  assert.deepEqual(requests, {
    source: pair.source.count(),
    destination: pair.destination.count(),
  });
  assert.equal(pair.source.count(), 1 + manifests + blobs + manifests + 1);
  assert.equal(pair.source.count({ method: "HEAD" }), 1);
  assert.equal(pair.source.count({ method: "GET", path: "/manifests/" }), manifests);
  assert.equal(pair.destination.count(), 1 + 2 * blobs + manifests);
});

test("CopyWorkflow sends a blob again that failed twice, when the registry wants it", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1", layers: 1 });
  const action = { status: 429, headers: { "retry-after": "0" } };
  const fault = pair.destination.fail({ method: "POST", path: "/uploads/", times: 2, action });
  const report = await finish(worker, pair.request);
  assert.equal(fault.hits, 2);
  assert.equal(report.blobs.streamed, 2);
});

test("CopyWorkflow sends content again that the destination has lost", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1", layers: 2 });
  // As a cache of descriptors does that outlives garbage collection.
  const claims = pair.destination.fail({
    method: "POST",
    path: "/blobs/uploads/",
    times: 3,
    action: { status: 201 },
  });
  const report = await finish(worker, pair.request);
  assert.equal(claims.hits, 3);
  assert.equal(report.blobs.streamed, 3);
  assert.equal(pair.destination.getManifest("mirror/app", "1")?.digest, descriptor.digest);
  assert.equal(pair.destination.count({ method: "PUT", path: "/manifests/" }), 2);
});

const BESIDE: readonly { readonly what: string; readonly action: FaultAction }[] = [
  { what: "sends a blob", action: { hang: true } },
  {
    what: "waits for its next attempt",
    action: { status: 429, headers: { "retry-after": "3600" } },
  },
];

for (const { what, action } of BESIDE) {
  test(`CopyWorkflow fails at once while another step ${what}`, async () => {
    await using source = await startRegistry();
    await using destination = await startObservedRegistry();
    await putImage(source, "app", { tag: "1", layers: 1 });
    const beside = destination.fail({ method: "PUT", action });
    const held = gate();
    const refuse = async (response: Response): Promise<Response> => {
      await held.opened;
      await response.body?.cancel();
      return new Response(null, { status: 403 });
    };
    destination.fail({ method: "PUT", action: { tamper: refuse } });
    const request = { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };
    const id = await worker.start(request);
    await until("the first blob is there", () => beside.hits === 1);
    held.open();
    const { problem } = await worker.reach(id, "complete", "failed");
    assert.equal(problem?.code, "denied");
    if ("hang" in action) {
      await until("its upload is aborted", () => destination.abandoned.length === 1);
    }
  });
}

test("CopyWorkflow does not retry a permanent failure, and names step and cause", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const body = JSON.stringify({ errors: [{ code: "DENIED", message: "not yours" }] });
  const fault = pair.destination.fail({
    method: "PUT",
    path: "/manifests/",
    times: 9,
    action: { status: 403, body },
  });
  const id = await worker.start(pair.request);
  const { state, problem } = await worker.reach(id, "complete", "failed");
  assert.equal(state, "failed");
  assert.equal(problem?.code, "denied");
  assert.equal(problem.side, "destination");
  assert.match(problem.detail, /not yours/);
  assert.equal(problem.step?.type, "manifest");
  assert.equal(problem.step.descriptor.digest, descriptor.digest);
  assert.equal(fault.hits, 1);
  assert.deepEqual(pair.destination.tags("mirror/app"), []);
});

test("CopyWorkflow fails when the plan cannot be made, and is begun again when asked", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  const action = { status: 401, headers: { "www-authenticate": "Basic" } };
  pair.destination.fail({ path: "/manifests/", action, times: 9 });
  const id = await worker.start(pair.request);
  const { problem } = await worker.reach(id, "complete", "failed");
  assert.equal(problem?.code, "unauthorized");
  assert.equal(problem.step, undefined);
  pair.destination.clearFaults();
  assert.equal(await worker.start(pair.request), id);
  const { report } = await worker.reach(id, "complete", "failed");
  assert.equal(report?.result, "copied");
});

test("CopyWorkflow resumes after workerd was killed, and sends no blob twice", async () => {
  await using pair = await startPair();
  const image = await putImage(pair.source, "app", { tag: "1", layers: 4 });
  const held = pair.destination.fail({ method: "PUT", after: 3, times: 2, action: { hang: true } });
  const id = await worker.start(pair.request);
  await until("three blobs are there", () => listAsked(id).length === 1 + 3);
  await until("the other two are on their way", () => held.hits === 2);
  const before = countUploads(pair.destination);
  assert.equal(Object.keys(before).length, 3);

  await worker.kill();
  assert.equal(await worker.start(pair.request), id);
  const { report } = await worker.reach(id, "complete", "failed");
  assert.equal(report?.digest, image.descriptor.digest);
  const blobs = [image.config, ...image.layers].map(({ digest }) => digest);
  const once = Object.fromEntries(blobs.map((digest) => [digest, 1]));
  assert.deepEqual(countUploads(pair.destination), once);
  // The plan and three blobs before; two blobs and the manifest after.
  assert.deepEqual(listAsked(id), ["/v1/plans", ...Array(3 + 3).fill("/v1/steps")]);
  assert.deepEqual(pair.destination.tags("mirror/app"), ["1"]);
});

test("POST /v1/copies twice is one copy while it runs", async () => {
  await using pair = await startPair();
  const { layers } = await putImage(pair.source, "app", { tag: "1", layers: 1 });
  const held = gate();
  pair.source.fail({ method: "GET", path: layers[0]?.digest ?? "", action: held.action });
  const ids = await Promise.all([worker.start(pair.request), worker.start(pair.request)]);
  assert.equal(ids[0], ids[1]);
  const [id = ""] = ids;
  await worker.reach(id, "running");
  assert.equal(await worker.start(pair.request), id);
  held.open();
  await worker.reach(id, "complete");
  assert.equal(pair.source.count({ method: "GET", path: layers[0]?.digest ?? "" }), 1);
});

test("POST /v1/copies begins a copy again that has ended", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  assert.equal((await finish(worker, pair.request)).result, "copied");
  pair.destination.deleteTag("mirror/app", "1");
  const again = await finish(worker, pair.request);
  assert.equal(again.result, "copied");
  assert.equal(again.blobs.streamed, 0);
  assert.deepEqual(pair.destination.tags("mirror/app"), ["1"]);
});

test("DELETE /v1/copies/{id} cancels: requests to registries are aborted, and the tag does not move", async () => {
  await using source = await startObservedRegistry();
  await using destination = await startObservedRegistry();
  await putImage(source, "app", { tag: "1", layers: 1 });
  const held = destination.fail({ method: "PUT", times: 2, action: { hang: true } });
  const request = { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };
  const id = await worker.start(request);
  await until("both blobs are on their way", () => held.hits === 2);
  const { status, json } = await worker.ask("DELETE", `/v1/copies/${id}`);
  assert.equal(status, 200);
  assert.equal(json.state, "cancelled");
  assert.equal((await worker.ask("DELETE", `/v1/copies/${id}`)).json.state, "cancelled");
  await until("the destination is let go of", () => destination.abandoned.length >= 2);
  assert.deepEqual(destination.tags("app"), []);
});

test("GET /v1/copies/{id} of an unknown copy is a 404", async () => {
  const { status, json } = await worker.ask("GET", `/v1/copies/${"0".repeat(64)}`);
  assert.equal(status, 404);
  assert.equal(json.code, "not_found");
});

test("CopyWorkflow copies by a plan of more than 1 MiB", async () => {
  await using pair = await startPair();
  await putIndex(pair.source, "app", {
    tag: "1",
    platforms: ["linux/amd64", "linux/arm64"],
    // The index made anew is part of the plan.
    annotations: { long: "x".repeat(1.5 * 1024 * 1024) },
  });
  const request = { ...pair.request, platforms: ["linux/amd64"] };
  const report = await finish(worker, request);
  assert.equal(report.manifests, 2);
  assert.equal(pair.destination.getManifest("mirror/app", "1")?.digest, report.digest);
});
