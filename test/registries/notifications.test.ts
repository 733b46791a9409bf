import assert from "node:assert/strict";
import { test } from "node:test";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { formatReference } from "../../src/oci/reference.ts";
import type { PushEvent } from "../../src/webhooks/incoming/event.ts";
import { locateEvent } from "../../src/webhooks/incoming/match.ts";
import { receive } from "../../src/webhooks/incoming/receive.ts";
import type { Received } from "../../src/webhooks/incoming/sender.ts";
import { WebhookError } from "../../src/webhooks/incoming/webhook_error.ts";
import { putCosignSignature, putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import { startRealRegistry } from "./support.ts";

const TOKEN = "a-token-of-the-registry";
const PATIENCE_MS = 20_000;

const runtime = await createRuntime();

interface Inbox extends AsyncDisposable {
  readonly url: string;
  /** What came of each request, in order. */
  readonly received: (Received | WebhookError)[];
  /** Resolves once `isThere` says so of what was received. */
  waitUntil(isThere: () => boolean): Promise<void>;
}

/** Takes a registry's notifications as a route would. */
async function startInbox(): Promise<Inbox> {
  const received: Inbox["received"] = [];
  const arrivals = new EventTarget();
  const server = await serve(async (request) => {
    const { method, headers } = request;
    const body = new Uint8Array(await request.arrayBuffer());
    const proof = { kind: "bearer" as const, secrets: [TOKEN] };
    const readBody = (): Promise<typeof body> => Promise.resolve(body);
    const result = await receive("distribution", { method, headers, readBody }, { proof, runtime })
      .catch((error: unknown) => error);
    assert.ok(!(result instanceof Error) || result instanceof WebhookError, `${result}`);
    received.push(result as Received | WebhookError);
    arrivals.dispatchEvent(new Event("arrival"));
    return new Response(null, { status: result instanceof WebhookError ? 401 : 202 });
  });
  function waitUntil(isThere: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (isThere()) stop(resolve);
      };
      const timer = setTimeout(
        () => stop(() => reject(new Error(`not told: ${JSON.stringify(received)}`))),
        PATIENCE_MS,
      );
      const stop = (settle: () => void): void => {
        clearTimeout(timer);
        arrivals.removeEventListener("arrival", check);
        settle();
      };
      arrivals.addEventListener("arrival", check);
      check();
    });
  }
  return { url: server.url, received, waitUntil, [Symbol.asyncDispose]: () => server.close() };
}

function eventsOf({ received }: Inbox): PushEvent[] {
  return received.flatMap((one) => "events" in one ? one.events : []);
}

for (const kind of ["distribution2", "distribution3"] as const) {
  test(`receive() of ${kind} reads the manifests and tags of a pushed index and ignores other events`, async () => {
    await using inbox = await startInbox();
    await using registry = await startRealRegistry(kind, {
      notifications: { url: inbox.url, headers: { Authorization: `Bearer ${TOKEN}` } },
    });
    await using source = await startRegistry();
    const { descriptor, images } = await putIndex(source, "team/app", {
      tag: "1.4.2",
      platforms: ["linux/amd64", "linux/arm64"],
      layers: 1,
    });
    const { tag: signature } = await putCosignSignature(source, "team/app", descriptor.digest);
    const engine = createSyncEngine({ runtime });
    await engine.copy({
      source: `${source.host}/team/app:1.4.2`,
      destination: `${registry.host}/mirror/app`,
    });
    // A pull, of which it tells as well.
    await engine.inspect(`${registry.host}/mirror/app:1.4.2`);
    await engine.copy({
      source: `${source.host}/team/app:1.4.2`,
      destination: `${registry.host}/mirror/app:last`,
      digestTags: false,
    });

    await inbox.waitUntil(() => eventsOf(inbox).some(({ tag }) => tag === "last"));

    const events = eventsOf(inbox).filter(({ tag }) => tag !== undefined);
    assert.deepEqual(events.map(({ tag }) => tag), [signature, "1.4.2", "last"]);
    for (const event of events) {
      assert.equal(event.repository, "mirror/app");
      assert.match(event.id ?? "", /^[0-9a-f-]{36}$/);
      assert.equal(event.registry, undefined);
    }
    assert.equal(events[1]?.digest, descriptor.digest);
    const about = events[1] && locateEvent(events[1], registry.host);
    const name = `${registry.host}/mirror/app:1.4.2`;
    assert.equal(about && formatReference(about), name);
    assert.equal(await engine.resolve(name), `${name}@${descriptor.digest}`);

    // The images of the index, and the index before its tag.
    const digests = eventsOf(inbox).filter(({ tag }) => tag === undefined)
      .map(({ digest }) => digest);
    assert.ok(images.every(({ descriptor }) => digests.includes(descriptor.digest)), `${digests}`);

    // Two configs, two layers, the signature's blobs and the pulls: each an envelope of its own.
    const ignored = inbox.received.filter((one) => "why" in one);
    assert.ok(ignored.length >= 6, `${ignored.length}`);
    assert.deepEqual(inbox.received.filter((one) => one instanceof WebhookError), []);
  });

  test(`receive() of ${kind} with another token is rejected, and the registry retries`, async () => {
    await using inbox = await startInbox();
    await using registry = await startRealRegistry(kind, {
      notifications: { url: inbox.url, headers: { Authorization: "Bearer something-else" } },
    });
    await using source = await startRegistry();
    await putIndex(source, "app", { tag: "1", platforms: ["linux/amd64"], layers: 1 });
    const engine = createSyncEngine({ runtime });
    await engine.copy({ source: `${source.host}/app:1`, destination: `${registry.host}/app` });

    await inbox.waitUntil(() => inbox.received.length >= 2);

    for (const one of inbox.received) {
      assert.ok(one instanceof WebhookError);
      assert.equal(one.code, "unauthorized");
    }
  });
}
