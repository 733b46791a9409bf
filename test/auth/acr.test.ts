import assert from "node:assert/strict";
import { test } from "node:test";
import { acrCredentials, isAcr } from "../../src/auth/acr.ts";
import type { AcrOptions } from "../../src/auth/acr.ts";
import { putImage } from "../support/image.ts";
import { failureOf, openSide } from "../registry/setup.ts";
import { ENTRA, startAcr, startEntra } from "./acr_server.ts";
import type { EntraServer } from "./acr_server.ts";
import { cloudOptions, HOUR, MINUTE, NOW, TOKENLESS } from "./setup.ts";

const HOSTS: [registry: string, isOurs: boolean][] = [
  ["contoso.azurecr.io", true],
  ["Contoso.azurecr.io", true],
  ["contoso-abc123.azurecr.io", true],
  ["contoso.azurecr.cn", true],
  ["contoso.azurecr.us", true],
  ["azurecr.io", false],
  ["contoso.azurecr.io:443", false],
  ["contoso.azurecr.de", false],
  ["contoso.azurecr.io.evil.example", false],
  ["contoso.westeurope.data.azurecr.io", false],
  ["evilazurecr.io", false],
  ["mcr.microsoft.com", false],
];

for (const [registry, isOurs] of HOSTS) {
  test(`isAcr() is ${isOurs} for ${registry}`, () => {
    assert.equal(isAcr(registry), isOurs);
  });
}

async function optionsFor(
  entra: EntraServer,
  options: Partial<AcrOptions> = {},
): Promise<AcrOptions> {
  const shared = await cloudOptions();
  return { ...ENTRA, ...shared, authorityHost: entra.url, matches: () => true, ...options };
}

test("acrCredentials() gets Entra's token, a refresh token, an access token and the content", async () => {
  await using entra = await startEntra();
  await using acr = await startAcr(entra);
  await putImage(acr.registry, "a/b", { tag: "1" });
  const credentials = acrCredentials(await optionsFor(entra, { now: Date.now }));
  const repository = (await openSide(acr.host, { credentials })).push("a/b");
  assert.ok(await repository.resolveManifest("1"));
  assert.ok(await repository.resolveManifest("1"));
  assert.equal(entra.tokens.length, 1);
  assert.deepEqual(acr.exchanges, [{
    grant_type: "access_token",
    service: acr.host,
    tenant: ENTRA.tenantId,
    access_token: "entra-1",
  }]);
  const [form, ...more] = acr.tokenForms;
  assert.deepEqual(more, []);
  assert.equal(form?.grant_type, "refresh_token");
  assert.equal(form?.service, acr.host);
  assert.equal(form?.scope, "repository:a/b:pull,push");
  assert.equal(form?.refresh_token?.split(".").length, 3);
});

test("acrCredentials() reuses an access token until its own expiry", async () => {
  let nowMs = Date.now();
  const now = (): number => nowMs;
  await using entra = await startEntra();
  await using acr = await startAcr(entra, { now });
  const credentials = acrCredentials(await optionsFor(entra, { now }));
  const repository = (await openSide(acr.host, { credentials, runtime: { now } })).pull("a/b");
  const counts: number[] = [];
  for (const passMs of [0, HOUR, 12 * MINUTE, 2 * MINUTE]) {
    nowMs += passMs;
    acr.registry.advanceClock(passMs);
    await repository.resolveManifest("1");
    counts.push(acr.tokenForms.length);
  }
  assert.deepEqual(counts, [1, 1, 1, 2]);
  assert.equal(acr.registry.count({ status: 401 }), 1);
});

test("acrCredentials() returns an identity token with its own expiry", async () => {
  await using entra = await startEntra();
  await using acr = await startAcr(entra, { now: () => NOW });
  const match = await acrCredentials(await optionsFor(entra)).lookup(acr.host, "a");
  assert.equal(match?.credential.kind, "identity_token");
  assert.equal(match?.expiresAt, NOW + 3 * HOUR);
  assert.equal(match?.from, `AZURE_CLIENT_SECRET (client ${ENTRA.clientId})`);
});

test("acrCredentials() uses the expiry of Entra's token for a refresh token without one", async () => {
  await using entra = await startEntra();
  await using acr = await startAcr(entra, { now: () => NOW, isJwt: false });
  const match = await acrCredentials(await optionsFor(entra)).lookup(acr.host, "a");
  assert.equal(match?.expiresAt, NOW + 3_599_000);
});

