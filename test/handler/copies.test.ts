import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import type { RequestRecord } from "../support/registry.ts";
import { bearer, readEvents, readFailure, readReport, startDock } from "./setup.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const dock = await startDock();
const { source, destination, handler } = dock;
after(() => dock[Symbol.asyncDispose]());

/** A copy of a repository's tag 1 to the same name. */
function requestFor(repository: string): { source: string; destination: string } {
  return {
    source: `${source.host}/${repository}:1`,
    destination: `${destination.host}/${repository}`,
  };
}

test("POST /v1/copies streams the plan, each step and the report of a whole image", async () => {
  const { descriptor } = await putIndex(source, "app", {
    tag: "1",
    platforms: ["linux/amd64", "linux/arm64"],
    attestations: true,
  });
  await putReferrer(source, "app", descriptor, { artifactType: "x/sbom", payload: "{}" });
  await putCosignSignature(source, "app", descriptor.digest);
  const events = await readEvents(await dock.copy());
  assert.equal(events[0]?.type, "plan");
  const last = events.at(-1);
  assert.ok(last?.type === "report", JSON.stringify(last));
  assert.equal(last.report.digest, descriptor.digest);
  assert.equal(last.report.result, "copied");
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  assert.ok(count("step-started") > 10);
  assert.equal(count("step-finished"), count("step-started"));
  assert.deepEqual(destination.getManifest("app", "1"), source.getManifest("app", "1"));
  assert.deepEqual(destination.tags("app"), source.tags("app"));
  assert.deepEqual(destination.blobs("app").sort(), source.blobs("app").sort());
});

test("POST /v1/copies once more moves nothing", async () => {
  await putImage(source, "same", { tag: "1" });
  const request = requestFor("same");
  await readReport(await dock.copy(request));
  const before = destination.count({ method: "PUT" });
  assert.equal((await readReport(await dock.copy(request))).result, "unchanged");
  assert.equal(destination.count({ method: "PUT" }), before);
});

test("POST /v1/copies sets several tags, and rejects one that is not a tag", async () => {
  await putImage(source, "tagged", { tag: "1" });
  const request = { ...requestFor("tagged"), fastCheck: true };
  const report = await readReport(await dock.copy({ ...request, additionalTags: ["2", "latest"] }));
  assert.deepEqual(report.additionalTags, ["2", "latest"]);
  assert.deepEqual(destination.tags("tagged"), ["1", "2", "latest"]);
  const problem = await dock.copy({ ...request, additionalTags: ["a/b"] });
  assert.equal(problem.status, 400);
  await problem.body?.cancel();
});

for (const verify of ["stream", "destination", "auto"]) {
  test(`POST /v1/copies moves a blob of 20 MiB with verify ${verify}`, async () => {
    const repository = `large-${verify}`;
    await putImage(source, repository, { tag: "1", layers: 1, layerBytes: 20 * MIB });
    const report = await readReport(await dock.copy({ ...requestFor(repository), verify }));
    assert.ok(report.bytesStreamed > 20 * MIB);
    for (const digest of source.blobs(repository)) {
      const arrived = await destination.getBlob(repository, digest);
      assert.deepEqual(arrived, await source.getBlob(repository, digest));
    }
  });
}

test("POST /v1/copies resumes where a source breaks off", async () => {
  const image = await putImage(source, "cut", { tag: "1", layers: 1, layerBytes: 2 * MIB });
  const layer = image.layers[0]?.digest ?? "";
  const fault = source.fail({ method: "GET", path: layer, action: { cutAfterBytes: MIB } });
  await readReport(await dock.copy(requestFor("cut")));
  assert.equal(fault.hits, 1);
  assert.deepEqual(await destination.getBlob("cut", layer), await source.getBlob("cut", layer));
});

test("POST /v1/copies never commits a blob that does not match its digest", async () => {
  const image = await putImage(source, "bad", { tag: "1", layers: 1, layerBytes: 2 * MIB });
  const layer = image.layers[0]?.digest ?? "";
  source.corruptBlob("bad", layer);
  const problem = await readFailure(await dock.copy({ ...requestFor("bad"), verify: "stream" }));
  assert.equal(problem.code, "integrity");
  assert.equal(problem.side, "source");
  assert.equal(problem.step?.type, "blob");
  assert.equal(destination.hasBlob("bad", layer), false);
  assert.deepEqual(destination.tags("bad"), []);
});

