import assert from "node:assert/strict";
import { test } from "node:test";
import type { DocumentedApp, DocumentedOptions } from "./documented_app.ts";
import { READ_TOKEN, startDocumentedApp, TOKEN } from "./documented_app.ts";

const ROUTES = [
  ["POST", "/v1/copies"],
  ["DELETE", "/v1/copies/x"],
  ["POST", "/v1/plans"],
  ["POST", "/v1/steps"],
  ["POST", "/v1/syncs"],
  ["POST", "/v1/verifications"],
] as const;

const LIMIT = 64 * 1024;
const STEP_LIMIT = 9 * 1024 * 1024;

/** Sends a body of unknown length: it goes on for as long as it is read, up to `bytes`, and does not end of itself. */
function send(
  { app }: DocumentedApp,
  [method, path]: readonly [method: string, path: string],
  { token, bytes = 0 }: { token?: string | undefined; bytes?: number } = {},
): { answer: Promise<Response>; sent: () => number } {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller): Promise<void> | void {
      if (sent >= bytes) return new Promise(() => {});
      const part = new Uint8Array(Math.min(LIMIT, bytes - sent)).fill(32);
      sent += part.length;
      controller.enqueue(part);
    },
  }, { highWaterMark: 0 });
  const headers = {
    "content-type": "application/json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const init = { method, headers, body, duplex: "half" } as RequestInit;
  const answer = app.fetch(new Request(`http://crossdock.test${path}`, init));
  return { answer: Promise.resolve(answer), sent: () => sent };
}

/** The status and the code, or `undefined` where the server waits for the body. */
async function read(answer: Promise<Response>): Promise<unknown[] | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), 5000);
  });
  const response = await Promise.race([answer, late]);
  clearTimeout(timer);
  return response && [response.status, (await response.json()).code];
}

const REFUSED: Readonly<
  Record<string, { token?: string; options?: DocumentedOptions; want: unknown[] }>
> = {
  "no token": { want: [401, "unauthorized"] },
  "a wrong token": { token: "guessed", want: [401, "unauthorized"] },
  "too many invalid tokens": {
    token: "guessed",
    options: { host: { limitTries: () => Promise.resolve(true), addressOf: () => "192.0.2.7" } },
    want: [429, "rate_limited"],
  },
  "no token at all at the server": {
    token: TOKEN,
    options: { variables: { CROSSDOCK_TOKENS: "" } },
    want: [401, "unauthorized"],
  },
};

for (const [what, { token, options, want }] of Object.entries(REFUSED)) {
  test(`access() with ${what} does not read the body`, async () => {
    await using documented = await startDocumentedApp(options);
    for (const route of ROUTES) {
      for (const bytes of [0, STEP_LIMIT + 1]) {
        const { answer, sent } = send(documented, route, { token, bytes });
        assert.deepEqual(await read(answer), want, route.join(" "));
        assert.equal(sent(), 0, route.join(" "));
      }
    }
  });
}

test("access() with a read token does not read the body of a write", async () => {
  await using documented = await startDocumentedApp();
  for (const route of ROUTES) {
    const isReading = ["/v1/plans", "/v1/verifications"].includes(route[1]);
    const { answer, sent } = send(documented, route, { token: READ_TOKEN, bytes: STEP_LIMIT + 1 });
    const want = isReading ? [413, "limit"] : [403, "denied"];
    assert.deepEqual(await read(answer), want, route.join(" "));
    assert.equal(sent() > 0, isReading, route.join(" "));
  }
});

test("access() rejects a body at the first byte over the limit", async () => {
  await using documented = await startDocumentedApp();
  // DELETE has no body, and reads none.
  for (const route of ROUTES.filter(([method]) => method === "POST")) {
    const limit = route[1] === "/v1/steps" ? STEP_LIMIT : LIMIT;
    const { answer, sent } = send(documented, route, { token: TOKEN, bytes: 2 * STEP_LIMIT });
    assert.deepEqual(await read(answer), [413, "limit"], route.join(" "));
    assert.ok(sent() > limit && sent() <= limit + LIMIT, `${route.join(" ")}: ${sent()}`);
  }
});

test("a server that is open still limits bodies", async () => {
  await using documented = await startDocumentedApp({
    variables: { CROSSDOCK_TOKENS: "", CROSSDOCK_OPEN: "true" },
  });
  const { answer } = send(documented, ["POST", "/v1/copies"], { bytes: LIMIT + 1 });
  assert.deepEqual(await read(answer), [413, "limit"]);
});

test("a wrong token with a body is counted once", async () => {
  const tries: string[] = [];
  const limitTries = (address: string): Promise<boolean> => {
    tries.push(address);
    return Promise.resolve(false);
  };
  await using documented = await startDocumentedApp({
    host: { limitTries, addressOf: () => "192.0.2.7" },
  });
  for (const route of ROUTES) {
    tries.length = 0;
    const { answer } = send(documented, route, { token: "guessed", bytes: LIMIT + 1 });
    assert.deepEqual(await read(answer), [401, "unauthorized"]);
    assert.deepEqual(tries, ["192.0.2.7"], route.join(" "));
  }
});

test("access() reads no body of an unknown route", async () => {
  await using documented = await startDocumentedApp();
  const cases = [["POST", "/v1/nothing", 404], ["PUT", "/v1/copies", 405]] as const;
  for (const [method, path, status] of cases) {
    const { answer, sent } = send(documented, [method, path], { bytes: STEP_LIMIT + 1 });
    assert.equal((await read(answer))?.[0], status);
    assert.equal(sent(), 0);
  }
});
