import assert from "node:assert/strict";
import { test } from "node:test";
import { createEcrRepository, ecrCredentials } from "../../src/auth/ecr.ts";
import type { EcrOptions } from "../../src/auth/ecr_api.ts";
import { parseEcrRegistry } from "../../src/auth/ecr_registry.ts";
import type { EcrRegistry } from "../../src/auth/ecr_registry.ts";
import { failureOf } from "../registry/setup.ts";
import { AWS_KEY, awsError, startEcrApi } from "./aws_server.ts";
import type { EcrCall, EcrServer } from "./aws_server.ts";
import { cloudOptions, HOUR, NOW } from "./setup.ts";

const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const PUBLIC_HOST = "public.ecr.aws";

const HOSTS: [registry: string, service: string, region: string, api: string][] = [
  [HOST, "ecr", "eu-west-1", "https://api.ecr.eu-west-1.amazonaws.com/"],
  [HOST.toUpperCase(), "ecr", "eu-west-1", "https://api.ecr.eu-west-1.amazonaws.com/"],
  [
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
    "ecr",
    "cn-north-1",
    "https://api.ecr.cn-north-1.amazonaws.com.cn/",
  ],
  [
    "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
    "ecr",
    "us-gov-west-1",
    "https://ecr-fips.us-gov-west-1.amazonaws.com/",
  ],
  [
    "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
    "ecr",
    "eusc-de-east-1",
    "https://api.ecr.eusc-de-east-1.amazonaws.eu/",
  ],
  ["123456789012.dkr-ecr.us-east-2.on.aws", "ecr", "us-east-2", "https://ecr.us-east-2.api.aws/"],
  [
    "123456789012.dkr-ecr-fips.us-east-2.on.aws",
    "ecr",
    "us-east-2",
    "https://ecr-fips.us-east-2.api.aws/",
  ],
  [PUBLIC_HOST, "ecr-public", "us-east-1", "https://api.ecr-public.us-east-1.amazonaws.com/"],
  [
    "ecr-public.aws.com",
    "ecr-public",
    "us-east-1",
    "https://api.ecr-public.us-east-1.amazonaws.com/",
  ],
];

for (const [registry, service, region, api] of HOSTS) {
  test(`parseEcrRegistry() parses ${registry}`, () => {
    const found = parseEcrRegistry(registry);
    assert.equal(found?.service, service);
    assert.equal(found?.region, region);
    assert.equal(found?.api.href, api);
    assert.equal(found?.account, service === "ecr" ? "123456789012" : undefined);
  });
}

const OTHERS = [
  "docker.io",
  "localhost:5000",
  "amazonaws.com",
  "ecr.eu-west-1.amazonaws.com",
  "1234.dkr.ecr.eu-west-1.amazonaws.com",
  "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443",
  "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
  "123456789012.dkr.ecr.evil.example.amazonaws.com",
  "123456789012.dkr.ecr.eu-west-1.on.aws",
  "123456789012.dkr-ecr.eu-west-1.amazonaws.com",
  "evil-123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  "123456789012xdkr.ecr.eu-west-1.amazonaws.com",
  "evil.public.ecr.aws",
];

for (const registry of OTHERS) {
  test(`parseEcrRegistry() of ${registry} is undefined`, () => {
    assert.equal(parseEcrRegistry(registry), undefined);
  });
}

/** Options that send the calls for every region to a server of the test. */
async function optionsFor(
  server: EcrServer,
  options: Partial<EcrOptions> = {},
): Promise<EcrOptions> {
  const endpoint = (): URL => new URL(server.url);
  return { ...AWS_KEY, ...await cloudOptions(), endpoint, ...options };
}

/** A new password at each call, for twelve hours. */
function giveTokens(now: () => number = () => NOW): (call: EcrCall) => Response {
  let given = 0;
  return ({ target }) => {
    const authorizationToken = btoa(`AWS:password-${++given}:x`);
    const entry = { authorizationToken, expiresAt: (now() + 12 * HOUR) / 1000 };
    const isPublic = target.startsWith("Spencer");
    return Response.json({ authorizationData: isPublic ? entry : [entry] });
  };
}

