import assert from "node:assert/strict";
import { test } from "node:test";
import { createRuntime } from "../../src/hosts/detect.ts";
import type { HttpRequest, Runtime } from "../../src/runtime.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import { openCredentials } from "../../src/server/credentials.ts";

const ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const AWS = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "hush" };

/** A runtime that answers as Amazon's API does and counts the questions. */
async function amazon(): Promise<{ runtime: Runtime; asked: HttpRequest[] }> {
  const asked: HttpRequest[] = [];
  const runtime: Runtime = {
    ...await createRuntime(),
    fetch(request): Promise<Response> {
      asked.push(request);
      const authorizationToken = btoa("AWS:for-twelve-hours");
      const expiresAt = (Date.now() + 12 * 3600 * 1000) / 1000;
      return Promise.resolve(Response.json({
        authorizationData: [{ authorizationToken, expiresAt }],
      }));
    },
  };
  return { runtime, asked };
}

test("openCredentials() of nothing finds nothing", async () => {
  const { credentials, createRepository } = openCredentials(
    parseConfig({}),
    await createRuntime(),
    new Map(),
  );
  assert.equal(await credentials.lookup("docker.io", "library/alpine"), undefined);
  assert.equal(createRepository, undefined);
});

test("openCredentials() sends one request to the cloud for all that share its memory", async () => {
  const { runtime, asked } = await amazon();
  const memory = new Map();
  for (const repository of ["a", "b"]) {
    const { credentials } = openCredentials(parseConfig(AWS), runtime, memory);
    const match = await credentials.lookup(ECR, repository);
    assert.deepEqual(match?.credential, {
      kind: "basic",
      username: "AWS",
      password: "for-twelve-hours",
    });
  }
  assert.equal(asked.length, 1);
});

test("openCredentials() takes the docker config before a cloud's key", async () => {
  const { runtime, asked } = await amazon();
  const config = parseConfig({
    ...AWS,
    CROSSDOCK_REGISTRY_AUTH: JSON.stringify({
      auths: { [ECR]: { username: "me", password: "hunter2" } },
    }),
  });
  const { credentials } = openCredentials(config, runtime, new Map());
  assert.match((await credentials.lookup(ECR, "a"))?.from ?? "", /CROSSDOCK_REGISTRY_AUTH/);
  assert.equal(asked.length, 0);
});

test("openCredentials() creates repositories where that is asked for", async () => {
  const { runtime, asked } = await amazon();
  const variables = { ...AWS, CROSSDOCK_ECR_CREATE_REPOSITORY: "true" };
  const { createRepository } = openCredentials(parseConfig(variables), runtime, new Map());
  assert.equal(await createRepository?.({ registry: ECR, repository: "new" }, {}), true);
  assert.match(asked[0]?.headers.get("x-amz-target") ?? "", /CreateRepository/);
  const without = openCredentials(parseConfig(AWS), runtime, new Map());
  assert.equal(without.createRepository, undefined);
});

test("openCredentials() names the variable of a credential that cannot be used", async () => {
  const runtime = await createRuntime();
  const wrong: Record<string, string> = {
    CROSSDOCK_REGISTRY_AUTH: '{"auths":{"ghcr.io":{"auth":"hunter2"}}}',
    GOOGLE_SERVICE_ACCOUNT: JSON.stringify({ type: "hunter2" }),
  };
  for (const [name, value] of Object.entries(wrong)) {
    assert.throws(
      () => openCredentials(parseConfig({ [name]: value }), runtime, new Map()),
      (error: Error) => {
        assert.match(error.message, new RegExp(name));
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  }
});
