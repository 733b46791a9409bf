import assert from "node:assert/strict";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { CrossdockError, SilenceError } from "../../../src/errors.ts";
import { createRuntime } from "../../../src/hosts/detect.ts";
import { toCloudEvent } from "../../../src/webhooks/outgoing/notice.ts";
import { deliver, deliveryDelayMs, send } from "../../../src/webhooks/outgoing/send.ts";
import type { SendOptions } from "../../../src/webhooks/outgoing/send.ts";
import { serve } from "../../support/serve.ts";
import type { Server } from "../../support/serve.ts";
import { WHSEC } from "../incoming/cases.ts";

const OTHER = `whsec_${btoa("another secret of thirty-two byte")}`;
const SECRET_PATH = "/T0K3N/hook";

const EVENT = toCloudEvent({
  type: "copied",
  source: "ghcr.io/acme/app:1.4.2",
  destination: "mirror.example/acme/app:1.4.2",
  digest: `sha256:${"a".repeat(64)}`,
  bytesStreamed: 1234,
  durationMs: 56,
  rule: "app",
}, { id: "n-1", now: Date.UTC(2026, 9, 2, 9, 30) });

interface Receiver extends Server {
  readonly url: string;
  readonly received: { headers: Headers; body: string }[];
}

/** Answers with each of these in turn, and with 204 from then on. */
async function startReceiver(
  answers: readonly (() => Response | Promise<Response>)[] = [],
): Promise<Receiver> {
  const received: Receiver["received"] = [];
  const server = await serve(async (request) => {
    received.push({ headers: request.headers, body: await request.text() });
    return await answers[received.length - 1]?.() ?? new Response(null, { status: 204 });
  });
  return Object.assign(server, { received });
}

async function toOptions(
  options: Partial<SendOptions> = {},
): Promise<SendOptions & { waited: number[] }> {
  const host = await createRuntime();
  const waited: number[] = [];
  const runtime = {
    fetch: host.fetch,
    now: host.now,
    random: (): number => 0,
    sleep(ms: number): Promise<void> {
      waited.push(ms);
      return Promise.resolve();
    },
  };
  return { runtime, guard: () => {}, ...options, waited };
}

function toTarget(receiver: Receiver, secrets = [WHSEC]): { url: URL; secrets: string[] } {
  return { url: new URL(SECRET_PATH, receiver.url), secrets };
}

const status = (code: number, headers: Record<string, string> = {}) => (): Response =>
  new Response(code === 304 ? null : "body", { status: code, headers });

test("send() sends a CloudEvent that the receiver's library verifies", async () => {
  await using receiver = await startReceiver();
  await send(EVENT, toTarget(receiver), await toOptions());
  const [one] = receiver.received;
  assert.ok(one && receiver.received.length === 1);
  const verified = new Webhook(WHSEC).verify(one.body, Object.fromEntries(one.headers));
  assert.deepEqual(verified, {
    specversion: "1.0",
    id: "n-1",
    source: "/crossdock",
    type: "crossdock.copied",
    subject: "mirror.example/acme/app:1.4.2",
    time: "2026-10-02T09:30:00.000Z",
    datacontenttype: "application/json",
    data: {
      source: "ghcr.io/acme/app:1.4.2",
      destination: "mirror.example/acme/app:1.4.2",
      digest: `sha256:${"a".repeat(64)}`,
      bytesStreamed: 1234,
      durationMs: 56,
      rule: "app",
    },
  });
  assert.equal(one.headers.get("content-type"), "application/cloudevents+json; charset=utf-8");
  assert.equal(one.headers.get("webhook-id"), "n-1");
  assert.throws(() => new Webhook(OTHER).verify(one.body, Object.fromEntries(one.headers)));
});

test("send() signs by each secret, so that either verifies", async () => {
  await using receiver = await startReceiver();
  await send(EVENT, toTarget(receiver, [OTHER, WHSEC]), await toOptions());
  const [one] = receiver.received;
  assert.ok(one);
  for (const secret of [WHSEC, OTHER]) {
    new Webhook(secret).verify(one.body, Object.fromEntries(one.headers));
  }
});

test("send() retries after 500 and 429, with the same id and body", async () => {
  await using receiver = await startReceiver([status(500), status(429, { "retry-after": "3600" })]);
  const options = await toOptions();
  await send(EVENT, toTarget(receiver), options);
  assert.deepEqual(options.waited, [5000, 3_600_000]);
  assert.equal(receiver.received.length, 3);
  for (const { headers, body } of receiver.received) {
    assert.equal(headers.get("webhook-id"), "n-1");
    assert.equal(body, receiver.received[0]?.body);
    new Webhook(WHSEC).verify(body, Object.fromEntries(headers));
  }
});

test("send() fails after the allowed retries", async () => {
  await using receiver = await startReceiver(Array.from({ length: 9 }, () => status(503)));
  const options = await toOptions({ retries: 2 });
  await assert.rejects(send(EVENT, toTarget(receiver), options), (error) => {
    assert.ok(error instanceof CrossdockError);
    assert.match(
      error.message,
      /^send crossdock\.copied to 127\.0\.0\.1:\d+: it answered 503, expected 2xx$/,
    );
    return true;
  });
  assert.equal(receiver.received.length, 3);
});

