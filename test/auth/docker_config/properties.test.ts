import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findAuth, parseDockerConfig } from "../../../src/auth/docker_config.ts";
import { textOf, tryParse } from "../../support/property.ts";

const hosts = fc.constantFrom(
  "ghcr.io",
  "https://index.docker.io/v1/",
  "registry.example:5000/team",
  "__proto__",
  "constructor",
  "",
);

const entries = fc.record({
  auth: fc.oneof(fc.string(), fc.base64String(), fc.string().map(btoaOf)),
  username: fc.string(),
  password: fc.string(),
  identitytoken: fc.string(),
  registrytoken: fc.string(),
}, { requiredKeys: [] });

const configs = fc.record({
  auths: fc.dictionary(hosts, fc.oneof(entries, fc.constant(null), fc.jsonValue({ maxDepth: 1 }))),
  credHelpers: fc.dictionary(hosts, fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 1 }))),
  credsStore: fc.oneof(fc.string(), fc.constant(null)),
  HttpHeaders: fc.jsonValue(),
}, { requiredKeys: [] });

function btoaOf(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

test("parseDockerConfig() reads any config or throws a ParseError, and so does findAuth()", () => {
  let parsed = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        configs.map((config) => JSON.stringify(config)),
        fc.jsonValue().map((value) => JSON.stringify(value)),
        textOf('{"auths":{', '"ghcr.io":', "{", "}", '"', ":", ",", "\uFEFF", "null", "auth"),
      ),
      hosts,
      (text, host) => {
        const config = tryParse(() => parseDockerConfig(text, "config.json"));
        if (config === undefined) return;
        parsed++;
        const found = findAuth(config, host, "team/app");
        assert.ok(found === undefined || "credential" in found || found.helper !== "");
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(parsed > 100, `${parsed} configs`);
});

test("parseDockerConfig() returns the user name and the password that `auth` was written from", () => {
  const words = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) =>
    !text.includes("\0")
  );
  const users = words.filter((text) => !text.includes(":") && text !== "<token>");
  fc.assert(
    fc.property(users, words, (username, password) => {
      const auth = btoaOf(`${username}:${password}`);
      const { auths } = parseDockerConfig(JSON.stringify({ auths: { "ghcr.io": { auth } } }), "");
      assert.deepEqual(auths, [["ghcr.io", { kind: "basic", username, password }]]);
    }),
    { numRuns: 1000 },
  );
});

test("parseDockerConfig() never quotes a secret in an error", () => {
  const SECRET = "s3cr3t-of-the-test";
  const broken = fc.constantFrom(
    `{"auths":{"ghcr.io":{"password":["${SECRET}"]}}}`,
    `{"auths":{"ghcr.io":{"auth":"${SECRET}"}}}`,
    `{"auths":{"ghcr.io":{"auth":"${btoa(SECRET)}"}}}`,
    `{"auths":{"ghcr.io":"${SECRET}"}}`,
  );
  fc.assert(
    fc.property(broken, fc.nat(80), fc.nat(3), (text, at, length) => {
      const cut = text.slice(0, at) + text.slice(at + length);
      try {
        parseDockerConfig(cut, "config.json");
      } catch (error) {
        const shown = `${error} ${(error as Error).cause}`;
        for (const part of [SECRET.slice(4), btoa(SECRET).slice(4)]) {
          assert.ok(!shown.includes(part), shown);
        }
      }
    }),
    { numRuns: 2000 },
  );
});
