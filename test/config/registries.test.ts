import assert from "node:assert/strict";
import { test } from "node:test";
import { registryConnections, registryCredentials } from "../../src/config/registries.ts";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import type { SyncConfig } from "../../src/config/sync_config.ts";
import type { Credential } from "../../src/auth/credentials.ts";
import { parse } from "../sync/setup.ts";
import { testMistakes, testWarnings } from "./cases.ts";

test("parseSyncConfig() reads creds", () => {
  const { config, warnings } = parse(`
creds:
  - {registry: https://index.docker.io/v1/, user: '{{ env "USER" }}', pass: '{{ env "PASS" }}'}
  - {registry: Quay.io, token: t, user: u}
  - {registry: "localhost:5000", tls: disabled, reqPerSec: 0.5, reqConcurrent: 3, repoAuth: true}
  - {registry: "c.example:443", tls: insecure}
  - {registry: ghcr.io, user: <token>, pass: refresh}
`);
  assert.deepEqual(config.registries, [
    {
      registry: "docker.io",
      credential: { kind: "basic", username: "ann", password: "hunter2" },
    },
    { registry: "quay.io", credential: { kind: "identity_token", token: "t", username: "u" } },
    { registry: "localhost:5000", tls: "off", requestsPerSecond: 0.5, concurrentRequests: 3 },
    { registry: "c.example:443", tls: "unverified" },
    { registry: "ghcr.io", credential: { kind: "identity_token", token: "refresh" } },
  ]);
  assert.deepEqual(warnings, []);
});

test("parseSyncConfig() reads tls in any case, and an empty one as if it were not there", () => {
  const words = ["Enabled", "INSECURE", '"Disabled"', '""'];
  const entries = words.map((tls, i) => `  - {registry: ${i}.example, tls: ${tls}}\n`);
  const { config } = parse(`creds:\n${entries.join("")}`);
  assert.deepEqual(config.registries, [
    { registry: "0.example", tls: "on" },
    { registry: "1.example", tls: "unverified" },
    { registry: "2.example", tls: "off" },
    { registry: "3.example" },
  ]);
});

test("parseSyncConfig() calls a registry by its host where creds give it another name", () => {
  const { config } = parse(`
creds: [{registry: ours.example, hostname: "10.0.0.1:5000", user: a, pass: b}]
sync:
  - {type: image, source: ours.example/app:1, target: b.example/app:1}
  - {type: registry, source: b.example, target: ours.example}
  - {type: registry, source: ours.example, target: b.example/ours}
`);
  assert.equal(config.registries[0]?.registry, "10.0.0.1:5000");
  assert.deepEqual(config.rules.map(({ source, targets }) => [source, ...targets]), [
    ["10.0.0.1:5000/app:1", "b.example/app:1"],
    ["b.example", "10.0.0.1:5000"],
    ["10.0.0.1:5000", "b.example/ours"],
  ]);
});

test("registryCredentials() finds the credential of a registry and names its origin", async () => {
  const { config } = parse(
    "creds: [{registry: a.example, user: u, pass: p}, {registry: b.example}]",
  );
  const sources = registryCredentials(config.registries, "crossdock.yaml");
  assert.deepEqual(await sources.lookup("a.example", "app"), {
    credential: { kind: "basic", username: "u", password: "p" },
    from: 'crossdock.yaml (creds "a.example")',
  });
  assert.equal(await sources.lookup("b.example", "app"), undefined);
  assert.deepEqual(sources.describe(), ["crossdock.yaml: 1 host, not b.example"]);
});

