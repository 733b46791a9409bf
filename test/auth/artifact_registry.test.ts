import assert from "node:assert/strict";
import { test } from "node:test";
import { exportPKCS8, generateKeyPair } from "jose";
import {
  artifactRegistryCredentials,
  isArtifactRegistry,
} from "../../src/auth/artifact_registry.ts";
import type { ArtifactRegistryOptions } from "../../src/auth/artifact_registry.ts";
import { ParseError } from "../../src/errors.ts";
import { certificate } from "../hosts/certificate.ts";
import { failureOf } from "../registry/setup.ts";
import type { Server } from "../support/serve.ts";
import { EMAIL, keyFile, privateKey, startGoogle } from "./google_server.ts";
import { cloudOptions, NOW, TOKENLESS } from "./setup.ts";

const HOST = "europe-west1-docker.pkg.dev";

const other = await generateKeyPair("RS256", { extractable: true });

const HOSTS: [registry: string, isOurs: boolean][] = [
  [HOST, true],
  ["us-docker.pkg.dev", true],
  ["US-docker.pkg.dev", true],
  ["gcr.io", true],
  ["eu.gcr.io", true],
  ["docker.pkg.dev", false],
  ["us-npm.pkg.dev", false],
  ["us-docker.pkg.dev:443", false],
  ["us-docker.pkg.dev.evil.example", false],
  ["evil.us-docker.pkg.dev", false],
  ["evilgcr.io", false],
  ["a.b.gcr.io", false],
  ["ghcr.io", false],
];

for (const [registry, isOurs] of HOSTS) {
  test(`isArtifactRegistry() is ${isOurs} for ${registry}`, () => {
    assert.equal(isArtifactRegistry(registry), isOurs);
  });
}

async function optionsFor(
  server: Server,
  options: Partial<ArtifactRegistryOptions> = {},
): Promise<ArtifactRegistryOptions> {
  const serviceAccount = keyFile(`${server.url}/token`);
  return { serviceAccount, ...await cloudOptions(), ...options };
}

test("artifactRegistryCredentials() gets a token for a signed assertion", async () => {
  await using server = await startGoogle(() => NOW);
  const match = await artifactRegistryCredentials(await optionsFor(server)).lookup(HOST, "p/r/a");
  const password = "ya29.1";
  assert.deepEqual(match?.credential, { kind: "basic", username: "oauth2accesstoken", password });
  assert.equal(match?.from, `GOOGLE_SERVICE_ACCOUNT (${EMAIL})`);
  assert.equal(match?.expiresAt, NOW + 3_599_000);
  assert.deepEqual(server.claims, [{
    scope: "https://www.googleapis.com/auth/cloud-platform",
    iss: EMAIL,
    aud: `${server.url}/token`,
    iat: NOW / 1000,
    exp: NOW / 1000 + 3600,
    kid: "key-1",
  }]);
});

test("artifactRegistryCredentials() requests one token for all registries and look-ups", async () => {
  await using server = await startGoogle(() => NOW);
  const credentials = artifactRegistryCredentials(await optionsFor(server));
  const hosts = [HOST, "gcr.io", "us-docker.pkg.dev", HOST];
  await Promise.all(hosts.map((host) => credentials.lookup(host, "a")));
  assert.equal(server.claims.length, 1);
});

test("artifactRegistryCredentials() renews the token before it expires, and if it is refused", async () => {
  let nowMs = NOW;
  const now = (): number => nowMs;
  await using server = await startGoogle(now);
  const credentials = artifactRegistryCredentials(await optionsFor(server, { now }));
  const first = await credentials.lookup(HOST, "a");
  nowMs += 3_568_000;
  assert.equal(await credentials.lookup(HOST, "a"), first);
  nowMs += 2000;
  const second = await credentials.lookup(HOST, "a");
  assert.equal(server.claims.length, 2);
  await credentials.lookup(HOST, "a", { refused: second });
  assert.equal(server.claims.length, 3);
});

test("artifactRegistryCredentials() has no credential for other registries and explains it", async () => {
  await using server = await startGoogle(() => NOW);
  const credentials = artifactRegistryCredentials(await optionsFor(server));
  assert.equal(await credentials.lookup("ghcr.io", "a/b"), undefined);
  assert.deepEqual(credentials.describe("ghcr.io"), [
    "GOOGLE_SERVICE_ACCOUNT: for Google Artifact Registry, not for ghcr.io",
  ]);
});

const REFUSED: [name: string, members: () => Promise<Record<string, unknown>>][] = [
  ["key", async () => ({ private_key: await exportPKCS8(other.privateKey) })],
  ["account", () => Promise.resolve({ client_email: "someone@else.example" })],
];

