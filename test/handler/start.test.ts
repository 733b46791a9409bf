import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../support/image.ts";
import { startDock } from "./setup.ts";

test("handler answers /healthz and copies an image", async () => {
  await using dock = await startDock();
  const health = await fetch(`${dock.handler.url}/healthz`);
  assert.deepEqual([health.status, await health.json()], [200, { status: "ok" }]);
  const { descriptor } = await putImage(dock.source, "app", { tag: "1" });
  const copied = await dock.copy();
  assert.equal(copied.status, 200);
  const events = (await copied.text()).trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(events.at(-1).type, "report");
  assert.equal(dock.destination.getManifest("app", "1")?.digest, descriptor.digest);
});
