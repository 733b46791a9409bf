import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "../../src/engine.ts";
import { acrCredentials } from "../../src/auth/acr.ts";
import { artifactRegistryCredentials } from "../../src/auth/artifact_registry.ts";
import { createEcrRepository, ecrCredentials } from "../../src/auth/ecr.ts";
import type { EcrOptions } from "../../src/auth/ecr_api.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { ENTRA, startAcr, startEntra } from "../auth/acr_server.ts";
import { AWS_KEY, awsError, startEcrApi } from "../auth/aws_server.ts";
import { keyFile, startGoogle } from "../auth/google_server.ts";

const runtime = await createRuntime();
const common = {
  fetch: (request: Parameters<typeof runtime.fetch>[0]) => runtime.fetch(request),
  now: () => Date.now(),
};

test("copy() pushes to Amazon ECR, and creates the repository there", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry({
    createsRepositories: false,
    auth: { type: "basic", users: { AWS: "p:w" } },
  });
  await using api = await startEcrApi(({ target, input }) => {
    if (target.endsWith(".GetAuthorizationToken")) {
      const expiresAt = Date.now() / 1000 + 12 * 60 * 60;
      const authorizationToken = btoa("AWS:p:w");
      return Response.json({ authorizationData: [{ authorizationToken, expiresAt }] });
    }
    if (target.endsWith(".CreateRepository") && input.registryId === "123456789012") {
      destination.createRepository(`${input.repositoryName}`);
      return Response.json({ repository: {} });
    }
    return awsError("UnknownOperationException", target);
  });
  const options: EcrOptions = {
    ...AWS_KEY,
    ...common,
    registryOf: (registry) =>
      registry === destination.host
        ? {
          service: "ecr",
          region: "eu-west-1",
          account: "123456789012",
          api: new URL(api.url),
        }
        : undefined,
  };
  const engine = createEngine({
    runtime,
    destination: {
      credentials: ecrCredentials(options),
      createRepository: createEcrRepository(options),
    },
  });
  const image = await putImage(source, "app", { tag: "1", layers: 6 });
  const report = await engine.copy({
    source: `${source.host}/app:1`,
    destination: `${destination.host}/mirror/app`,
  });
  assert.equal(report.digest, image.descriptor.digest);
  assert.deepEqual(destination.tags("mirror/app"), ["1"]);
  const operations = api.calls.map(({ target }) => target.split(".")[1]).sort();
  assert.deepEqual(operations, ["CreateRepository", "GetAuthorizationToken"]);
});

test("copy() pushes to Artifact Registry", async () => {
  await using google = await startGoogle(Date.now);
  await using source = await startRegistry();
  await using destination = await startRegistry({
    auth: { type: "bearer", users: { oauth2accesstoken: "ya29.1" } },
  });
  const credentials = artifactRegistryCredentials({
    ...common,
    serviceAccount: keyFile(`${google.url}/token`),
    matches: (registry) => registry === destination.host,
  });
  await putImage(source, "app", { tag: "1", layers: 6 });
  await createEngine({ runtime, destination: { credentials } }).copy({
    source: `${source.host}/app:1`,
    destination: `${destination.host}/project/repository/app`,
  });
  assert.deepEqual(destination.tags("project/repository/app"), ["1"]);
  assert.equal(google.claims.length, 1);
});

test("copy() pulls from one Azure registry and pushes to another", async () => {
  await using entra = await startEntra();
  await using source = await startAcr(entra);
  await using destination = await startAcr(entra);
  const credentials = acrCredentials({
    ...ENTRA,
    ...common,
    authorityHost: entra.url,
    matches: (registry) => [source.host, destination.host].includes(registry),
  });
  await putImage(source.registry, "app", { tag: "1", layers: 6 });
  const side = { credentials };
  await createEngine({ runtime, source: side, destination: side }).copy({
    source: `${source.host}/app:1`,
    destination: `${destination.host}/mirror/app`,
  });
  assert.deepEqual(destination.registry.tags("mirror/app"), ["1"]);
  assert.equal(entra.tokens.length, 1);
  assert.equal(source.exchanges.length, 1);
  assert.equal(destination.exchanges.length, 1);
});