testMistakes([
  [
    "a wrong password, which is not missing for its user",
    "creds: [{registry: a.example, user: u, pass: [p]}]",
    /creds\[0\]\.pass: expected text, got a list/,
  ],
  [
    "an empty name",
    "creds: [{registry: ''}]",
    /creds\[0\]\.registry: is empty/,
  ],
  [
    "a name that is null",
    "creds: [{registry: ~}]",
    /creds\[0\]\.registry: is missing/,
  ],
  [
    "a user without a password",
    "creds: [{registry: a.example, user: u}]",
    /creds\[0\]\.user: pass or token is missing/,
  ],
  [
    "a password without a user",
    "creds: [{registry: a.example, pass: p}]",
    /creds\[0\]\.pass: user is missing/,
  ],
  [
    "another TLS",
    "creds: [{registry: a.example, tls: on}]",
    /creds\[0\]\.tls: expected enabled, insecure or disabled/,
  ],
  [
    "two credentials for one host",
    "creds: [{registry: a.example, user: u, pass: p}, {registry: b.example, hostname: a.example, user: v, pass: p}]",
    /creds\[1\]: there is a credential for a\.example already/,
  ],
  [
    "a lone word for a registry",
    "creds: [{registry: registry}]",
    /creds\[0\]\.registry: .*it is not a registry/,
  ],
  [
    "a credential helper where programs cannot be run",
    "creds: [{registry: a.example, credHelper: docker-credential-x}]",
    /creds\[0\]\.credHelper: this host runs no programs, expected user and pass/,
  ],
  [
    "a mirror that is no registry",
    "creds: [{registry: a.example, mirrors: [cache]}]",
    /creds\[0\]\.mirrors\[0\]: .*it is not a registry/,
  ],
  [
    "a mirror with a tag",
    'creds: [{registry: a.example, mirrors: ["b.example/proxy:1"]}]',
    /creds\[0\]\.mirrors\[0\]: /,
  ],
  [
    "a mirror that is the registry itself",
    "creds: [{registry: a.example, mirrors: [a.example]}]",
    /creds\[0\]\.mirrors\[0\]: is the registry itself/,
  ],
]);

testWarnings([
  [
    "what belongs to a credential helper that is missing",
    "creds: [{registry: a.example, credExpire: 1h}]",
    /creds\[0\]\.credExpire: has no effect without credHelper/,
  ],
  [
    "a certificate that is not PEM",
    "creds: [{registry: a.example, regcert: PEM}]",
    /creds\[0\]\.regcert: ignored: expected PEM, which contains -----BEGIN CERTIFICATE-----/,
  ],
  [
    "a host that stands twice",
    "creds: [{registry: a.example}, {registry: a.example, tls: disabled}]",
    /creds\[1\]: a\.example is in creds already/,
  ],
]);

const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

test("readRegistries() reads certificates, and turns TLS on for them", () => {
  const { config, warnings } = parse(JSON.stringify({
    creds: [
      { registry: "localhost:5000", regcert: PEM + PEM },
      { registry: "a.example", regcert: PEM, tls: "insecure" },
      { registry: "b.example" },
    ],
  }));
  assert.deepEqual(config.registries, [
    { registry: "localhost:5000", tls: "on", caCerts: [PEM, PEM] },
    { registry: "a.example", tls: "unverified", caCerts: [PEM] },
    { registry: "b.example" },
  ]);
  assert.deepEqual(warnings, []);
  const { tls, caCerts } = registryConnections(config.registries);
  assert.deepEqual([tls("localhost:5000"), caCerts("localhost:5000")], ["on", [PEM, PEM]]);
  assert.deepEqual([tls("c.example"), caCerts("c.example")], [undefined, undefined]);
});

const KEY = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----";
const CERT = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
const yaml = (text: string): string => JSON.stringify(text);

test("registryConnections() has the client certificates of creds, and TLS also on loopback", () => {
  const { config, warnings } = parse(
    `creds: [{registry: "localhost:5000", clientCert: ${yaml(CERT)}, clientKey: ${yaml(KEY)}}]`,
  );
  assert.deepEqual(warnings, []);
  const { tls, clientCertificate } = registryConnections(config.registries);
  assert.deepEqual(clientCertificate("localhost:5000"), { cert: `${CERT}\n`, key: `${KEY}\n` });
  assert.equal(clientCertificate("a.example"), undefined);
  assert.equal(tls("localhost:5000"), "on");
});