test("acrCredentials() sends one request to Entra for all registries, and one to each registry", async () => {
  await using entra = await startEntra();
  await using one = await startAcr(entra);
  await using two = await startAcr(entra);
  const credentials = acrCredentials(await optionsFor(entra, { now: Date.now }));
  const hosts = [one.host, two.host, one.host, two.host, one.host];
  await Promise.all(hosts.map((host) => credentials.lookup(host, "a")));
  assert.equal(entra.tokens.length, 1);
  assert.equal(one.exchanges.length, 1);
  assert.equal(two.exchanges.length, 1);
});

test("acrCredentials() renews the refresh token before it expires, and then Entra's token too", async () => {
  let nowMs = NOW;
  const now = (): number => nowMs;
  await using entra = await startEntra();
  await using acr = await startAcr(entra, { now });
  const credentials = acrCredentials(await optionsFor(entra, { now }));
  const first = await credentials.lookup(acr.host, "a");
  nowMs += 3 * HOUR - 31_000;
  assert.equal(await credentials.lookup(acr.host, "a"), first);
  nowMs += 2000;
  assert.notEqual(await credentials.lookup(acr.host, "a"), first);
  assert.equal(acr.exchanges.length, 2);
  assert.equal(entra.tokens.length, 2);
});

test("acrCredentials() replaces a refresh token that was refused", async () => {
  await using entra = await startEntra();
  await using acr = await startAcr(entra);
  const credentials = acrCredentials(await optionsFor(entra, { now: Date.now }));
  const refused = await credentials.lookup(acr.host, "a");
  assert.notEqual(await credentials.lookup(acr.host, "a", { refused }), refused);
  assert.equal(acr.exchanges.length, 2);
});

test("acrCredentials() reports that Entra refused the secret, and does not show it", async () => {
  await using entra = await startEntra();
  const clientSecret = "wrong~secret";
  const options = await optionsFor(entra, { clientSecret, from: "$SECRET" });
  const error = await failureOf(acrCredentials(options).lookup("contoso.azurecr.io", "a"));
  assert.equal(error.code, "unauthorized");
  assert.equal(
    error.message,
    `get a Microsoft Entra token for contoso.azurecr.io: ${entra.host} answered 401 ` +
      "(invalid_client: AADSTS7000215: Invalid client secret provided.)",
  );
  assert.match(error.hint ?? "", /\$SECRET/);
  assert.doesNotMatch(`${error.message} ${error.hint} ${error.stack}`, /wrong~secret/);
});

test("acrCredentials() reports that the registry refused Entra's token, and does not show it", async () => {
  await using entra = await startEntra();
  await using acr = await startAcr({ ...entra, tokens: [] });
  const error = await failureOf(acrCredentials(await optionsFor(entra)).lookup(acr.host, "a"));
  assert.equal(error.code, "unauthorized");
  assert.equal(
    error.message,
    `get a refresh token for ${acr.host}: ${acr.host} answered 401 (UNAUTHORIZED: authentication required)`,
  );
  assert.match(error.hint ?? "", /AcrPull or AcrPush/);
  assert.doesNotMatch(`${error.message} ${error.hint} ${error.stack}`, /entra-1/);
});

for (const body of TOKENLESS) {
  test(`acrCredentials() rejects ${JSON.stringify(body)} from Entra`, async () => {
    await using entra = await startEntra(() => Response.json(body));
    const credentials = acrCredentials(await optionsFor(entra));
    const error = await failureOf(credentials.lookup("contoso.azurecr.io", "a"));
    assert.equal(error.code, "registry");
    assert.match(error.message, /has no token/);
  });
}

test("acrCredentials() has no credential for other registries and explains it", async () => {
  await using entra = await startEntra();
  const { matches: _, ...options } = await optionsFor(entra);
  const credentials = acrCredentials(options);
  assert.equal(await credentials.lookup("ghcr.io", "a/b"), undefined);
  assert.deepEqual(credentials.describe("ghcr.io"), [
    "AZURE_CLIENT_SECRET: for Azure Container Registry, not for ghcr.io",
  ]);
  assert.equal(entra.tokens.length, 0);
});

for (const authorityHost of ["http://login.example.com", "login.microsoftonline.us", "nonsense"]) {
  test(`acrCredentials() rejects the authority host ${authorityHost}`, async () => {
    await using entra = await startEntra();
    const options = await optionsFor(entra, { authorityHost });
    assert.throws(() => acrCredentials(options), /AZURE_AUTHORITY_HOST: expected an https URL/);
  });
}