for (
  const [host, target, scope] of [
    [
      HOST,
      "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
      "20250101/eu-west-1/ecr/aws4_request",
    ],
    [
      PUBLIC_HOST,
      "SpencerFrontendService.GetAuthorizationToken",
      "20250101/us-east-1/ecr-public/aws4_request",
    ],
  ] as const
) {
  test(`ecrCredentials() gets a password for ${host} by a signed call`, async () => {
    await using server = await startEcrApi(giveTokens(), { now: () => NOW });
    const match = await ecrCredentials(await optionsFor(server)).lookup(host, "a/b");
    assert.deepEqual(match?.credential, {
      kind: "basic",
      username: "AWS",
      password: "password-1:x",
    });
    assert.equal(match?.expiresAt, NOW + 12 * HOUR);
    assert.deepEqual(server.calls, [{ target, scope, input: {} }]);
  });
}

test("ecrCredentials() signs without a session token if there is none", async () => {
  await using server = await startEcrApi(giveTokens(), { now: () => NOW, sessionToken: null });
  const { sessionToken: _, ...options } = await optionsFor(server);
  const refused = await failureOf(ecrCredentials(await optionsFor(server)).lookup(HOST, "a"));
  assert.match(refused.message, /400/);
  assert.ok(await ecrCredentials(options).lookup(HOST, "a"));
});

test("ecrCredentials() sends one request per region for concurrent look-ups", async () => {
  await using server = await startEcrApi(giveTokens(), { now: () => NOW });
  const endpoint = (region: string): URL => new URL(`${server.url}/${region}/`);
  const credentials = ecrCredentials(await optionsFor(server, { endpoint }));
  const other = "999999999999.dkr.ecr.eu-west-1.amazonaws.com";
  const names = Array.from({ length: 16 }, (_, i) => [i % 2 ? HOST : other, `app-${i}`] as const);
  await Promise.all(names.map(([host, name]) => credentials.lookup(host, name)));
  assert.equal(server.calls.length, 1);
  await credentials.lookup("123456789012.dkr.ecr.us-east-1.amazonaws.com", "a");
  assert.equal(server.calls.length, 2);
});

test("ecrCredentials() renews the password before it expires", async () => {
  let nowMs = NOW;
  const now = (): number => nowMs;
  await using server = await startEcrApi(giveTokens(now), { now });
  const credentials = ecrCredentials(await optionsFor(server, { now }));
  const first = await credentials.lookup(HOST, "a");
  nowMs += 12 * HOUR - 31_000;
  assert.equal(await credentials.lookup(HOST, "a"), first);
  nowMs += 2000;
  assert.notEqual(await credentials.lookup(HOST, "a"), first);
  assert.equal(server.calls.length, 2);
});

test("ecrCredentials() replaces a password that was refused, once", async () => {
  await using server = await startEcrApi(giveTokens(), { now: () => NOW });
  const credentials = ecrCredentials(await optionsFor(server));
  const refused = await credentials.lookup(HOST, "a");
  const again = await Promise.all([1, 2, 3].map(() => credentials.lookup(HOST, "a", { refused })));
  assert.equal(server.calls.length, 2);
  assert.ok(again.every((match) => match !== refused && match === again[0]));
});

test("ecrCredentials() does not keep a failure", async () => {
  const give = giveTokens();
  let calls = 0;
  await using server = await startEcrApi(
    (call) => ++calls === 1 ? awsError("ServerException", "try later", 500) : give(call),
    { now: () => NOW },
  );
  const credentials = ecrCredentials(await optionsFor(server));
  const error = await failureOf(credentials.lookup(HOST, "a"));
  assert.equal(error.code, "registry");
  assert.equal(error.isTemporary, true);
  assert.equal(calls, 1, "it is the registry's request that is tried again");
  assert.ok(await credentials.lookup(HOST, "a"));
});

test("ecrCredentials() has no credential for other registries and explains it", async () => {
  await using server = await startEcrApi(giveTokens(), { now: () => NOW });
  const credentials = ecrCredentials(await optionsFor(server));
  assert.equal(await credentials.lookup("ghcr.io", "a/b"), undefined);
  assert.deepEqual(credentials.describe("ghcr.io"), [
    "AWS_ACCESS_KEY_ID: for Amazon ECR, not for ghcr.io",
  ]);
  assert.deepEqual(credentials.describe(HOST), ["AWS_ACCESS_KEY_ID: for Amazon ECR"]);
  assert.deepEqual(server.calls, []);
});