testMistakes([
  [
    "a client certificate without its key",
    `creds: [{registry: a.io, clientCert: ${yaml(CERT)}}]`,
    /clientCert: clientKey is missing/,
  ],
  [
    "a client key without its certificate",
    `creds: [{registry: a.io, clientKey: ${yaml(KEY)}}]`,
    /clientKey: clientCert is missing/,
  ],
  [
    "a client certificate that is not PEM",
    `creds: [{registry: a.io, clientCert: x, clientKey: ${yaml(KEY)}}]`,
    /clientCert: expected PEM, which contains/,
  ],
  [
    "a client key that is not PEM",
    `creds: [{registry: a.io, clientCert: ${yaml(CERT)}, clientKey: hunter2}]`,
    /clientKey: expected a private key in PEM that is not encrypted/,
  ],
  [
    "a client certificate without TLS",
    `creds: [{registry: a.io, tls: disabled, clientCert: ${yaml(CERT)}, clientKey: ${yaml(KEY)}}]`,
    /clientCert: has no use without TLS/,
  ],
]);

function parseWithHelpers(creds: string): SyncConfig {
  const options = { from: "f", env: {}, now: 0, readFile: () => undefined, allowsHelpers: true };
  return parseSyncConfig(`creds: [${creds}]`, options).config;
}

test("parseSyncConfig() reads the credential helpers of regsync, where programs can be run", () => {
  const { registries } = parseWithHelpers(
    "{registry: a.example, credHelper: docker-credential-ecr-login}, " +
      "{registry: docker.io, credHelper: x.y, credExpire: 12h, credHost: https://index.docker.io/v1/}",
  );
  assert.deepEqual(registries, [
    {
      registry: "a.example",
      helper: { name: "ecr-login", server: "a.example", keepMs: 3_600_000 },
    },
    {
      registry: "docker.io",
      helper: { name: "x.y", server: "https://index.docker.io/v1/", keepMs: 12 * 3_600_000 },
    },
  ]);
});

for (
  const [what, entry, message] of [
    ["a path", "credHelper: /bin/sh", /credHelper: expected the name of a program/],
    ["arguments", 'credHelper: "x get"', /credHelper: expected the name of a program/],
    ["a password as well", "credHelper: x, user: u, pass: p", /user, pass and token exclude it/],
    ["a wrong time", "credHelper: x, credExpire: soon", /credExpire: /],
  ] as const
) {
  test(`parseSyncConfig() refuses a credential helper with ${what}`, () => {
    assert.throws(() => parseWithHelpers(`{registry: a.example, ${entry}}`), message);
  });
}

test("registryCredentials() runs a helper once until its credential expires, and again after a failure", async () => {
  const { registries } = parseWithHelpers("{registry: a.example, credHelper: h, credExpire: 10s}");
  let time = 0;
  const asked: string[] = [];
  const answers = [undefined, "one", new Error("no"), "two"];
  const sources = registryCredentials(registries, "f.yaml", {
    now: () => time,
    runHelper(name, server): Promise<Credential | undefined> {
      asked.push(`${name} ${server}`);
      const answer = answers[asked.length - 1];
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve(
        answer ? { kind: "basic", username: answer, password: "p" } : undefined,
      );
    },
  });
  assert.equal(await sources.lookup("b.example", "app"), undefined);
  assert.equal(await sources.lookup("a.example", "app"), undefined);
  assert.deepEqual(sources.describe("a.example"), [
    "f.yaml: docker-credential-h has no credential for a.example",
  ]);
  time = 10_000;
  const [found] = await Promise.all([1, 2, 3].map(() => sources.lookup("a.example", "app")));
  assert.deepEqual(found?.credential, { kind: "basic", username: "one", password: "p" });
  assert.equal(found?.from, 'f.yaml (creds "a.example": docker-credential-h)');
  time = 20_000;
  await assert.rejects(async () => await sources.lookup("a.example", "app"), /no/);
  assert.ok(await sources.lookup("a.example", "app"));
  assert.deepEqual(asked, Array(4).fill("h a.example"));
});

test("parseSyncConfig() reads mirrors, with a path, and by the names of creds", () => {
  const { config: { registries } } = parse(`
creds:
- { registry: docker.io, mirrors: [cache.example, "harbor.example:8443/hub", named.example] }
- { registry: named.example, hostname: "10.0.0.1:5000" }
`);
  assert.deepEqual(registries[0]?.mirrors, [
    "cache.example",
    "harbor.example:8443/hub",
    "10.0.0.1:5000",
  ]);
});
