import assert from "node:assert/strict";
import { after, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { Webhook } from "standardwebhooks";
import { toCloudEvent } from "../../src/webhooks/outgoing/notice.ts";
import { serve } from "../support/serve.ts";
import { startWorker } from "../support/workerd.ts";
import { CASES, PATH_SECRET, readFixture, WHSEC } from "../webhooks/incoming/cases.ts";
import type { Wanted } from "./webhooks_worker.ts";

const worker = await startWorker({ script: new URL("./webhooks_worker.ts", import.meta.url) });
after(() => worker[Symbol.asyncDispose]());

async function call(wanted: Wanted, init: RequestInit = {}): Promise<unknown> {
  const query = new URLSearchParams({ wanted: JSON.stringify(wanted) });
  const response = await fetch(`${worker.url}/?${query}`, { method: "POST", ...init });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text === "" ? undefined : JSON.parse(text);
}

for (const { name, fixture, headers, proof, sign, events } of CASES) {
  test(`receive() of ${name}, ${fixture} by ${proof.kind}, in workerd`, async () => {
    const body = readFixture(fixture);
    const right = { ...headers, ...sign(body) };
    assert.deepEqual(
      await call({ name, proof, pathSecret: PATH_SECRET }, { headers: right, body }),
      {
        kind: "events",
        events,
      },
    );
    const wrong = { ...headers, ...sign(new Uint8Array([...body, 0x20])) };
    const isSigned = proof.kind === "signature";
    const answer = isSigned
      ? await call({ name, proof, pathSecret: "" }, { headers: wrong, body })
      : await call({ name, proof, pathSecret: "" }, { headers: { ...headers }, body });
    assert.equal(
      (answer as { code: string }).code,
      proof.kind === "path" ? "not_found" : "unauthorized",
    );
  });
}

test("receive() of artifact-registry fetches Google's keys in workerd", async () => {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const key = { ...await exportJWK(publicKey), kid: "g1", use: "sig", alg: "RS256" };
  await using keys = await serve(() => Response.json({ keys: [key] }));
  const token = await new SignJWT({ email: "push@acme.example", email_verified: true })
    .setProtectedHeader({ alg: "RS256", kid: "g1" })
    .setIssuer("https://accounts.google.com")
    .setAudience("mirror")
    .setExpirationTime("5m")
    .sign(privateKey);
  const answers = ["mirror", "another"].map((audience) =>
    call({
      name: "artifact-registry",
      proof: { kind: "google", audience, emails: ["push@acme.example"] },
      pathSecret: "",
      keysUrl: keys.url,
    }, {
      headers: { authorization: `Bearer ${token}` },
      body: readFixture("artifact_registry"),
    })
  );
  const [right, wrong] = await Promise.all(answers) as { kind?: string; code?: string }[];
  assert.deepEqual([right?.kind, wrong?.code], ["events", "unauthorized"]);
});

test("deliver() signs in workerd so that standardwebhooks verifies it", async () => {
  const received: { headers: Headers; body: string }[] = [];
  await using receiver = await serve(async (request) => {
    received.push({ headers: request.headers, body: await request.text() });
    return new Response(null, { status: 204 });
  });
  const event = toCloudEvent({
    type: "in_step",
    source: "a.example/b:1",
    destination: "c.example/b:1",
    digest: "sha256:0",
  }, { id: "n-3", now: Date.now() });
  await call({ event, url: receiver.url, secret: WHSEC });
  const [one] = received;
  assert.ok(one);
  assert.deepEqual(new Webhook(WHSEC).verify(one.body, Object.fromEntries(one.headers)), event);
});
