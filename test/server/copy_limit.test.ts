import assert from "node:assert/strict";
import { test } from "node:test";
import { createCopyLimit } from "../../src/server/copy_limit.ts";
import type { CopyLimit } from "../../src/server/copy_limit.ts";
import { startDocumentedApp, TOKEN } from "./documented_app.ts";

const signal = new AbortController().signal;

interface Limited {
  readonly limit: CopyLimit;
  readonly waiting: () => number;
  /** Ends the time of the copies that wait. */
  readonly passTime: () => void;
}

function limitTo(maxCopies: number): Limited {
  let waiting = 0;
  const timers: (() => void)[] = [];
  const limit = createCopyLimit({
    maxCopies,
    sleep: () => new Promise((resolve) => timers.push(resolve)),
    onWaiting: (count) => waiting = count,
  });
  const passTime = (): void => timers.forEach((resolve) => resolve());
  return { limit, waiting: () => waiting, passTime };
}

const BUSY = { name: "RequestError", message: /running \d+ copies/ };

test("createCopyLimit() lets as many wait as may run, and rejects further ones at once", async () => {
  const { limit, waiting } = limitTo(2);
  const running = await Promise.all([limit(signal), limit(signal)]);
  const queue = [limit(signal), limit(signal)];
  assert.equal(waiting(), 2);
  await assert.rejects(limit(signal), BUSY);
  running[0]?.();
  (await queue[0])?.();
  (await queue[1])?.();
  assert.equal(waiting(), 0);
  running[1]?.();
  for (const leave of await Promise.all([limit(signal), limit(signal)])) leave();
});

test("createCopyLimit() rejects a copy that waited too long, and one whose client left", async () => {
  const { limit, waiting, passTime } = limitTo(1);
  const leave = await limit(signal);
  const late = assert.rejects(limit(signal), BUSY);
  passTime();
  await late;
  const client = new AbortController();
  const left = assert.rejects(limit(client.signal), { name: "AbortError" });
  client.abort();
  await left;
  assert.equal(waiting(), 0);
  leave();
  (await limit(signal))();
});

test("POST /v1/copies answers 503 with Retry-After while too many copies run, and copies after that", async () => {
  await using documented = await startDocumentedApp({ variables: { CROSSDOCK_MAX_COPIES: "1" } });
  const { app, source, toReal } = documented;
  const post = async (): Promise<Response> =>
    await app.request("/v1/copies", {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: toReal(
        '{"source": "docker.io/library/alpine:3.20", "destination": "registry.example.com/mirror/alpine:3.20"}',
      ),
    });
  const gate = Promise.withResolvers<void>();
  const isAsked = Promise.withResolvers<void>();
  source.fail({
    action: {
      tamper: async (response) => {
        isAsked.resolve();
        await gate.promise;
        return response;
      },
    },
  });
  const first = await post();
  await isAsked.promise;
  // One of them waits, and the other one is rejected at once. Either may come first.
  const others = [post(), post()];
  const rejected = await Promise.race(others);
  assert.equal(rejected.status, 503);
  assert.equal(rejected.headers.get("retry-after"), "10");
  assert.equal((await rejected.json()).code, "limit");
  gate.resolve();
  const waited = (await Promise.all(others)).filter((response) => response !== rejected);
  for (const response of [first, ...waited, await post()]) {
    assert.match(await response.text(), /"type":"report"/);
  }
});
