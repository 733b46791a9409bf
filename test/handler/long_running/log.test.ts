import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { putImage } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import type { FaultAction } from "../../support/registry.ts";
import { logLines } from "../log_lines.ts";
import type { LogLine } from "../log_lines.ts";
import { bearer, startDock, TOKENS, variablesFor } from "../setup.ts";
import type { Dock } from "../setup.ts";
import { startHandler } from "../start_handler.ts";
import { until } from "../../support/until.ts";

/** The lines about one request, once its copy has ended. */
async function linesOf({ handler }: Dock, answer: Response): Promise<LogLine[]> {
  const id = answer.headers.get("x-request-id");
  const lines = (): LogLine[] => logLines(handler).filter(({ requestId }) => requestId === id);
  await until(
    "the copy's last line",
    () => lines().some(({ message }) => message === "copy ended" || message === "copy failed"),
  );
  return lines();
}

test("handler logs the start, the retries and the report of a copy with the id of its request", async () => {
  await using dock = await startDock();
  const { source, destination } = dock;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  source.fail({ method: "GET", path: "/blobs/", action: { status: 503 } });
  const answer = await dock.copy();
  await answer.text();
  const lines = await linesOf(dock, answer);
  const of = (wanted: string): LogLine => lines.find(({ message }) => message === wanted) ?? {};
  const names = { source: `${source.host}/app:1`, destination: `${destination.host}/app` };
  const { time: _, requestId: __, ...started } = of("copy started");
  assert.deepEqual(started, { level: "info", message: "copy started", ...names });
  const { level, side, attempt, reason } = of("retry");
  assert.deepEqual([level, side, attempt], ["warn", "source", 1]);
  assert.match(String(reason), /503/);
  const ended = of("copy ended");
  assert.equal(ended.level, "info");
  assert.equal(ended["digest"], descriptor.digest);
  assert.equal(ended["result"], "copied");
  assert.deepEqual(ended["blobs"], { streamed: 3, mounted: 0, present: 0, foreign: 0 });
  const { method, path, status, caller } = of("request");
  assert.deepEqual([method, path, status, caller], ["POST", "/v1/copies", 200, "copier"]);
  for (const { time } of lines) assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test("handler logs the error of a copy with the id of its request", async () => {
  await using dock = await startDock();
  const answer = await dock.copy();
  await answer.text();
  const failed = (await linesOf(dock, answer)).find(({ message }) => message === "copy failed");
  assert.equal(failed?.level, "warn");
  const problem = failed?.["problem"] as Record<string, unknown>;
  assert.deepEqual([problem["code"], problem["side"]], ["not_found", "source"]);
});

test("handler logs that a client disconnected, and aborts its copy at both registries", async () => {
  await using dock = await startDock();
  const { source, destination } = dock;
  const { layers: [layer] } = await putImage(source, "app", {
    tag: "1",
    layers: 1,
    layerBytes: 1_000_000,
  });
  source.fail({ method: "GET", path: layer?.digest ?? "", action: { hangAfterBytes: 1000 } });
  const client = new AbortController();
  const answer = await dock.copy({}, { signal: client.signal });
  await until(
    "the upload to begin",
    () =>
      destination.requests.some(({ method, query }) =>
        method === "PUT" && query.get("digest") === layer?.digest
      ),
  );
  client.abort();
  const failed = (await linesOf(dock, answer)).find(({ message }) => message === "copy failed");
  const problem = failed?.["problem"] as Record<string, unknown>;
  assert.deepEqual([problem["code"], problem["detail"]], ["aborted", "the client disconnected"]);
  assert.equal(destination.hasBlob("app", layer?.digest ?? ""), false);
  assert.deepEqual(destination.tags("app"), []);
});

const PASSWORDS = { basic: "hunter2-basic", bearer: "hunter2-bearer", wrong: "hunter2-wrong" };
const TAGS = ["1", "2", "3", "4", "5", "6"];
const IN_URLS = ["signature-in-url", "password-in-url"];

/** The text of a docker config with these passwords of `me`. */
function dockerConfig(passwords: Record<string, string>): string {
  const auths = Object.entries(passwords).map(([host, password]) => [host, {
    auth: Buffer.from(`me:${password}`).toString("base64"),
  }]);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

test("handler writes no secret when copies fail", async () => {
  await using source = await startRegistry({
    auth: { type: "basic", users: { me: PASSWORDS.basic } },
  });
  await using destination = await startRegistry({
    auth: { type: "bearer", users: { me: PASSWORDS.bearer } },
  });
  const options = { layers: 1, layerBytes: 300_000 };
  for (const [seed, tag] of TAGS.entries()) {
    await putImage(source, "app", { ...options, tag, seed });
  }
  const [inQuery, inUserInfo] = IN_URLS;
  const away = `http://me:${inUserInfo}@127.0.0.1:1/blob?X-Amz-Signature=${inQuery}`;

  /** The log and all responses of a handler while everything fails. */
  async function provoke(passwords: Record<string, string>, isRight: boolean): Promise<string> {
    await using handler = await startHandler({
      ...variablesFor(source, destination, { host: "127.0.0.1:1" }),
      CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1 127.0.0.1:*=127.0.0.1",
      CROSSDOCK_REGISTRY_AUTH: dockerConfig(passwords),
      CROSSDOCK_LOG: "debug",
      CROSSDOCK_RETRIES: "1",
    });
    let said = "";
    const call = async (path: string, init: RequestInit): Promise<void> => {
      said += await (await fetch(`${handler.url}${path}`, init)).text();
    };
    const copy = (body: Record<string, unknown> = {}): Promise<void> =>
      call("/v1/copies", {
        method: "POST",
        headers: { ...bearer(), "content-type": "application/json" },
        body: JSON.stringify({
          source: `${source.host}/app:1`,
          destination: `${destination.host}/app`,
          ...body,
        }),
      });
    const actions: FaultAction[] = [
      { redirect: away },
      { cutAfterBytes: 1000 },
      { status: 403, body: "no" },
      { dropConnection: true },
    ];
    // An image of its own for each fault: a copy that succeeds in spite of it leaves nothing to fetch for the next one.
    for (const [i, action] of actions.entries()) {
      source.fail({ method: "GET", path: "/blobs/", times: 4, optional: !isRight, action });
      await copy({ source: `${source.host}/app:${TAGS[i + 1]}` });
      source.clearFaults();
    }
    destination.fail({
      method: "PUT",
      times: 4,
      optional: !isRight,
      action: { cutRequestAfterBytes: 1000 },
    });
    await copy({ source: `${source.host}/app:${TAGS.at(-1)}` });
    destination.clearFaults();
    await copy({ source: `me:${inUserInfo}@${source.host}/app:1` });
    await copy({ source: `${source.host}/not/there:1` });
    await copy();
    const wrong = { authorization: `Bearer ${PASSWORDS.wrong}` };
    await call(`/v1/tags?repository=${source.host}/app&token=${inQuery}`, { headers: bearer() });
    await call(`/healthz?token=${inQuery}`, {});
    await call("/v1/images", { headers: wrong });
    await call("/v1/copies", { method: "POST", headers: bearer(), body: `{"a": "${inQuery}"` });
    handler.send("SIGTERM");
    await handler.ended;
    return said + handler.stdout + handler.stderr;
  }

  const right = await provoke({
    [source.host]: PASSWORDS.basic,
    [destination.host]: PASSWORDS.bearer,
  }, true);
  const wrong = await provoke({
    [source.host]: PASSWORDS.wrong,
    [destination.host]: PASSWORDS.wrong,
  }, false);
  // They did go where it could have come to light.
  for (const message of ["copy ended", "copy failed", "retry"]) {
    assert.ok(right.includes(`"message":"${message}"`), message);
  }
  assert.match(right, /connect to 127\.0\.0\.1:1: /);
  assert.match(wrong, /"code":"unauthorized"/);
  const shown = [source, destination].flatMap(({ requests }) =>
    requests.flatMap(({ headers }) => headers.get("authorization")?.split(" ").at(-1) ?? [])
  );
  assert.ok(new Set(shown).size >= 4, "Basic and Bearer, right and wrong");
  const secrets = [...Object.values(PASSWORDS), ...Object.values(TOKENS), ...IN_URLS, ...shown];
  for (const secret of secrets) {
    assert.ok(!right.includes(secret) && !wrong.includes(secret), `${secret} came to light`);
  }
});
