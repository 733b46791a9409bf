import assert from "node:assert/strict";
import { test } from "node:test";
import { dockerCredentials } from "../../src/credentials/docker_credentials.ts";

test("dockerCredentials() finds the credentials that its variables name", async () => {
  const DOCKER_AUTH_CONFIG = JSON.stringify({
    auths: { "a.example": { auth: btoa("me:secret") } },
  });
  const env = { DOCKER_AUTH_CONFIG, DOCKER_CONFIG: "/nonexistent" };
  const credentials = dockerCredentials({ env });
  assert.deepEqual(credentials.describe(), []);
  assert.deepEqual(await credentials.lookup("a.example", "app"), {
    credential: { kind: "basic", username: "me", password: "secret" },
    from: '$DOCKER_AUTH_CONFIG (auths "a.example")',
  });
  assert.equal(await credentials.lookup("b.example", "app"), undefined);
  assert.deepEqual(credentials.describe("b.example"), [
    "$DOCKER_AUTH_CONFIG: 1 host, not b.example",
    "$DOCKER_CONFIG/config.json: not found",
  ]);
});

test("dockerCredentials() reads no variable before the first lookup", async () => {
  const read: string[] = [];
  const env = new Proxy({ DOCKER_CONFIG: "/nonexistent" } as Record<string, string>, {
    get(target, name: string): string | undefined {
      read.push(name);
      return target[name];
    },
  });
  const credentials = dockerCredentials({ env });
  assert.equal(read.length, 0);
  assert.equal(await credentials.lookup("a.example", undefined), undefined);
  assert.ok(read.includes("DOCKER_CONFIG"));
});
