/** What the Worker as it is deployed does within one request, in a real workerd. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { startObservedRegistry } from "../support/observed_registry.ts";
import { until } from "../support/until.ts";
import { startCrossdock } from "./support.ts";
import type { RunningWorker } from "./support.ts";

const MIB = 1024 * 1024;

const worker = await startCrossdock({ durable: false });
after(() => worker[Symbol.asyncDispose]());

/** Copies within the request, and gives its events. */
async function copy(
  { url }: RunningWorker,
  request: object,
  signal?: AbortSignal,
): Promise<{ type: string; report?: { result: string; digest: string } }[]> {
  const response = await fetch(new URL("/v1/copies", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
    ...(signal ? { signal } : {}),
  });
  assert.equal(response.status, 200);
  return (await response.text()).trim().split("\n").map((line) => JSON.parse(line));
}

test("POST /v1/copies copies within the request, several at a time", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const copies = await Promise.all([1, 2, 3].map(async (seed) => {
    const layers = { layers: 8, layerBytes: 300_000 };
    const { descriptor } = await putImage(source, `app${seed}`, { tag: "1", seed, ...layers });
    const request = {
      source: `${source.host}/app${seed}:1`,
      destination: `${destination.host}/app${seed}`,
    };
    return { descriptor, events: await copy(worker, request) };
  }));
  for (const { descriptor, events } of copies) {
    const last = events.at(-1);
    assert.equal(last?.type, "report", JSON.stringify(last));
    assert.equal(last.report?.digest, descriptor.digest);
  }
});

test("POST /v1/copies without a Workflow copies inline despite Prefer", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putImage(source, "app", { tag: "1" });
  const response = await fetch(new URL("/v1/copies", worker.url), {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "respond-async" },
    body: JSON.stringify({
      source: `${source.host}/app:1`,
      destination: `${destination.host}/app:1`,
    }),
  });
  assert.equal(response.status, 200);
  assert.match(await response.text(), /"type":"report"/);
});

test("POST /v1/copies aborts its requests to both registries when its client disconnects", async () => {
  await using source = await startObservedRegistry();
  await using destination = await startObservedRegistry();
  const { layers } = await putImage(source, "app", { tag: "1", layers: 1, layerBytes: 4 * MIB });
  source.fail({ path: layers[0]?.digest ?? "", action: { hangAfterBytes: MIB } });
  const client = new AbortController();
  const gone = copy(worker, {
    source: `${source.host}/app:1`,
    destination: `${destination.host}/app:1`,
  }, client.signal);
  const refused = assert.rejects(gone);
  const hasArrived = (): boolean =>
    destination.requests.some(({ requestBytes }) => requestBytes > MIB / 2);
  await until("a part of the blob has arrived", hasArrived);
  client.abort();
  await refused;
  await until("the source is let go of", () => source.abandoned.includes("GET"));
  await until("the destination is let go of", () => destination.abandoned.includes("PUT"));
  assert.deepEqual(destination.tags("app"), []);
});

test("a wrong configuration is served as a problem and logged once", async () => {
  await using broken = await startCrossdock({ variables: { CROSSDOCK_RETRIES: "many" } });
  assert.equal((await broken.ask("GET", "/healthz")).status, 200);
  for (const path of ["/readyz", "/v1/tags?repository=a.example/b"]) {
    const { status, json } = await broken.ask("GET", path);
    assert.equal(status, 503);
    assert.match(json.detail, /CROSSDOCK_RETRIES: expected a whole number/);
  }
  await broken.tick();
  assert.equal(broken.lines.filter(({ level }) => level === "error").length, 1);
});

test("requests without a token are rejected, and many wrong tokens are rate limited", async () => {
  const token = "a-token-of-some-length";
  const variables = { CROSSDOCK_OPEN: "false", CROSSDOCK_TOKENS: JSON.stringify({ ci: token }) };
  await using guarded = await startCrossdock({ variables });
  const show = async (shown: string | undefined): Promise<number> => {
    const response = await fetch(new URL("/v1/steps", guarded.url), {
      method: "POST",
      headers: { "cf-connecting-ip": "192.0.2.1", ...(shown ? { authorization: shown } : {}) },
    });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await show(undefined), 401);
  assert.equal(await show(`Bearer ${token}`), 400);
  const guesses: number[] = [];
  for (let i = 0; i < 5; i++) guesses.push(await show(`Bearer ${token}${i}`));
  assert.deepEqual(guesses, [401, 401, 401, 429, 429]);
});
