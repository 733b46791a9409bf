import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialsFromDockerConfig } from "../../src/auth/docker_config_credentials.ts";
import { ParseError } from "../../src/errors.ts";

const auths = {
  "ghcr.io": { username: "me", password: "hunter2" },
  "ghcr.io/org": { auth: btoa("bot:hunter3") },
};

test("credentialsFromDockerConfig() finds the entry that is nearest to the repository", async () => {
  const sources = credentialsFromDockerConfig(JSON.stringify({ auths }), "THE_CONFIG");
  const lookUp = async (repository: string): Promise<unknown> =>
    await sources.lookup("ghcr.io", repository);
  assert.deepEqual(await lookUp("org/app"), {
    credential: { kind: "basic", username: "bot", password: "hunter3" },
    from: 'THE_CONFIG (auths "ghcr.io/org")',
  });
  assert.deepEqual(await lookUp("other/app"), {
    credential: { kind: "basic", username: "me", password: "hunter2" },
    from: 'THE_CONFIG (auths "ghcr.io")',
  });
  assert.equal(await sources.lookup("quay.io", "org/app"), undefined);
  assert.deepEqual(sources.describe("quay.io"), ["THE_CONFIG: 1 host, not quay.io"]);
});

for (const helpers of [{ credsStore: "pass" }, { credHelpers: { "quay.io": "pass" } }]) {
  test(`credentialsFromDockerConfig() rejects ${Object.keys(helpers)}, which needs a program`, () => {
    assert.throws(
      () => credentialsFromDockerConfig(JSON.stringify({ auths, ...helpers }), "THE_CONFIG"),
      (error) => {
        assert.ok(error instanceof ParseError);
        assert.match(error.message, new RegExp(`THE_CONFIG: ${Object.keys(helpers)} `));
        assert.doesNotMatch(error.message, /hunter/);
        return true;
      },
    );
  });
}
