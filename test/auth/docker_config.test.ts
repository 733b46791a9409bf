import { test } from "node:test";
import assert from "node:assert/strict";
import { findAuth, parseDockerConfig } from "../../src/auth/docker_config.ts";
import type { HelperAuth, StoredAuth } from "../../src/auth/docker_config.ts";
import type { Credential } from "../../src/auth/credentials.ts";

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function basic(username: string, password: string): Credential {
  return { kind: "basic", username, password };
}

const entries: [behaviour: string, entry: unknown, want: Credential | undefined][] = [
  ["reads auth", { auth: base64("me:s3cret") }, basic("me", "s3cret")],
  ["keeps colons in a password", { auth: base64("me:a:b:c") }, basic("me", "a:b:c")],
  ["reads UTF-8", { auth: base64("jürgen:pässwörd€") }, basic("jürgen", "pässwörd€")],
  [
    "takes base64 without padding",
    { auth: base64("me:pass1").replace(/=+$/, "") },
    basic("me", "pass1"),
  ],
  ["takes off zero bytes", { auth: base64("me:s3cret\0\0") }, basic("me", "s3cret")],
  ["takes an empty user name", { auth: base64(":s3cret") }, basic("", "s3cret")],
  ["reads username and password", { username: "me", password: "p" }, basic("me", "p")],
  [
    "prefers auth as Docker does",
    { auth: base64("a:b"), username: "c", password: "d" },
    basic("a", "b"),
  ],
  ["reads identitytoken", { identitytoken: "t" }, { kind: "identity_token", token: "t" }],
  ["keeps the user of an identitytoken", { auth: base64("me:"), identitytoken: "t" }, {
    kind: "identity_token",
    token: "t",
    username: "me",
  }],
  ["reads the user <token>", { auth: base64("<token>:t") }, { kind: "identity_token", token: "t" }],
  ["prefers registrytoken", { auth: base64("a:b"), identitytoken: "i", registrytoken: "r" }, {
    kind: "registry_token",
    token: "r",
  }],
  ["takes {} for nothing", {}, undefined],
  ["takes null for nothing", null, undefined],
  ["takes empty strings and null for nothing", { auth: "", identitytoken: null }, undefined],
  ["takes a user without a password for nothing", { auth: base64("me:") }, undefined],
  ["ignores other members", { email: 5, auth: base64("a:b") }, basic("a", "b")],
];

for (const [behaviour, entry, want] of entries) {
  test(`parseDockerConfig() ${behaviour}`, () => {
    const config = parseDockerConfig(JSON.stringify({ auths: { "ghcr.io": entry } }), "f");
    assert.deepEqual(config.auths, [["ghcr.io", want]]);
  });
}

test("parseDockerConfig() reads helpers and ignores the rest", () => {
  const text = `\uFEFF{"credHelpers":{"gcr.io":"gcloud"},"credsStore":"desktop","psFormat":[1]}`;
  assert.deepEqual(parseDockerConfig(text, "f"), {
    from: "f",
    auths: [],
    credHelpers: [["gcr.io", "gcloud"]],
    credsStore: "desktop",
  });
});

test("parseDockerConfig() reads an empty file and null members as an empty config", () => {
  const empty = { from: "f", auths: [], credHelpers: [], credsStore: undefined };
  for (const text of ["", " \n", "{}", '{"auths":null,"credHelpers":null,"credsStore":""}']) {
    assert.deepEqual(parseDockerConfig(text, "f"), empty, JSON.stringify(text));
  }
});

const bad: [text: string, message: string][] = [
  ['{"auths":{"ghcr.io":{"auth":"s3cret" oops}}}', "~/c.json: not JSON"],
  ["s3cret", "~/c.json: not JSON"],
  ['"s3cret"', "~/c.json: expected an object, got a string"],
  ["[]", "~/c.json: expected an object, got an array"],
  ["null", "~/c.json: expected an object, got null"],
  ['{"auths":"s3cret"}', "~/c.json: auths: expected an object, got a string"],
  [
    '{"auths":{"ghcr.io":"s3cret"}}',
    '~/c.json: auths "ghcr.io": expected an object, got a string',
  ],
  [
    '{"auths":{"ghcr.io":{"auth":"s3cret!"}}}',
    '~/c.json: auths "ghcr.io": auth: expected base64 of username:password',
  ],
  [
    `{"auths":{"ghcr.io":{"auth":"${btoa("me:\xff\xfe")}"}}}`,
    '~/c.json: auths "ghcr.io": auth: expected base64 of username:password',
  ],
  [
    `{"auths":{"u:s3cret@ghcr.io":{"auth":"${btoa("s3cret")}"}}}`,
    '~/c.json: auths "…@ghcr.io": auth: expected base64 of username:password, got no colon',
  ],
  [
    '{"auths":{"ghcr.io":{"password":5}}}',
    '~/c.json: auths "ghcr.io": password: expected a string, got a number',
  ],
  [
    '{"credHelpers":{"gcr.io":{}}}',
    '~/c.json: credHelpers "gcr.io": expected a string, got an object',
  ],
  ['{"credsStore":true}', "~/c.json: credsStore: expected a string, got a boolean"],
];

