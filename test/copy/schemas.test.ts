/** What the engine gives is what the schemas of `src/copy/schemas.ts` declare, and nothing besides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  copyEventSchema,
  inspectionSchema,
  performedSchema,
  planSchema,
  reportSchema,
  verificationSchema,
} from "../../src/copy/schemas.ts";
import type { CopyEvent } from "../../src/copy/model.ts";
import { putCosignSignature, putIndex, putReferrer } from "../support/image.ts";
import { startPair } from "../support/pair.ts";

test("the schemas of a copy parse the results of the engine unchanged", async () => {
  await using pair = await startPair();
  const { engine, source, destination } = pair;
  const { descriptor } = await putIndex(source, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
    attestations: true,
  });
  await putReferrer(source, "app", descriptor, { artifactType: "x/sbom", payload: "{}" });
  await putCosignSignature(source, "app", descriptor.digest);
  const request = { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };

  const differing = await engine.verify({
    source: request.source,
    destination: request.destination,
  });
  assert.ok(differing.differences.length > 0);
  assert.deepEqual(verificationSchema.parse(differing), differing);
  const inspection = await engine.inspect(request.source);
  assert.deepEqual(inspectionSchema.parse(inspection), inspection);

  for (const options of [{ survey: true }, { survey: false, manifests: true }]) {
    const plan = await engine.plan(request, options);
    assert.deepEqual(planSchema.parse(plan), plan);
  }
  const { stages } = await engine.plan({ ...request, destination: `${destination.host}/steps` });
  for (const step of stages.flatMap(({ steps }) => steps)) {
    const performed = await engine.perform(step);
    assert.deepEqual(performedSchema.parse(performed), performed);
  }

  const events: CopyEvent[] = [];
  const report = await engine.copy(request, { emit: (event) => events.push(event) });
  assert.deepEqual(reportSchema.parse(report), report);
  assert.ok(events.some(({ type }) => type === "step-finished"));
  for (const event of events) assert.deepEqual(copyEventSchema.parse(event), event);
});
