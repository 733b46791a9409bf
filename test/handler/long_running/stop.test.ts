import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../../support/image.ts";
import { logLines } from "../log_lines.ts";
import { bearer, startDock } from "../setup.ts";
import type { Dock } from "../setup.ts";
import { startHandler } from "../start_handler.ts";
import { until } from "../../support/until.ts";

/** More than is read whole before any of it is sent. */
const LAYER_BYTES = 1_000_000;

/** An image whose only layer stops after 1000 bytes until it is let go. */
async function stallLayer(
  { source }: Dock,
): Promise<{ digest: string; letGo: () => void; cancelled: Promise<unknown> }> {
  const { layers: [layer] } = await putImage(source, "app", {
    tag: "1",
    layers: 1,
    layerBytes: LAYER_BYTES,
  });
  const digest = layer?.digest ?? "";
  const opened = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<unknown>();
  source.fail({
    method: "GET",
    path: digest,
    action: {
      async tamper(response): Promise<Response> {
        const bytes = new Uint8Array(await response.arrayBuffer());
        let isFirst = true;
        const body = new ReadableStream({
          async pull(controller): Promise<void> {
            if (isFirst) {
              isFirst = false;
              return controller.enqueue(bytes.subarray(0, 1000));
            }
            await opened.promise;
            controller.enqueue(bytes.subarray(1000));
            controller.close();
          },
          cancel: cancelled.resolve,
        }, { highWaterMark: 0 });
        return new Response(body, response);
      },
    },
  });
  return { digest, letGo: opened.resolve, cancelled: cancelled.promise };
}

/** Reads a stream of events to its end; the last one. */
async function lastEvent(answer: Response): Promise<Record<string, unknown>> {
  const lines = (await answer.text()).trim().split("\n");
  return JSON.parse(lines.at(-1) ?? "");
}

function isUploading({ destination }: Dock, digest: string): boolean {
  return destination.requests.some(({ method, query }) =>
    method === "PUT" && query.get("digest") === digest
  );
}

/** The status of a call, or that nobody takes it. */
async function knock(dock: Dock, path: string): Promise<number | "closed"> {
  const answer = await fetch(`${dock.handler.url}${path}`, { headers: bearer() })
    .catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.status ?? "closed";
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`handler lets a running copy finish after ${signal}, takes no other, and ends with 0`, async () => {
    await using dock = await startDock();
    const { handler, source, destination } = dock;
    const { digest, letGo } = await stallLayer(dock);
    const copying = await dock.copy();
    await until("the layer to be asked for", () => source.count({ path: digest }) > 0);
    assert.equal(await knock(dock, "/readyz"), 200);
    handler.send(signal);
    await until("the stop", () => logLines(handler).some(({ message }) => message === "stopping"));
    const refused = await Promise.all(
      ["/readyz", `/v1/tags?repository=${source.host}/app`].map((path) => knock(dock, path)),
    );
    for (const one of refused) assert.ok(one === 503 || one === "closed", `${one}`);
    letGo();
    assert.equal((await lastEvent(copying)).type, "report");
    assert.equal(await handler.ended, 0);
    assert.ok(destination.getManifest("app", "1"));
    assert.equal(logLines(handler).at(-1)?.message, "stopped");
    assert.equal(handler.stderr, "");
  });
}

test("handler aborts a copy at the end of the grace period, sends the error to its client and exits with 0", async () => {
  await using dock = await startDock({ variables: { CROSSDOCK_GRACE_MS: "50" } });
  const { handler, source, destination } = dock;
  const { digest, cancelled } = await stallLayer(dock);
  const copying = await dock.copy();
  await until("the upload to begin", () => isUploading(dock, digest));
  handler.send("SIGTERM");
  const { type, problem } = await lastEvent(copying) as {
    type: string;
    problem: Record<string, unknown>;
  };
  assert.deepEqual([type, problem["code"], problem["status"]], ["error", "aborted", 503]);
  await cancelled;
  assert.equal(await handler.ended, 0);
  assert.equal(destination.hasBlob("app", digest), false);
  assert.deepEqual(destination.tags("app"), []);
  assert.equal(source.count({ path: digest }), 1, "asked for again while it stops");
  assert.deepEqual(
    logLines(handler).filter(({ message }) => message !== "request").slice(-5)
      .map(({ level, message }) => `${level} ${message}`),
    [
      "info copy started",
      "info stopping",
      "warn grace period is over: aborting running work",
      "warn copy failed",
      "info stopped",
    ],
  );
});

test("handler aborts a step at the end of the grace period", async () => {
  await using dock = await startDock({ variables: { CROSSDOCK_GRACE_MS: "50" } });
  const { handler, source, destination } = dock;
  const { digest, cancelled } = await stallLayer(dock);
  const performing = fetch(`${handler.url}/v1/steps`, {
    method: "POST",
    headers: { ...bearer(), "content-type": "application/json" },
    body: JSON.stringify({
      type: "blob",
      source: `${source.host}/app`,
      destination: `${destination.host}/app`,
      descriptor: { mediaType: "application/octet-stream", digest, size: LAYER_BYTES },
      mountFrom: [],
      eager: true,
      verify: "stream",
    }),
  });
  await until("the upload to begin", () => isUploading(dock, digest));
  handler.send("SIGTERM");
  const answer = await performing;
  assert.deepEqual([answer.status, (await answer.json()).code], [503, "aborted"]);
  await cancelled;
  assert.equal(await handler.ended, 0);
});

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  test(`handler ends at once at the second ${signal}`, async () => {
    await using dock = await startDock({ variables: { CROSSDOCK_GRACE_MS: "600000" } });
    const { handler } = dock;
    const { digest } = await stallLayer(dock);
    const copying = await dock.copy();
    await until("the upload to begin", () => isUploading(dock, digest));
    handler.send(signal);
    await until("the stop", () => logLines(handler).some(({ message }) => message === "stopping"));
    handler.send(signal);
    assert.equal(await handler.ended, code);
    await assert.rejects(lastEvent(copying));
  });
}

test("handler that does nothing ends at once with 0", async () => {
  await using handler = await startHandler({ CROSSDOCK_GRACE_MS: "600000" });
  const health = await fetch(`${handler.url}/healthz`);
  await health.body?.cancel();
  handler.send("SIGTERM");
  assert.equal(await handler.ended, 0);
});
