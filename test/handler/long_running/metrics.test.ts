import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../../support/image.ts";
import type { Handler } from "../handler.ts";
import { bearer, startDock } from "../setup.ts";
import { startHandler } from "../start_handler.ts";

/** Each sample by its name and labels. */
async function scrape(
  handler: Handler,
  headers: Record<string, string> = bearer("read"),
): Promise<Record<string, number>> {
  const answer = await fetch(`${handler.url}/metrics`, { headers });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const lines = (await answer.text()).split("\n").filter((line) => /^\w/.test(line));
  return Object.fromEntries(lines.map((line) => {
    const [, sample, value] = /^(.+) (\S+)$/.exec(line) ?? [];
    return [sample, Number(value)];
  }));
}

test("handler counts copies, steps, bytes, requests and retries at /metrics", async () => {
  await using dock = await startDock();
  const { source, handler } = dock;
  assert.equal((await scrape(handler))["crossdock_copies_running"], 0);
  const { config, layers } = await putImage(source, "app", { tag: "1" });
  source.fail({ method: "GET", path: "/manifests/", action: { status: 503 } });
  for (const body of [{}, {}, { source: `${source.host}/none:1` }]) {
    await (await dock.copy(body)).text();
  }
  const counts = await scrape(handler);
  const of = (sample: string): number | undefined => counts[`crossdock_${sample}`];
  assert.equal(of('copies_total{result="copied"}'), 1);
  assert.equal(of('copies_total{result="unchanged"}'), 1);
  assert.equal(of('copies_total{result="failed"}'), 1);
  assert.equal(of("copies_running"), 0);
  assert.equal(of('steps_total{type="blob",state="streamed"}'), 3);
  assert.equal(of('steps_total{type="manifest",state="put"}'), 1);
  assert.equal(
    of("blob_bytes_total"),
    [config, ...layers].reduce((sum, { size }) => sum + size, 0),
  );
  assert.equal(of('retries_total{side="source"}'), 1);
  const asked = (side: string, method: string, status: string): number | undefined =>
    of(
      `registry_request_duration_seconds_count{side="${side}",method="${method}",status="${status}"}`,
    );
  assert.equal(asked("source", "GET", "5xx"), 1);
  assert.equal(asked("source", "GET", "2xx"), source.count({ method: "GET", status: 200 }));
  assert.equal(asked("destination", "PUT", "2xx"), 4);
  assert.equal(
    of('http_request_duration_seconds_count{route="/v1/copies",method="POST",status="200"}'),
    3,
  );
});

test("handler shows that a copy is under way at /metrics", async () => {
  await using dock = await startDock();
  await putImage(dock.source, "app", { tag: "1" });
  const goOn = Promise.withResolvers<void>();
  dock.source.fail({
    method: "GET",
    path: "/blobs/",
    action: {
      async tamper(response): Promise<Response> {
        await goOn.promise;
        return response;
      },
    },
  });
  const answer = await dock.copy();
  assert.equal((await scrape(dock.handler))["crossdock_copies_running"], 1);
  goOn.resolve();
  await answer.text();
  assert.equal((await scrape(dock.handler))["crossdock_copies_running"], 0);
});

test("handler has one route for all that is not there at /metrics", async () => {
  await using dock = await startDock();
  for (const path of ["/a", "/v1/b", "/v1/plans", `/v1/copies/${"0".repeat(64)}`]) {
    const answer = await fetch(`${dock.handler.url}${path}`, { headers: bearer() });
    await answer.body?.cancel();
  }
  const counts = Object.keys(await scrape(dock.handler))
    .filter((sample) => sample.startsWith("crossdock_http_request_duration_seconds_count"));
  assert.deepEqual(
    counts.filter((sample) => sample.includes('status="40')).sort(),
    [
      'crossdock_http_request_duration_seconds_count{route="/v1/copies/:id",method="GET",status="404"}',
      'crossdock_http_request_duration_seconds_count{route="none",method="GET",status="404"}',
      'crossdock_http_request_duration_seconds_count{route="none",method="GET",status="405"}',
    ],
  );
});

test("handler needs a token at /metrics, unless it is open", async () => {
  await using dock = await startDock();
  const refused = await fetch(`${dock.handler.url}/metrics`);
  assert.deepEqual([refused.status, (await refused.json()).code], [401, "unauthorized"]);
  await using open = await startHandler({ CROSSDOCK_OPEN: "true" });
  assert.ok("crossdock_copies_running" in await scrape(open, {}));
});

test("handler describes /metrics where it is", async () => {
  await using dock = await startDock();
  const document = await (await fetch(`${dock.handler.url}/openapi.json`)).json();
  const { responses } = document.paths["/metrics"].get;
  assert.deepEqual(Object.keys(responses), ["200", "401", "413", "429", "500"]);
});
