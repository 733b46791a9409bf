import assert from "node:assert/strict";
import { test } from "node:test";
import { staticCredentials } from "../../src/auth/credentials.ts";
import { startRegistry } from "../support/registry.ts";
import { failureOf, openSide } from "./setup.ts";

const PASSWORD = 'hunter2"hunter2';
const BASIC = btoa(`me:${PASSWORD}`);

/** What a debug page may return of a request. */
const ECHOES: Readonly<Record<string, (authorization: string) => ResponseInit & { body: string }>> =
  {
    "an error's message": (text) => ({
      status: 400,
      body: JSON.stringify({ errors: [{ code: text, message: text, detail: text }] }),
    }),
    "a plain text": (text) => ({ status: 500, body: `got ${text}, which is ${PASSWORD}` }),
    "a decoded value": () => ({ status: 403, body: `password ${PASSWORD}` }),
    "a Content-Type": (text) => ({
      status: 200,
      headers: { "content-type": `x/${text.replace(/^\w+ /, "")}` },
      body: "{}",
    }),
    "a body that is not JSON": (text) => ({ status: 200, body: text }),
  };

for (const [where, echo] of Object.entries(ECHOES)) {
  test(`RegistryClient quotes no credential that the registry returns in ${where}`, async () => {
    const users = { me: PASSWORD };
    await using registry = await startRegistry({ auth: { type: "basic", users } });
    const side = await openSide(registry.host, {
      credentials: staticCredentials(
        { kind: "basic", username: "me", password: PASSWORD },
        "the test",
      ),
      retries: 0,
    });
    const { body, ...init } = echo(`Basic ${BASIC}`);
    registry.fail({ after: 1, times: 9, action: { tamper: () => new Response(body, init) } });
    const error = await failureOf(side.pull("app").fetchManifest("1"));
    const shown = JSON.stringify({ ...error, message: error.message, hint: error.hint });
    for (const secret of [PASSWORD, "hunter2", BASIC, BASIC.slice(0, 30)]) {
      assert.ok(!shown.includes(secret), shown);
    }
  });
}
