/** A copy that is aborted while it waits for work that other callers may wait for too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;

/** Aborts a copy as soon as it waits. The work itself would end after the idle timeout, which is longer than `until` waits. */
async function abortWhile(pair: Pair, isWaiting: () => boolean): Promise<void> {
  const controller = new AbortController();
  const reason = new Error("enough");
  let ended: unknown;
  pair.engine.copy(requestOf(pair), { signal: controller.signal }).catch((error) => ended = error);
  await until("it waits", isWaiting);
  controller.abort(reason);
  await until("the copy ends", () => ended !== undefined);
  assert.equal(ended, reason);
}

test("copy() cancels the uploads of an aborted copy at the destination", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  await putImage(source, "app", { tag: "1", layers: 1, layerBytes: MIB });
  const held = destination.fail({ method: "PUT", times: 9, action: { hang: true } });
  await abortWhile(pair, () => held.hits === 2);
  await until("both uploads are cancelled", () => destination.count({ method: "DELETE" }) === 2);
});

test("copy() cancels the uploads beside a blob that failed", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { config } = await putImage(source, "app", { tag: "1", layers: 1, layerBytes: MIB });
  const held = destination.fail({ method: "PUT", times: 1, action: { hang: true } });
  source.fail({
    path: config.digest,
    times: 9,
    action: {
      tamper: async (response) => {
        await response.body?.cancel();
        await until("the layer is being sent", () => held.hits === 1);
        return new Response(null, { status: 403 });
      },
    },
  });
  await assert.rejects(engine.copy(requestOf(pair)), { code: "denied", side: "source" });
  await until("both uploads are cancelled", () => destination.count({ method: "DELETE" }) === 2);
});

test("copy() can be aborted while it waits for a token", async () => {
  await using pair = await startPair({
    source: { auth: { type: "bearer", users: {}, anonymousPull: true } },
  });
  await putImage(pair.source, "app", { tag: "1" });
  const held = pair.source.fail({ path: "/token", action: { hang: true } });
  await abortWhile(pair, () => held.hits === 1);
});

test("copy() can be aborted while it waits for a repository to be created", async () => {
  let isCreating = false;
  await using pair = await startPair({
    destination: { createsRepositories: false },
    engine: {
      destination: {
        createRepository: () => {
          isCreating = true;
          return new Promise(() => {});
        },
      },
    },
  });
  await putImage(pair.source, "app", { tag: "1" });
  await abortWhile(pair, () => isCreating);
});

test("copy() can be aborted while it tests whether the destination checks digests", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1", layers: 1, layerBytes: 9 * MIB });
  const held = pair.destination.fail({ method: "PUT", times: 9, action: { hang: true } });
  // The config, and the byte of the test.
  await abortWhile(pair, () => held.hits === 2);
});