const FINAL: readonly [code: number, wanted: string][] = [
  [301, "registry"],
  [304, "registry"],
  [307, "registry"],
  [400, "registry"],
  [401, "denied"],
  [403, "denied"],
  [404, "not_found"],
  [410, "not_found"],
];

for (const [code, wanted] of FINAL) {
  test(`send() does not try again after ${code}, nor goes elsewhere`, async () => {
    await using elsewhere = await startReceiver();
    const answer = status(code, { location: elsewhere.url });
    await using receiver = await startReceiver([answer]);
    const options = await toOptions();
    await assert.rejects(send(EVENT, toTarget(receiver), options), (error) => {
      assert.ok(error instanceof CrossdockError);
      assert.equal(error.code, wanted);
      assert.ok(!`${error.message} ${error.hint}`.includes("T0K3N"));
      return true;
    });
    assert.deepEqual([receiver.received.length, elsewhere.received.length], [1, 0]);
    assert.deepEqual(options.waited, []);
  });
}

test("send() retries if the connection is refused, and names only the host", async () => {
  const receiver = await startReceiver();
  await receiver.close();
  const options = await toOptions({ retries: 1 });
  await assert.rejects(send(EVENT, toTarget(receiver), options), (error) => {
    assert.ok(error instanceof CrossdockError);
    assert.equal(error.code, "network");
    assert.ok(!`${error.message} ${error.hint}`.includes("T0K3N"));
    return true;
  });
  assert.deepEqual(options.waited, [5000]);
});

test("deliver() times out", async () => {
  let answer = (): void => {};
  const silence = new Promise<Response>((resolve) => {
    answer = (): void => resolve(new Response());
  });
  await using receiver = await startReceiver([() => silence]);
  const options = { ...await toOptions(), timeoutMs: 50 };
  await assert.rejects(deliver(EVENT, toTarget(receiver), options), SilenceError);
  answer();
});

test("deliver() stops with the caller's reason", async () => {
  await using receiver = await startReceiver();
  const reason = new Error("enough");
  const options = { ...await toOptions(), signal: AbortSignal.abort(reason) };
  await assert.rejects(deliver(EVENT, toTarget(receiver), options), (error) => error === reason);
  assert.equal(receiver.received.length, 0);
});

test("deliver() calls the guard before it sends anything", async () => {
  await using receiver = await startReceiver();
  const refusal = new CrossdockError("denied", "connect to 127.0.0.1: not public");
  const asked: string[] = [];
  const guard = (url: URL): Promise<void> => {
    asked.push(url.pathname);
    return Promise.reject(refusal);
  };
  const sending = send(EVENT, toTarget(receiver), await toOptions({ guard }));
  await assert.rejects(sending, (error) => error === refusal);
  assert.deepEqual([asked, receiver.received.length], [[SECRET_PATH], 0]);
});

const busy = (retryAfterMs?: number): CrossdockError =>
  new CrossdockError("registry", "busy", { isTemporary: true, retryAfterMs });

test("deliveryDelayMs() keeps the schedule of Standard Webhooks, for three days", () => {
  const delays = Array.from(
    { length: 10 },
    (_, attempt) => deliveryDelayMs(busy(), attempt, 20, 0),
  );
  const hours = delays.map((ms) => ms === undefined ? ms : ms / 3_600_000);
  assert.deepEqual(hours, [5 / 3600, 1 / 12, 0.5, 2, 5, 10, 14, 20, 24, undefined]);
});

test("deliveryDelayMs() adds a fifth of jitter at most", () => {
  assert.equal(deliveryDelayMs(busy(), 0, 1, 0.5), 5500);
  assert.equal(deliveryDelayMs(busy(), 0, 1, 1), 6000);
});

test("deliveryDelayMs() waits as long as it was asked to, up to a day", () => {
  assert.equal(deliveryDelayMs(busy(60_000), 0, 1, 0), 60_000);
  assert.equal(deliveryDelayMs(busy(1000), 0, 1, 0), 5000);
  assert.equal(deliveryDelayMs(busy(90_000_000), 0, 1, 0), 86_400_000);
});

test("deliveryDelayMs() stops at an error that stays, and after the last retry", () => {
  assert.equal(deliveryDelayMs(new CrossdockError("denied", "no"), 0, 5, 0), undefined);
  assert.equal(deliveryDelayMs(new TypeError("x"), 0, 5, 0), undefined);
  assert.equal(deliveryDelayMs(busy(), 2, 2, 0), undefined);
});

test("toCloudEvent() of a failure has no empty members", () => {
  const event = toCloudEvent({
    type: "failed",
    source: "a.example/b:1",
    destination: "c.example/b:1",
    code: "denied",
    message: "no",
  }, { id: "n-2", now: 0, origin: "https://mirror.example" });
  assert.deepEqual([event.type, event.source], ["crossdock.failed", "https://mirror.example"]);
  assert.deepEqual(event.data, {
    source: "a.example/b:1",
    destination: "c.example/b:1",
    code: "denied",
    message: "no",
  });
});