test("POST /v1/copies ends with the problem when the source is not there", async () => {
  const problem = await readFailure(await dock.copy(requestFor("nothing")));
  assert.equal(problem.status, 404);
  assert.equal(problem.code, "not_found");
  assert.equal(problem.side, "source");
});

test("POST /v1/copies sends server-sent events if the client accepts them", async () => {
  await putImage(source, "sse", { tag: "1" });
  const response = await dock.send("POST", "/v1/copies", {
    body: requestFor("sse"),
    headers: { accept: "text/event-stream" },
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const text = await response.text();
  assert.match(text, /^event: plan\ndata: \{"type":"plan",/);
  assert.match(text, /\nevent: report\ndata: \{[^\n]*\}\n\n$/);
});

test("POST /v1/copies responds once if the client accepts JSON, with the status of its result", async () => {
  await putImage(source, "once", { tag: "1" });
  const headers = { accept: "application/json" };
  const done = await dock.send("POST", "/v1/copies", { body: requestFor("once"), headers });
  assert.equal(done.status, 200);
  assert.equal((await done.json()).result, "copied");
  const failed = await dock.send("POST", "/v1/copies", { body: requestFor("nothing"), headers });
  assert.equal(failed.status, 404);
  assert.equal(failed.headers.get("content-type"), "application/problem+json");
  assert.equal((await failed.json()).code, "not_found");
});

test("POST /v1/copies copies some platforms, as the flags of the CLI say", async () => {
  await putIndex(source, "some", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
  const request = {
    ...requestFor("some"),
    platforms: ["linux/arm64"],
    referrers: false,
    digestTags: false,
  };
  const refused = await readFailure(await dock.copy({ ...request, index: "refuse" }));
  assert.equal(refused.code, "unsupported");
  const report = await readReport(await dock.copy(request));
  assert.notEqual(report.digest, source.getManifest("some", "1")?.digest);
  assert.equal(report.blobs.streamed, 3);
});

test("POST /v1/copies stops at both registries when its client goes away", async () => {
  const image = await putImage(source, "left", { tag: "1", layers: 1, layerBytes: 2 * MIB });
  const layer = image.layers[0]?.digest ?? "";
  source.fail({ method: "GET", path: layer, action: { hangAfterBytes: MIB } });
  const gone = new AbortController();
  const response = await dock.copy({ ...requestFor("left"), verify: "stream" }, {
    signal: gone.signal,
  });
  const uploads = (): RequestRecord[] =>
    destination.requests.filter(({ method, path, query }) =>
      method === "PUT" && path.startsWith("/v2/left/") && query.get("digest") === layer
    );
  while (!uploads().some(({ requestBytes }) => requestBytes > 0)) await delay(5);
  gone.abort();
  await assert.rejects(response.text());
  // On Workers a client that went away is noticed at the next heartbeat.
  await until(
    "both registries to be let go of",
    () => source.abandoned.includes("GET") && destination.abandoned.includes("PUT"),
  );
  assert.equal(uploads().length, 1);
  assert.equal(destination.hasBlob("left", layer), false);
  assert.deepEqual(destination.tags("left"), []);
});

test("POST /v1/plans and POST /v1/steps copy an image by steps, and can be repeated", async () => {
  const { descriptor } = await putIndex(source, "steps", {
    tag: "1",
    platforms: ["linux/amd64", "linux/arm64"],
  });
  await putReferrer(source, "steps", descriptor, { artifactType: "x/sbom", payload: "{}" });
  const response = await dock.send("POST", "/v1/plans", { body: requestFor("steps") });
  assert.equal(response.status, 200);
  const plan = await response.json();
  assert.equal(destination.count({ method: "PUT", path: "/v2/steps/" }), 0);
  assert.ok(plan.totals.bytes.stream > 0);
  for (const step of plan.stages.flatMap(({ steps }: { steps: unknown[] }) => steps)) {
    for (const wanted of ["streamed", "present"]) {
      const performed = await dock.send("POST", "/v1/steps", { body: step });
      assert.equal(performed.status, 200);
      const { type, state, requests } = await performed.json();
      assert.equal(type, step.type);
      if (type === "blob") assert.equal(state, wanted);
      if (type !== "referrers") assert.ok(requests.destination > 0);
    }
  }
  assert.deepEqual(destination.getManifest("steps", "1"), source.getManifest("steps", "1"));
  assert.deepEqual(destination.blobs("steps").sort(), source.blobs("steps").sort());
});

test("POST /v1/steps names the content that a destination has lost, so that the caller sends it again", async () => {
  const { config, layers } = await putImage(source, "lost", { tag: "1", layers: 1 });
  const lost = [config, ...layers].map(({ digest }) => digest);
  const response = await dock.send("POST", "/v1/plans?survey=false", {
    body: requestFor("lost"),
  });
  const { stages } = await response.json();
  const [blobs, [tag]] = stages.map(({ steps }: { steps: unknown[] }) => steps);
  destination.fail({
    method: "POST",
    path: "/v2/lost/blobs/uploads/",
    times: 2,
    action: { status: 201 },
  });
  for (const step of blobs) await dock.send("POST", "/v1/steps", { body: step });
  const rejected = await dock.send("POST", "/v1/steps", { body: tag });
  const problem = await rejected.json();
  assert.equal(rejected.status, 502);
  assert.deepEqual(problem.missing.toSorted(), lost.toSorted());
  assert.match(problem.hint, /"missing".*"resend": true/);
  for (const step of blobs) {
    const performed = await dock.send("POST", "/v1/steps", { body: { ...step, resend: true } });
    assert.equal((await performed.json()).state, "streamed");
  }
  assert.equal((await dock.send("POST", "/v1/steps", { body: tag })).status, 200);
  assert.deepEqual(destination.tags("lost"), ["1"]);
});

test("POST /v1/plans without a survey requests no blob", async () => {
  await putImage(source, "unasked", { tag: "1" });
  const response = await dock.send("POST", "/v1/plans?survey=false", {
    body: requestFor("unasked"),
  });
  const plan = await response.json();
  assert.equal(plan.totals, undefined);
  assert.equal(plan.result, "copied");
  assert.equal(destination.count({ path: "/v2/unasked/blobs/" }), 0);
});

test("GET /v1/images, GET /v1/tags and POST /v1/verifications inspect, list and verify", async () => {
  const { descriptor } = await putImage(source, "look", { tag: "1", layers: 2 });
  await putImage(source, "look", { tag: "2", seed: 2 });
  const name = `${source.host}/look`;
  const inspection = await (await dock.send("GET", `/v1/images?reference=${name}:1`)).json();
  assert.equal(inspection.reference, `${name}:1@${descriptor.digest}`);
  assert.equal(inspection.root.layers.length, 2);
  const tags = await (await dock.send("GET", `/v1/tags?repository=${name}`)).json();
  assert.deepEqual(tags, { repository: name, tags: ["1", "2"] });
  const body = { source: `${name}:1`, destination: `${destination.host}/look:1` };
  const compare = async (): Promise<{ equal: boolean; differences: { kind: string }[] }> =>
    await (await dock.send("POST", "/v1/verifications", { body })).json();
  const before = await compare();
  assert.equal(before.equal, false);
  assert.ok(before.differences.some(({ kind }) => kind === "blob"));
  await readReport(await dock.copy(body));
  assert.deepEqual((await compare()).differences, []);
});

test("POST /v1/verifications compares referrers in repositories of their own", async () => {
  const { descriptor } = await putImage(source, "apart", { tag: "1" });
  const options = { artifactType: "application/x.test", payload: "signed" };
  const referrer = await putReferrer(source, "apart-signed", descriptor, options);
  const body = {
    ...requestFor("apart"),
    referrerSource: `${source.host}/apart-signed`,
    referrerDestination: `${destination.host}/apart-kept`,
  };
  const compare = async (body: unknown): Promise<unknown[]> => {
    const response = await dock.send("POST", "/v1/verifications", { body });
    return (await response.json()).differences.filter(({ kind }: { kind: string }) =>
      kind !== "blob"
    );
  };
  await readReport(await dock.copy(body));
  assert.deepEqual(await compare(body), []);
  const missing = {
    kind: "referrer",
    referrerKind: "other",
    what: referrer.descriptor.digest,
    state: "missing",
  };
  const { referrerDestination: _, ...rest } = body;
  assert.deepEqual(await compare(rest), [missing]);
  assert.deepEqual(await compare({ ...rest, referrers: false }), []);
});

test("GET /v1/copies/{id} of an unknown copy is a 404", async () => {
  const response = await fetch(`${handler.url}/v1/copies/${"0".repeat(64)}`, { headers: bearer() });
  assert.equal(response.status, 404);
  assert.equal((await response.json()).code, "not_found");
});