const WRONG_KEYS: [name: string, key: Partial<EcrOptions>, wanted: RegExp][] = [
  ["key", { accessKeyId: "AKIDWRONG" }, /UnrecognizedClientException/],
  ["secret", { secretAccessKey: "not-the-secret" }, /InvalidSignatureException/],
  ["session token", { sessionToken: "stale/session" }, /UnrecognizedClientException/],
  ["clock", { now: () => NOW - 6 * 60_000 }, /InvalidSignatureException/],
];

for (const [name, key, wanted] of WRONG_KEYS) {
  test(`ecrCredentials() names the key that was refused for a wrong ${name}, and shows no secret`, async () => {
    await using server = await startEcrApi(giveTokens(), { now: () => NOW });
    const options = await optionsFor(server, { from: "$MY_KEY", ...key });
    const error = await failureOf(ecrCredentials(options).lookup(HOST, "a"));
    assert.equal(error.code, "unauthorized");
    assert.match(error.message, wanted);
    assert.ok(error.message.startsWith(`get a token for ${HOST}: ${server.host} answered 400`));
    assert.match(error.hint ?? "", /\$MY_KEY.*clock/);
    assertNoSecret(error, options);
  });
}

const REFUSALS: [name: string, message: string, code: string, shown: RegExp, hint: RegExp][] = [
  [
    "AccessDeniedException",
    "User: arn:aws:iam::1:user/x is not authorized to perform: ecr:GetAuthorizationToken",
    "denied",
    /user\/x is not authorized/,
    /the permission ecr:GetAuthorizationToken/,
  ],
  ["ExpiredTokenException", "expired", "unauthorized", /ExpiredTokenException\)/, /has expired/],
  // Amazon quotes the canonical request here, and with it the session token.
  [
    "InvalidSignatureException",
    `should have been 'POST x-amz-security-token:${AWS_KEY.sessionToken}'`,
    "unauthorized",
    /\(InvalidSignatureException\)$/,
    /clock/,
  ],
  [
    "AccessDeniedException",
    `you sent ${AWS_KEY.sessionToken}`,
    "denied",
    /\(AccessDeniedException\)$/,
    /permission/,
  ],
  ["ThrottlingException", "slow down", "rate_limited", /ThrottlingException/, /^$/],
];

for (const [name, message, code, shown, hint] of REFUSALS) {
  test(`ecrCredentials() explains ${name}: ${message.slice(0, 20)}`, async () => {
    await using server = await startEcrApi(() => awsError(name, message), { now: () => NOW });
    const options = await optionsFor(server);
    const error = await failureOf(ecrCredentials(options).lookup(HOST, "a"));
    assert.equal(error.code, code);
    assert.match(error.message, shown);
    assert.match(error.hint ?? "", hint);
    assert.equal(error.isTemporary, code === "rate_limited");
    assertNoSecret(error, options);
  });
}

test("ecrCredentials() leaves the public registry anonymous without the right to it", async () => {
  await using server = await startEcrApi(() => awsError("AccessDeniedException", "not you"), {
    now: () => NOW,
  });
  const credentials = ecrCredentials(await optionsFor(server));
  for (let i = 0; i < 2; i++) assert.equal(await credentials.lookup(PUBLIC_HOST, "a/b"), undefined);
  assert.equal(server.calls.length, 1);
  assert.deepEqual(credentials.describe(PUBLIC_HOST), [
    `AWS_ACCESS_KEY_ID: for Amazon ECR, without permission for ${PUBLIC_HOST}`,
  ]);
});

const NO_TOKENS: [name: string, answer: () => Response, code: string][] = [
  ["no data", () => Response.json({}), "registry"],
  ["an empty list", () => Response.json({ authorizationData: [] }), "registry"],
  [
    "no base64",
    () => Response.json({ authorizationData: [{ authorizationToken: "%" }] }),
    "registry",
  ],
  [
    "no colon",
    () => Response.json({ authorizationData: [{ authorizationToken: btoa("AWS") }] }),
    "registry",
  ],
  ["HTML", () => new Response("<html>"), "registry"],
  ["a redirect", () => new Response(null, { status: 302, headers: { location: "/" } }), "registry"],
  ["2 MiB", () => new Response(new Uint8Array(2 * 1024 * 1024)), "limit"],
];

