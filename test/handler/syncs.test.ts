/** `/v1/syncs` on the host under test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SyncStreamEvent } from "../../src/stream_events.ts";
import type { SyncStatus } from "../../src/sync/model.ts";
import { putImage } from "../support/image.ts";
import { bearer, startDock } from "./setup.ts";
import type { Dock, RegistryHosts } from "./setup.ts";

/** A handler with one rule, whose callers may copy nothing by themselves. */
function startDockWithRule(): Promise<Dock> {
  return startDock({
    variables: ({ source, destination }: RegistryHosts) => ({
      CROSSDOCK_ALLOW_SOURCES: "",
      CROSSDOCK_ALLOW_DESTINATIONS: "",
      CROSSDOCK_CONFIG: JSON.stringify({
        sync: [{
          name: "apps",
          source: `${source}/app`,
          target: `${destination}/mirror/app`,
          type: "repository",
          tags: { allow: ["[0-9]"] },
        }],
      }),
    }),
  });
}

test("POST /v1/syncs copies the tags of a rule, and GET then reports it in step", async () => {
  await using dock = await startDockWithRule();
  const { source, destination } = dock;
  for (const [i, tag] of ["1", "2", "edge"].entries()) {
    await putImage(source, "app", { tag, layers: 1, seed: i });
  }
  const ask = async (): Promise<SyncStatus> => {
    const response = await dock.send("GET", "/v1/syncs", { headers: bearer("read") });
    assert.equal(response.status, 200);
    return await response.json();
  };
  const before = await ask();
  assert.deepEqual(before.rules[0]?.tags.map(({ state }) => state), ["missing", "missing"]);
  const response = await dock.send("POST", "/v1/syncs", { body: { rules: ["apps"] } });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const events: SyncStreamEvent[] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const last = events.at(-1);
  assert.ok(last?.type === "report", text);
  assert.deepEqual(last.report.rules[0]?.tags.map(({ result }) => result), ["copied", "copied"]);
  assert.deepEqual(destination.tags("mirror/app"), ["1", "2"]);
  assert.equal((await ask()).state, "in-step");
  // The rule is allowed by itself; its callers are not.
  assert.equal((await dock.copy()).status, 403);
});

test("POST /v1/syncs takes a token that may copy", async () => {
  await using dock = await startDockWithRule();
  const response = await dock.send("POST", "/v1/syncs", { body: {}, headers: bearer("read") });
  assert.equal(response.status, 403);
  assert.equal(dock.source.count() + dock.destination.count(), 0);
});
