import assert from "node:assert/strict";
import { test } from "node:test";
import { createRuntime } from "../../../src/hosts/detect.ts";
import type { HttpRequest, Runtime } from "../../../src/runtime.ts";
import { openCloudKeys, openEcrCreation } from "../../../src/cli/options/cloud_keys.ts";
import { ENTRA, startEntra } from "../../auth/acr_server.ts";
import { AWS_KEY, awsError } from "../../auth/aws_server.ts";
import { keyFile, startGoogle } from "../../auth/google_server.ts";
import { putImage } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import { engineCli } from "../engine_cli.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCli, FakeCliOptions } from "../fake_cli.ts";

const ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const AWS = {
  AWS_ACCESS_KEY_ID: AWS_KEY.accessKeyId,
  AWS_SECRET_ACCESS_KEY: AWS_KEY.secretAccessKey,
  AWS_SESSION_TOKEN: AWS_KEY.sessionToken,
};
const AZURE = {
  AZURE_TENANT_ID: ENTRA.tenantId,
  AZURE_CLIENT_ID: ENTRA.clientId,
  AZURE_CLIENT_SECRET: ENTRA.clientSecret,
};

/** Gives the program a network in which some hosts are answered here. Other requests go to the real one. */
function withHosts(
  cli: FakeCli,
  answer: (request: HttpRequest) => Promise<Response | URL | undefined>,
): FakeCli {
  cli.environment.createRuntime = async (): Promise<Runtime> => {
    const runtime = await createRuntime();
    return {
      ...runtime,
      async fetch(request): Promise<Response> {
        const answered = await answer(request);
        if (answered instanceof Response) return answered;
        return await runtime.fetch({ ...request, url: answered ?? request.url, tls: undefined });
      },
    };
  };
  cli.environment.now = () => Date.now();
  return cli;
}

/** Amazon's API and a registry at the host of Amazon ECR. */
function withAmazon(cli: FakeCli, origin: string, operations: string[]): FakeCli {
  return withHosts(cli, ({ url, headers }) => {
    if (url.host === ECR) return Promise.resolve(new URL(`${url.pathname}${url.search}`, origin));
    if (url.host !== "api.ecr.eu-west-1.amazonaws.com") return Promise.resolve(undefined);
    operations.push(headers.get("x-amz-target")?.split(".").at(-1) ?? "");
    assert.match(
      headers.get("authorization") ?? "",
      new RegExp(`Credential=${AWS_KEY.accessKeyId}/`),
    );
    assert.equal(headers.get("x-amz-security-token"), AWS_KEY.sessionToken);
    const authorizationToken = btoa("AWS:p:w");
    return Promise.resolve(Response.json({
      authorizationData: [{ authorizationToken, expiresAt: Date.now() / 1000 + 43_200 }],
    }));
  });
}