for (const [name, answer, code] of NO_TOKENS) {
  test(`ecrCredentials() rejects an answer with ${name}`, async () => {
    await using server = await startEcrApi(answer, { now: () => NOW });
    const error = await failureOf(ecrCredentials(await optionsFor(server)).lookup(HOST, "a"));
    assert.equal(error.code, code);
  });
}

test("ecrCredentials() defaults the lifetime to twelve hours", async () => {
  const authorizationData = [{ authorizationToken: btoa("AWS:x") }];
  await using server = await startEcrApi(() => Response.json({ authorizationData }), {
    now: () => NOW,
  });
  const match = await ecrCredentials(await optionsFor(server)).lookup(HOST, "a");
  assert.equal(match?.expiresAt, NOW + 12 * HOUR);
});

test("createEcrRepository() creates a repository in the account whose registry it is", async () => {
  await using server = await startEcrApi(() => Response.json({ repository: {} }), {
    now: () => NOW,
  });
  const create = createEcrRepository(await optionsFor(server));
  assert.equal(await create({ registry: HOST, repository: "mirror/app" }), true);
  assert.deepEqual(server.calls, [{
    target: "AmazonEC2ContainerRegistry_V20150921.CreateRepository",
    scope: "20250101/eu-west-1/ecr/aws4_request",
    input: { registryId: "123456789012", repositoryName: "mirror/app" },
  }]);
});

test("createEcrRepository() resolves to true for an existing repository", async () => {
  await using server = await startEcrApi(
    () => awsError("RepositoryAlreadyExistsException", "already exists in the registry"),
    { now: () => NOW },
  );
  const create = createEcrRepository(await optionsFor(server));
  assert.equal(await create({ registry: HOST, repository: "a" }), true);
});

for (const registry of [PUBLIC_HOST, "ghcr.io"]) {
  test(`createEcrRepository() creates nothing in ${registry}`, async () => {
    await using server = await startEcrApi(() => Response.json({}), { now: () => NOW });
    const create = createEcrRepository(await optionsFor(server));
    assert.equal(await create({ registry, repository: "alias/app" }), false);
    assert.deepEqual(server.calls, []);
  });
}

test("createEcrRepository() names the right that is missing", async () => {
  await using server = await startEcrApi(
    () => awsError("AccessDeniedException", "not authorized to perform: ecr:CreateRepository"),
    { now: () => NOW },
  );
  const create = createEcrRepository(await optionsFor(server));
  const error = await failureOf(create({ registry: HOST, repository: "a/b" }));
  assert.equal(error.code, "denied");
  assert.match(error.message, new RegExp(`^create repository ${HOST}/a/b: .*not authorized`));
  assert.match(error.hint ?? "", /AWS_ACCESS_KEY_ID.*ecr:CreateRepository/);
});

test("createEcrRepository() ends with the signal", async () => {
  await using server = await startEcrApi(() => Response.json({}), { now: () => NOW });
  const create = createEcrRepository(await optionsFor(server));
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(create({ registry: HOST, repository: "a" }, { signal }), /enough/);
});

test("ecrCredentials() works for a registry with a custom domain", async () => {
  await using server = await startEcrApi(giveTokens(), { now: () => NOW });
  const own: EcrRegistry = {
    service: "ecr",
    region: "eu-west-1",
    account: "123456789012",
    api: new URL(server.url),
  };
  const registryOf = (registry: string): EcrRegistry | undefined =>
    registry === "images.example.com" ? own : undefined;
  const { endpoint: _, ...options } = await optionsFor(server, { registryOf });
  assert.ok(await ecrCredentials(options).lookup("images.example.com", "a"));
  assert.equal(await ecrCredentials(options).lookup(HOST, "a"), undefined);
});

function assertNoSecret(error: Error & { hint?: string | undefined }, options: EcrOptions): void {
  const text = `${error.message} ${error.hint} ${error.stack} ${JSON.stringify(error)}`;
  for (const key of [options, AWS_KEY]) {
    for (const secret of [key.accessKeyId, key.secretAccessKey, key.sessionToken]) {
      assert.ok(!secret || !text.includes(secret), "a secret is in the error");
    }
  }
}
