import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { Handler } from "../handler.ts";
import { logLines } from "../log_lines.ts";
import { startDock } from "../setup.ts";
import { runHandlerToItsEnd, startHandler, testHost } from "../start_handler.ts";

function warnings(handler: Handler): unknown[] {
  return logLines(handler).filter(({ level }) => level === "warn").map(({ message }) => message);
}

test("handler that is configured warns of nothing", async () => {
  await using dock = await startDock();
  assert.deepEqual(warnings(dock.handler), []);
  assert.equal(dock.handler.stderr, "");
});

test("handler with a wrong configuration names every variable, and ends with 2", async () => {
  const secret = "do-not-show-this-1";
  const { end, stdout, stderr } = await runHandlerToItsEnd({
    CROSSDOCK_TOKENS: `{"ci": "${secret}"`,
    CROSSDOCK_CONCURRENCY: "many",
    CROSSDOCK_TYPO: secret,
    PORT: "65536",
    HOST: "http://localhost",
  });
  assert.equal(end, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^crossdock: configuration is not valid: [^\n]+\n$/);
  for (
    const name of ["CROSSDOCK_TOKENS", "CROSSDOCK_CONCURRENCY", "CROSSDOCK_TYPO", "PORT", "HOST"]
  ) assert.match(stderr, new RegExp(`[ :]${name}: `));
  assert.doesNotMatch(stderr, new RegExp(secret));
});

test("handler with registry credentials that need a program reports it, and ends with 2", async () => {
  const { end, stderr } = await runHandlerToItsEnd({
    CROSSDOCK_REGISTRY_AUTH: JSON.stringify({ credsStore: "desktop" }),
  });
  assert.equal(end, 2);
  assert.match(stderr, /^crossdock: CROSSDOCK_REGISTRY_AUTH: [^\n]+\n$/);
});

test("handler without tokens and allow-lists warns, and rejects requests", async () => {
  await using handler = await startHandler({});
  assert.deepEqual(warnings(handler), [
    "CROSSDOCK_TOKENS is not set: the server rejects all calls except health checks",
    "CROSSDOCK_ALLOW_SOURCES and CROSSDOCK_ALLOW_DESTINATIONS not set: the server rejects all copies",
  ]);
  const answer = await fetch(`${handler.url}/v1/tags?repository=docker.io/library/alpine`);
  assert.equal(answer.status, 401);
  await answer.body?.cancel();
});

test("handler that is open warns, and needs no token", async () => {
  await using handler = await startHandler({
    CROSSDOCK_OPEN: "true",
    CROSSDOCK_ALLOW_SOURCES: "docker.io/**",
  });
  assert.deepEqual(warnings(handler), [
    "CROSSDOCK_OPEN is true: anyone who can reach this server can copy without a token",
    "CROSSDOCK_ALLOW_DESTINATIONS not set: the server rejects all copies",
  ]);
  const answer = await fetch(`${handler.url}/v1/tags?repository=example.com/not/allowed`);
  assert.equal(answer.status, 403);
  await answer.body?.cancel();
});

// `deno serve` and Bun listen by themselves, and say it in their own words.
if (["deno-run", "node"].includes(testHost())) {
  test("handler that cannot listen names the address, and ends with 1", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const { end, stderr } = await runHandlerToItsEnd({ PORT: `${port}` });
    other.close();
    assert.equal(end, 1);
    assert.match(stderr, new RegExp(`^crossdock: listen on 127\\.0\\.0\\.1:${port}: [^\\n]+\\n$`));
  });
}