test("crossdock tags and auth exchange the keys of AWS for Amazon ECR, and name the variable", async () => {
  await using registry = await startRegistry({ auth: { type: "basic", users: { AWS: "p:w" } } });
  await putImage(registry, "app", { tag: "1" });
  const operations: string[] = [];
  const cli = withAmazon(engineCli({ env: AWS }), `http://${registry.host}`, operations);
  const tags = await cli.run("tags", `${ECR}/app`);
  assert.equal(tags.stdout, "1\n", tags.stderr);
  assert.deepEqual(operations, ["GetAuthorizationToken"]);
  const auth = await cli.run("auth", `${ECR}/app`);
  assert.equal(auth.exitCode, 0);
  assert.match(
    auth.stdout,
    /accepts the credential\ncredential {2}AWS_ACCESS_KEY_ID \(Amazon ECR in/,
  );
  assert.doesNotMatch(tags.stdout + auth.stdout, new RegExp(AWS_KEY.secretAccessKey));
});

for (
  const [flags, options] of [
    [["--creds", "AWS:p:w"], {}],
    [["--authfile", "/auth.json"], { files: { "/auth.json": dockerConfig("AWS", "p:w") } }],
    [[], { files: { "/home/me/.docker/config.json": dockerConfig("AWS", "p:w") } }],
  ] as [string[], FakeCliOptions][]
) {
  const what = flags[0] ?? "Docker's files";
  test(`crossdock tags uses ${what} rather than the keys of AWS`, async () => {
    await using registry = await startRegistry({ auth: { type: "basic", users: { AWS: "p:w" } } });
    await putImage(registry, "app", { tag: "1" });
    const operations: string[] = [];
    const cli = withAmazon(
      engineCli({ env: AWS, ...options }),
      `http://${registry.host}`,
      operations,
    );
    const { exitCode, stderr } = await cli.run("tags", ...flags, `${ECR}/app`);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(operations, []);
  });
}

function dockerConfig(username: string, password: string): string {
  return JSON.stringify({ auths: { [ECR]: { username, password } } });
}

for (const flags of [["--no-creds"], ["--authfile", "/auth.json"]]) {
  test(`crossdock auth ${flags.join(" ")} does not use the keys of AWS`, async () => {
    await using registry = await startRegistry({ auth: { type: "basic", users: { AWS: "p:w" } } });
    const operations: string[] = [];
    const cli = withAmazon(
      engineCli({ env: AWS, files: { "/auth.json": "{}" } }),
      `http://${registry.host}`,
      operations,
    );
    const { exitCode, stdout } = await cli.run("auth", ...flags, ECR);
    assert.equal(exitCode, 3);
    assert.match(stdout, /no credential found/);
    assert.deepEqual(operations, []);
  });
}

test("crossdock auth names the variable of a cloud that is not set", async () => {
  await using registry = await startRegistry({ auth: { type: "basic", users: { AWS: "p:w" } } });
  for (
    const [env, wanted] of [
      [{}, "AWS_ACCESS_KEY_ID: not set"],
      [{ AWS_ACCESS_KEY_ID: "A" }, "AWS_SECRET_ACCESS_KEY: not set"],
    ] as const
  ) {
    const cli = withAmazon(engineCli({ env }), `http://${registry.host}`, []);
    const { exitCode, stdout } = await cli.run("auth", ECR);
    assert.equal(exitCode, 3);
    assert.match(stdout, new RegExp(`^searched {4}${wanted}$`, "m"));
  }
});

test("crossdock tags reads a public repository if Amazon rejects the key, and names the rejection otherwise", async () => {
  const rejecting = (cli: FakeCli, origin: string): FakeCli =>
    withHosts(cli, ({ url }) =>
      Promise.resolve(
        url.host === ECR
          ? new URL(`${url.pathname}${url.search}`, origin)
          : awsError("UnrecognizedClientException", "The security token is invalid."),
      ));
  const realm = `https://${ECR}/token`;
  await using open = await startRegistry({
    auth: { type: "bearer", users: {}, anonymousPull: true, realm },
  });
  await putImage(open, "app", { tag: "1" });
  const anonymous = await rejecting(engineCli({ env: AWS }), open.url).run("tags", `${ECR}/app`);
  assert.equal(anonymous.stdout, "1\n", anonymous.stderr);
  await using closed = await startRegistry({ auth: { type: "basic", users: { AWS: "p:w" } } });
  const { exitCode, stderr } = await rejecting(engineCli({ env: AWS }), closed.url)
    .run("tags", `${ECR}/app`);
  assert.equal(exitCode, 3);
  assert.match(
    stderr,
    /^hint: no credential found for .*; AWS_ACCESS_KEY_ID: get a token for .*UnrecognizedClient/m,
  );
});

test("openCloudKeys() exchanges the key of a service account, as text or as a file", async () => {
  await using google = await startGoogle(Date.now);
  const key = keyFile(`${google.url}/token`);
  const { GOOGLE_SERVICE_ACCOUNT, ...file } = {
    GOOGLE_SERVICE_ACCOUNT: key,
    GOOGLE_APPLICATION_CREDENTIALS: "/key.json",
  };
  for (const env of [{ GOOGLE_SERVICE_ACCOUNT }, file]) {
    const cli = withHosts(
      fakeCli({ env, files: { "/key.json": key } }),
      () => Promise.resolve(undefined),
    );
    const keys = openCloudKeys(cli.environment);
    const match = await keys.lookup("europe-docker.pkg.dev", "p/r/app");
    assert.match(match?.from ?? "", new RegExp(Object.keys(env)[0] ?? ""));
    assert.equal(match?.credential.kind, "basic");
    assert.equal(await keys.lookup("docker.io", "library/alpine"), undefined);
  }
  assert.equal(google.claims.length, 2);
});

const unusable: [files: Record<string, string>, reason: RegExp][] = [
  [{}, /file not found$/],
  [{ "/key.json": '{"type":"authorized_user"}' }, /not the key of a service account$/],
  [{ "/key.json": '{"type":"service_account"}' }, /private_key/],
];
for (const [files, reason] of unusable) {
  test(`openCloudKeys() skips a file of Google: ${reason.source}`, async () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: "/key.json" };
    const keys = openCloudKeys(fakeCli({ env, files }).environment);
    assert.equal(await keys.lookup("gcr.io", "app"), undefined);
    const [unset, line = ""] = keys.describe("gcr.io");
    assert.equal(unset, "GOOGLE_SERVICE_ACCOUNT: not set");
    assert.match(line, /^GOOGLE_APPLICATION_CREDENTIALS \/key\.json: /);
    assert.match(line, reason);
    assert.deepEqual(keys.describe("docker.io"), []);
  });
}

test("openCloudKeys() exchanges the secret of an app registration for Azure", async () => {
  await using entra = await startEntra();
  const env = { ...AZURE, AZURE_AUTHORITY_HOST: entra.url };
  const cli = withHosts(fakeCli({ env }), ({ url }) =>
    Promise.resolve(
      url.href === "https://acme.azurecr.io/oauth2/exchange"
        ? Response.json({ refresh_token: "refresh" })
        : undefined,
    ));
  const match = await openCloudKeys(cli.environment).lookup("acme.azurecr.io", "app");
  assert.deepEqual(match?.credential, { kind: "identity_token", token: "refresh" });
  assert.equal(entra.tokens.length, 1);
});

test("openEcrCreation() creates repositories only if the variable allows it", async () => {
  const variable = { CROSSDOCK_ECR_CREATE_REPOSITORY: "true" };
  for (const env of [AWS, variable, { ...AWS, CROSSDOCK_ECR_CREATE_REPOSITORY: "false" }]) {
    assert.equal(openEcrCreation(fakeCli({ env }).environment), undefined);
  }
  const { environment } = fakeCli({ env: { ...AWS, CROSSDOCK_ECR_CREATE_REPOSITORY: "yes" } });
  assert.throws(
    () => openEcrCreation(environment),
    /REPOSITORY: expected true or false, got "yes"/,
  );
  const targets: string[] = [];
  const cli = withHosts(fakeCli({ env: { ...AWS, ...variable } }), ({ headers }) => {
    targets.push(headers.get("x-amz-target")?.split(".").at(-1) ?? "");
    return Promise.resolve(Response.json({ repository: {} }));
  });
  const create = openEcrCreation(cli.environment);
  assert.equal(await create?.({ registry: ECR, repository: "app" }, {}), true);
  assert.equal(await create?.({ registry: "ghcr.io", repository: "app" }, {}), false);
  assert.deepEqual(targets, ["CreateRepository"]);
});