for (const [name, members] of REFUSED) {
  test(`artifactRegistryCredentials() reports that Google refused a wrong ${name}, and does not show the key`, async () => {
    await using server = await startGoogle(() => NOW);
    const serviceAccount = keyFile(`${server.url}/token`, await members());
    const options = await optionsFor(server, { serviceAccount, from: "$KEY" });
    const error = await failureOf(artifactRegistryCredentials(options).lookup(HOST, "a"));
    assert.equal(error.code, "unauthorized");
    assert.match(error.message, /answered 400 \(invalid_grant: Invalid JWT Signature\.\)$/);
    assert.match(error.hint ?? "", /\$KEY.*clock/);
    assertNoKey(error);
  });
}

for (const body of TOKENLESS) {
  test(`artifactRegistryCredentials() rejects an answer of ${JSON.stringify(body)}`, async () => {
    await using server = await startGoogle(() => NOW, () => Response.json(body));
    const credentials = artifactRegistryCredentials(await optionsFor(server));
    const error = await failureOf(credentials.lookup(HOST, "a"));
    assert.equal(error.code, "registry");
    assert.match(error.message, /has no token/);
  });
}

const BAD_KEYS: [name: string, text: string, wanted: RegExp][] = [
  [
    "no JSON",
    `{"private_key": "${privateKey.replaceAll("\n", "\\n")}", oops`,
    /text that is not JSON/,
  ],
  ["a path", "/etc/key.json", /text that is not JSON/],
  ["a list", "[]", /JSON that is not an object/],
  ["null", "null", /JSON that is not an object/],
  ["no type", "{}", /type: expected a non-empty string, but it is missing/],
  ["a user's credential", `{"type":"authorized_user"}`, /type: expected "service_account"/],
  [
    "no email",
    keyFile("https://t.example/", { client_email: undefined }),
    /client_email: expected a non-empty string/,
  ],
  ["a number as email", keyFile("https://t.example/", { client_email: 7 }), /client_email/],
  [
    "no private key",
    keyFile("https://t.example/", { private_key: undefined }),
    /private_key: expected a non-empty string, but it is missing/,
  ],
  [
    "line breaks escaped twice",
    keyFile("https://t.example/", { private_key: privateKey.replaceAll("\n", "\\n") }),
    /private_key: expected PEM/,
  ],
  ...[
    ["a line missing", privateKey.replace(/\n[^-]{40}/, "\n")],
    ["no end", privateKey.slice(0, 400)],
    ["other characters", privateKey.replace(/\n[^-]{40}/, "\n#")],
    ["nothing in it", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"],
    ["an elliptic curve", certificate.key],
  ].map(([name, private_key]): [string, string, RegExp] => [
    `a private key with ${name}`,
    keyFile("https://t.example/", { private_key }),
    /private_key: expected an RSA key in PKCS #8, got a damaged key/,
  ]),
  ["a token URI in the clear", keyFile("http://t.example/"), /token_uri: expected an https URL/],
  ["no token URI", keyFile("", { token_uri: 7 }), /token_uri/],
];

for (const [name, serviceAccount, wanted] of BAD_KEYS) {
  test(`artifactRegistryCredentials() rejects a key with ${name} at once and names the member`, () => {
    const options = { serviceAccount, now: () => NOW, from: "$KEY" };
    const fetch = (): Promise<Response> => Promise.reject(new Error("sent"));
    assert.throws(() => artifactRegistryCredentials({ ...options, fetch }), (error) => {
      assert.ok(error instanceof ParseError);
      assert.match(error.message, /^\$KEY: /);
      assert.match(error.message, wanted);
      assertNoKey(error);
      return true;
    });
  });
}

test("artifactRegistryCredentials() names the damaged member at the first look-up", async () => {
  await using server = await startGoogle(() => NOW);
  // Only Web Crypto notices damage behind the header.
  const damaged = privateKey.replace(/(?<=^-+BEGIN PRIVATE KEY-+\n.{40}).{20}/, "A".repeat(20));
  const serviceAccount = keyFile(`${server.url}/token`, { private_key: damaged });
  const credentials = artifactRegistryCredentials(await optionsFor(server, { serviceAccount }));
  await assert.rejects(credentials.lookup(HOST, "a"), (error) => {
    assert.ok(error instanceof ParseError);
    assert.match(error.message, /^GOOGLE_SERVICE_ACCOUNT: private_key: expected an RSA key/);
    assertNoKey(error);
    return true;
  });
});

function assertNoKey(error: Error & { hint?: string | undefined }): void {
  const text = `${error.message} ${error.hint} ${error.stack} ${error.cause}`;
  for (const line of privateKey.split("\n").filter((line) => line.length > 40)) {
    assert.ok(!text.includes(line.slice(0, 20)), "a part of the key is in the error");
  }
}
