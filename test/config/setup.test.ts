import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../src/config/parse_config.ts";
import { describeConfig } from "../../src/config/setup.ts";
import type { HookMemory } from "../../src/config/setup.ts";
import { NOTICE_SECRET } from "../support/notices.ts";

const SECRETS = [
  "password-of-ghcr",
  "password-of-quay",
  "secret-of-the-hook",
  "a-token-of-a-caller",
  "a-password/with-a-slash",
];

const CONFIG = `
creds:
- {registry: ghcr.io, user: me, pass: ${SECRETS[0]}}
- {registry: plain.example, tls: disabled}
sync:
- {name: app, type: repository, source: ghcr.io/org/app, target: m.example/app}
webhooks:
  in:
    github: {kind: signature, secrets: [${SECRETS[2]}]}
    quay: {kind: path, secrets: [${SECRETS[2]}]}
  out:
  - {url: "https://chat.example/${SECRETS[2]}", secrets: [${NOTICE_SECRET}]}
`;

function describe(
  variables: Record<string, string> = {},
  memory: HookMemory = new Map(),
): ReturnType<typeof describeConfig> {
  return describeConfig(
    parseConfig({
      CROSSDOCK_TOKENS: JSON.stringify({ ci: SECRETS[3] }),
      CROSSDOCK_REGISTRY_AUTH: JSON.stringify({
        auths: {
          "https://index.docker.io/v1/": { auth: btoa(`me:${SECRETS[1]}`) },
          [`https://me:${SECRETS[1]}@quay.io/org`]: { auth: btoa(`me:${SECRETS[1]}`) },
          [`https://me:${SECRETS[4]}@slash.example/org`]: { auth: btoa(`me:${SECRETS[1]}`) },
          "empty.example": {},
        },
      }),
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: SECRETS[0] ?? "",
      CROSSDOCK_CONFIG: CONFIG,
      ...variables,
    }),
    memory,
  );
}

test("describeConfig() names each registry with a credential, and no secret", () => {
  const setup = describe();
  assert.deepEqual(setup.credentials, [
    { registry: "ghcr.io", from: "CROSSDOCK_CONFIG" },
    { registry: "docker.io", from: "CROSSDOCK_REGISTRY_AUTH" },
    { registry: "quay.io/org", from: "CROSSDOCK_REGISTRY_AUTH" },
    { registry: "slash.example/org", from: "CROSSDOCK_REGISTRY_AUTH" },
    { registry: "*.amazonaws.com", from: "AWS_ACCESS_KEY_ID" },
  ]);
  const text = JSON.stringify(setup);
  const secrets = [...SECRETS, ...SECRETS.flatMap((text) => text.split("/")), NOTICE_SECRET];
  for (const secret of secrets) assert.ok(!text.includes(secret), secret);
  assert.ok(!text.includes(btoa(`me:${SECRETS[1]}`)));
});

test("describeConfig() has the path, the proof and the last requests of each webhook", () => {
  const lastEvent = { at: 1000, state: "accepted" } as const;
  const setup = describe({}, new Map([["quay", { lastEvent }]]));
  assert.deepEqual(setup.hooks, [
    {
      hook: "github",
      path: "hooks/github",
      sender: "github",
      place: "ghcr.io",
      proof: "signature",
    },
    {
      hook: "quay",
      path: "hooks/quay/SECRET",
      sender: "quay",
      place: "quay.io",
      proof: "path",
      lastEvent,
    },
  ]);
  assert.deepEqual(setup.notices.map(({ host }) => host), ["chat.example"]);
});

test("describeConfig() warns about settings that permit more or less than intended", () => {
  const none = { CROSSDOCK_CONFIG: "", CROSSDOCK_TOKENS: "", CROSSDOCK_REGISTRY_AUTH: "" };
  assert.deepEqual(describe(none).warnings, [
    "CROSSDOCK_TOKENS is not set: the server rejects all calls except health checks",
    "CROSSDOCK_ALLOW_SOURCES and CROSSDOCK_ALLOW_DESTINATIONS not set: the server rejects all copies",
  ]);
  assert.match(describe({ CROSSDOCK_OPEN: "true" }).warnings.join(), /CROSSDOCK_OPEN is true/);
  assert.deepEqual(describe().warnings, []);
});
