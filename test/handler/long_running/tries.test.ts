import assert from "node:assert/strict";
import { test } from "node:test";
import { bearer, variablesFor } from "../setup.ts";
import { startHandler } from "../start_handler.ts";

test("handler responds with 429 to the eleventh wrong token of an address within a minute", async () => {
  await using handler = await startHandler(variablesFor());
  const call = async (headers: Record<string, string>): Promise<[number, string | null]> => {
    const answer = await fetch(`${handler.url}/v1/tags?repository=docker.io/library/a`, {
      headers,
    });
    await answer.body?.cancel();
    return [answer.status, answer.headers.get("retry-after")];
  };
  const forge = (n: number): Record<string, string> => ({
    authorization: `Bearer wrong-token-number-${n}`,
    // What a caller says of itself changes nothing.
    "x-forwarded-for": `203.0.113.${n}`,
    forwarded: `for=203.0.113.${n}`,
  });
  for (let n = 1; n <= 10; n++) assert.deepEqual(await call(forge(n)), [401, null]);
  assert.deepEqual(await call(forge(11)), [429, "60"]);
  // A call without a token guesses nothing, and the right one still opens: 403 is the allow-list's.
  assert.deepEqual(await call({}), [401, null]);
  assert.deepEqual(await call(bearer("read")), [403, null]);
});
