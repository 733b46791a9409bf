import assert from "node:assert/strict";
import { test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { NetworkError } from "../../../src/errors.ts";
import { createRuntime } from "../../../src/hosts/detect.ts";
import type { Runtime } from "../../../src/runtime.ts";
import type { GoogleKeys } from "../../../src/webhooks/incoming/google_token.ts";
import type { Proof } from "../../../src/webhooks/incoming/proof.ts";
import { receive } from "../../../src/webhooks/incoming/receive.ts";
import type { Received } from "../../../src/webhooks/incoming/sender.ts";
import { serve } from "../../support/serve.ts";
import { digest, readFixture } from "./cases.ts";

const AUDIENCE = "https://mirror.example/hooks/artifact-registry";
const EMAIL = "pubsub-push@acme.iam.gserviceaccount.com";
const PROOF: Proof = { kind: "google", audience: AUDIENCE, emails: ["x@y.example", EMAIL] };
const NOW_S = 1_791_000_000;

const google = await generateKeyPair("RS256");
const stranger = await generateKeyPair("RS256");
const publicKey = { ...await exportJWK(google.publicKey), kid: "g1", use: "sig", alg: "RS256" };
const host = await createRuntime();

function sign(
  claims: Record<string, unknown> = {},
  { key = google.privateKey, kid = "g1" } = {},
): Promise<string> {
  return new SignJWT({
    iss: "https://accounts.google.com",
    aud: AUDIENCE,
    azp: "113774264463038321964",
    sub: "113774264463038321964",
    email: EMAIL,
    email_verified: true,
    iat: NOW_S - 10,
    exp: NOW_S + 3590,
    ...claims,
  }).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" }).sign(key);
}

/** Google, whose keys are on loopback. */
async function startGoogle(
  answer: () => Response = () => Response.json({ keys: [publicKey] }),
): Promise<AsyncDisposable & { asked: string[]; runtime: Pick<Runtime, "fetch" | "now"> }> {
  const asked: string[] = [];
  const server = await serve(answer);
  return {
    asked,
    runtime: {
      now: () => NOW_S * 1000,
      fetch(request): Promise<Response> {
        asked.push(request.url.href);
        return host.fetch({ ...request, url: new URL(server.url) });
      },
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function push(
  token: string | undefined,
  runtime: Pick<Runtime, "fetch" | "now">,
  { fixture = "artifact_registry", googleKeys }: { fixture?: string; googleKeys?: GoogleKeys } = {},
): Promise<Received> {
  const headers = new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` });
  const readBody = (): Promise<Uint8Array<ArrayBuffer>> => Promise.resolve(readFixture(fixture));
  return receive("artifact-registry", { method: "POST", headers, readBody }, {
    proof: PROOF,
    runtime,
    ...(googleKeys ? { googleKeys } : {}),
  });
}

test("receive() of artifact-registry accepts a token that Google signed for the service account", async () => {
  await using server = await startGoogle();
  const received = await push(await sign(), server.runtime);
  assert.deepEqual(received, {
    kind: "events",
    events: [{
      registry: "europe-west3-docker.pkg.dev",
      repository: "acme/images/team/app",
      tag: "1.4.2",
      digest: digest("e"),
      id: "13696934690001",
    }],
  });
  assert.deepEqual(server.asked, ["https://www.googleapis.com/oauth2/v3/certs"]);
});

test("receive() of artifact-registry reads uploads by their digest, and ignores deletions", async () => {
  await using server = await startGoogle();
  const token = await sign();
  const read = async (fixture: string): Promise<Received> =>
    await push(token, server.runtime, { fixture });
  const untagged = await read("artifact_registry_untagged");
  assert.ok(untagged.kind === "events");
  assert.deepEqual(
    untagged.events.map(({ tag, digest: pushed }) => [tag, pushed]),
    [
      [undefined, digest("e")],
    ],
  );
  assert.deepEqual(await read("artifact_registry_delete"), {
    kind: "ignored",
    why: "a deletion",
  });
});

test("receive() of artifact-registry rejects data that is not base64 or not a reference", async () => {
  await using server = await startGoogle();
  const headers = new Headers({ authorization: `Bearer ${await sign()}` });
  const bad = ["%", btoa("{"), btoa("[]"), btoa('{"action":"INSERT","tag":"a b"}')];
  for (const data of bad) {
    const body = new TextEncoder().encode(JSON.stringify({ message: { data, messageId: "1" } }));
    const readBody = (): Promise<typeof body> => Promise.resolve(body);
    const received = receive("artifact-registry", { method: "POST", headers, readBody }, {
      proof: PROOF,
      runtime: server.runtime,
    });
    await assert.rejects(received, { name: "WebhookError", code: "usage" }, data);
  }
});

const REFUSED: readonly [name: string, make: () => Promise<string | undefined>, why: RegExp][] = [
  ["no token", () => Promise.resolve(undefined), /no bearer token/],
  ["text", () => Promise.resolve("x"), /signature is not Google's/],
  ["a stranger's key", () => sign({}, { key: stranger.privateKey }), /signature is not Google's/],
  ["an unknown key", () => sign({}, { kid: "g2" }), /signature is not Google's/],
  ["another audience", () => sign({ aud: "https://else.example" }), /aud is/],
  ["another issuer", () => sign({ iss: "https://accounts.example" }), /iss is/],
  [
    "another service account",
    () => sign({ email: "e@v.il" }),
    /service account is not verified, or not one of/,
  ],
  ["no service account", () => sign({ email: undefined }), /email is/],
  [
    "an unverified address",
    () => sign({ email_verified: false }),
    /service account is not verified, or not one of/,
  ],
  ["a token that expired", () => sign({ exp: NOW_S - 61 }), /expired/],
  ["a token that never expires", () => sign({ exp: undefined }), /exp is/],
];

for (const [name, make, why] of REFUSED) {
  test(`receive() of artifact-registry rejects ${name}`, async () => {
    await using server = await startGoogle();
    const token = await make();
    await assert.rejects(push(token, server.runtime), (error: Error) => {
      assert.equal(error.name, "WebhookError");
      assert.equal("code" in error && error.code, "unauthorized");
      assert.match(error.message, why);
      assert.ok(!token || token.length < 2 || !error.message.includes(token));
      return true;
    });
  });
}

test("receive() of artifact-registry rejects a token with a shared key or without a signature", async () => {
  await using server = await startGoogle();
  const [, payload] = (await sign()).split(".");
  const header = (alg: string): string =>
    btoa(JSON.stringify({ alg, kid: "g1" })).replace(/=/g, "");
  for (const token of [`${header("none")}.${payload}.`, `${header("HS256")}.${payload}.AAAA`]) {
    await assert.rejects(push(token, server.runtime), { code: "unauthorized" });
  }
});

test("receive() of artifact-registry accepts only RS256, with any keys", async () => {
  const { privateKey, publicKey: elliptic } = await generateKeyPair("ES256");
  const key = { ...await exportJWK(elliptic), kid: "e1", use: "sig", alg: "ES256" };
  await using server = await startGoogle(() => Response.json({ keys: [publicKey, key] }));
  const token = await new SignJWT({
    iss: "https://accounts.google.com",
    aud: AUDIENCE,
    email: EMAIL,
    email_verified: true,
    exp: NOW_S + 3590,
  }).setProtectedHeader({ alg: "ES256", kid: "e1" }).sign(privateKey);
  await assert.rejects(push(token, server.runtime), { code: "unauthorized" });
});

test("receive() of artifact-registry bears a minute of difference between the clocks", async () => {
  await using server = await startGoogle();
  const received = await push(await sign({ exp: NOW_S - 59 }), server.runtime);
  assert.equal(received.kind, "events");
});

test("receive() of artifact-registry shares Google's keys as plain data", async () => {
  await using server = await startGoogle();
  const googleKeys: GoogleKeys = {};
  const token = await sign();
  await push(token, server.runtime, { googleKeys });
  await push(token, server.runtime, { googleKeys: JSON.parse(JSON.stringify(googleKeys)) });
  assert.equal(server.asked.length, 1);
  // A key that is not known is no reason to ask again at once.
  const other = await sign({}, { kid: "g2" });
  await assert.rejects(push(other, server.runtime, { googleKeys }), { code: "unauthorized" });
  assert.equal(server.asked.length, 1);
});

const NO_KEYS: readonly [name: string, answer: () => Response][] = [
  ["500", () => new Response("no", { status: 500 })],
  ["a redirect", () => new Response(null, { status: 302, headers: { location: "/" } })],
  ["no JSON", () => new Response("<html>")],
  ["no keys", () => Response.json({})],
  ["no end", () => new Response("x".repeat(300_000))],
];

for (const [name, answer] of NO_KEYS) {
  test(`receive() of artifact-registry does not blame the token when the keys are ${name}`, async () => {
    await using server = await startGoogle(answer);
    await assert.rejects(push(await sign(), server.runtime), {
      name: "CrossdockError",
      code: "registry",
      isTemporary: true,
    });
  });
}

test("receive() of artifact-registry does not blame the token when Google is not there", async () => {
  const gone = new NetworkError("refused", "connect to www.googleapis.com: refused");
  const runtime = { now: (): number => NOW_S * 1000, fetch: () => Promise.reject(gone) };
  await assert.rejects(push(await sign(), runtime), (error) => error === gone);
});