for (const [text, message] of bad) {
  test(`parseDockerConfig() rejects ${text}`, () => {
    assert.throws(
      () => parseDockerConfig(text, "~/c.json"),
      (error: Error & { hint?: string }) => {
        assert.equal(error.name, "ParseError");
        assert.equal(error.message, message);
        assert.equal(error.cause, undefined);
        assert.doesNotMatch(`${error.stack} ${error.hint}`, /s3cret/);
        return true;
      },
    );
  });
}

const ghcr = { key: "ghcr.io", credential: basic("h", "1") };
const org = { key: "ghcr.io/org", credential: basic("o", "2") };
const hub = { key: "https://index.docker.io/v1/", credential: basic("d", "3") };
const auths = {
  [ghcr.key]: { username: "h", password: "1" },
  [org.key]: { username: "o", password: "2" },
  [hub.key]: { username: "d", password: "3" },
};

const found: [
  behaviour: string,
  config: object,
  name: [registry: string, repository: string | undefined],
  want: StoredAuth | HelperAuth | undefined,
][] = [
  ["takes auths without helpers", { auths }, ["ghcr.io", "a"], ghcr],
  ["takes the longest key", { auths }, ["ghcr.io", "org/app"], org],
  ["knows Docker Hub", { auths }, ["docker.io", "library/alpine"], hub],
  ["finds nothing for another host", { auths }, ["quay.io", "a"], undefined],
  ["finds nothing in an empty entry", { auths: { "ghcr.io": {} } }, ["ghcr.io", "a"], undefined],
  ["passes an empty namespace by", { auths: { ...auths, "ghcr.io/org": {} } }, [
    "ghcr.io",
    "org/app",
  ], ghcr],
  ["asks the credsStore for any host", { credsStore: "s" }, ["quay.io", "a"], {
    key: undefined,
    helper: "s",
  }],
  ["asks the credsStore for an empty entry", { auths: { "ghcr.io": {} }, credsStore: "s" }, [
    "ghcr.io",
    "a",
  ], { key: undefined, helper: "s" }],
  ["asks the credsStore before auths for the host", { auths, credsStore: "s" }, ["ghcr.io", "a"], {
    key: undefined,
    helper: "s",
    fallback: ghcr,
  }],
  [
    "asks the host's helper before the credsStore",
    { credHelpers: { "https://ghcr.io/": "h" }, credsStore: "s" },
    ["ghcr.io", "a"],
    { key: "https://ghcr.io/", helper: "h" },
  ],
  ["asks the host's helper before auths", { auths, credHelpers: { "ghcr.io": "h" } }, [
    "ghcr.io",
    "a",
  ], { key: "ghcr.io", helper: "h", fallback: ghcr }],
  [
    "takes a namespace's credential before any helper",
    { auths, credHelpers: { "ghcr.io": "h" }, credsStore: "s" },
    ["ghcr.io", "org/app"],
    org,
  ],
  [
    "asks no other host's helper",
    { credHelpers: { "x-ghcr.io": "h" } },
    ["ghcr.io", "a"],
    undefined,
  ],
  [
    "lets an empty helper turn the credsStore off",
    { auths, credHelpers: { "ghcr.io": "" }, credsStore: "s" },
    ["ghcr.io", "a"],
    ghcr,
  ],
];

for (const [behaviour, config, [registry, repository], want] of found) {
  test(`findAuth() ${behaviour}`, () => {
    const parsed = parseDockerConfig(JSON.stringify(config), "f");
    assert.deepEqual(findAuth(parsed, registry, repository), want);
  });
}
