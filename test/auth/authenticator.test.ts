import assert from "node:assert/strict";
import { test } from "node:test";
import type { CredentialMatch, CredentialSources } from "../../src/auth/credentials.ts";
import { firstOf, noCredentials, staticCredentials } from "../../src/auth/credentials.ts";
import { putImage, randomBytes } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import { describe, failureOf, openSide, requireUpload } from "../registry/setup.ts";

const SECRET = "s3cr:t-pässword";
const users = { ada: SECRET };
const ada = staticCredentials({ kind: "basic", username: "ada", password: SECRET }, "--creds");
const wrong = staticCredentials({ kind: "basic", username: "ada", password: "nope-9" }, "--creds");
const bearer: RegistryOptions = { auth: { type: "bearer", users } };
const TOKEN = { kind: "token" } as const;

function sources(lines: string[]): CredentialSources {
  return { lookup: () => Promise.resolve(undefined), describe: () => lines };
}

test("Authenticator answers Basic once and sends it unasked from then on", async () => {
  await using registry = await startRegistry({ auth: { type: "basic", users } });
  await putImage(registry, "a/b", { tag: "1" });
  const repository = (await openSide(registry.host, { credentials: ada })).pull("a/b");
  assert.ok(await repository.resolveManifest("1"));
  assert.ok(await repository.resolveManifest("1"));
  assert.deepEqual(registry.requests.map((request) => request.status), [401, 200, 200]);
});

for (const tokenField of ["token", "access_token"] as const) {
  test(`Authenticator takes ${tokenField} from a GET of the realm, with the user`, async () => {
    await using registry = await startRegistry({ auth: { type: "bearer", users, tokenField } });
    await putImage(registry, "a/b", { tag: "1" });
    const repository = (await openSide(registry.host, { credentials: ada })).pull("a/b");
    assert.ok(await repository.resolveManifest("1"));
    const [asked] = registry.requests.filter((request) => request.kind === "token");
    assert.equal(asked?.method, "GET");
    assert.equal(asked?.query.get("service"), registry.host);
    assert.deepEqual(asked?.query.getAll("scope"), ["repository:a/b:pull"]);
    assert.equal(asked?.query.get("account"), "ada");
  });
}

test("Authenticator gets an anonymous token without Authorization", async () => {
  await using registry = await startRegistry({
    auth: { type: "bearer", users, anonymousPull: true },
  });
  await putImage(registry, "a/b", { tag: "1" });
  const repository = (await openSide(registry.host)).pull("a/b");
  assert.ok(await repository.resolveManifest("1"));
  const [asked] = registry.requests.filter((request) => request.kind === "token");
  assert.equal(asked?.headers.get("authorization"), null);
});

test("Authenticator exchanges an identity token by POST, out of the URL", async () => {
  await using registry = await startRegistry({
    auth: { type: "bearer", users, identityTokens: { "refresh-1": "ada" } },
  });
  await putImage(registry, "a/b", { tag: "1" });
  const credentials = staticCredentials({ kind: "identity_token", token: "refresh-1" }, "config");
  const repository = (await openSide(registry.host, { credentials })).push("a/b");
  assert.ok(await repository.resolveManifest("1"));
  const [asked] = registry.requests.filter((request) => request.kind === "token");
  assert.equal(asked?.method, "POST");
  assert.equal(asked?.query.toString(), "");
  assert.equal(asked?.headers.get("content-type"), "application/x-www-form-urlencoded");
});

test("Authenticator sends a registry token unchanged and requests no other", async () => {
  let asked = "";
  await using server = await serve((request) => {
    asked = request.headers.get("authorization") ?? "";
    if (asked === "Bearer ready-made") return Response.json({ tags: ["x"] });
    const challenge = `Bearer realm="http://${request.headers.get("host")}/token"`;
    return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
  });
  const credentials = staticCredentials({ kind: "registry_token", token: "ready-made" }, "config");
  const { client, pull } = await openSide(server.host, { credentials });
  assert.deepEqual(await Array.fromAsync(pull("a/b").listTags()), [["x"]]);
  assert.equal(asked, "Bearer ready-made");
  assert.equal((await client.authenticator.findCredential("a/b"))?.from, "config");
});

test("Authenticator gets one token for many requests at once", async () => {
  await using registry = await startRegistry(bearer);
  await putImage(registry, "a/b", { tag: "1" });
  const repository = (await openSide(registry.host, { credentials: ada })).pull("a/b");
  const many = (): Promise<unknown> =>
    Promise.all(Array.from({ length: 16 }, () => repository.resolveManifest("1")));
  await many();
  await many();
  assert.equal(registry.count(TOKEN), 1);
});

test("Authenticator keeps a token a repository", async () => {
  await using registry = await startRegistry(bearer);
  const side = await openSide(registry.host, { credentials: ada });
  for (const name of ["a/b", "a/c", "a/b", "a/c"]) await side.pull(name).resolveManifest("1");
  assert.equal(registry.count(TOKEN), 2);
});

test("Authenticator renews a token before it expires, without a refused request", async () => {
  await using registry = await startRegistry(bearer);
  let nowMs = Date.now();
  const runtime = { now: () => nowMs };
  const side = await openSide(registry.host, { credentials: ada, runtime });
  const repository = side.pull("a/b");
  await repository.resolveManifest("1");
  nowMs += 269_000;
  await repository.resolveManifest("1");
  assert.equal(registry.count(TOKEN), 1, "31 seconds are left");
  nowMs += 2000;
  await Promise.all([repository.resolveManifest("1"), repository.resolveManifest("1")]);
  assert.equal(registry.count(TOKEN), 2, "29 seconds are left");
  assert.equal(registry.count({ status: 401 }), 1);
});

test("Authenticator uses a token of short life for three quarters of it", async () => {
  await using registry = await startRegistry({
    auth: { type: "bearer", users, tokenLifetimeSeconds: 20 },
  });
  let nowMs = Date.now();
  const runtime = { now: () => nowMs };
  const repository = (await openSide(registry.host, { credentials: ada, runtime })).pull("a/b");
  await repository.resolveManifest("1");
  nowMs += 14_000;
  await repository.resolveManifest("1");
  assert.equal(registry.count(TOKEN), 1);
  nowMs += 2000;
  await repository.resolveManifest("1");
  assert.equal(registry.count(TOKEN), 2);
});

test("Authenticator replaces a revoked token by exactly one, however many requests saw it refused", async () => {
  await using registry = await startRegistry(bearer);
  await putImage(registry, "a/b", { tag: "1" });
  const repository = (await openSide(registry.host, { credentials: ada })).pull("a/b");
  await repository.resolveManifest("1");
  registry.revokeTokens();
  const found = await Promise.all(
    Array.from({ length: 16 }, () => repository.resolveManifest("1")),
  );
  assert.ok(found.every((descriptor) => descriptor !== undefined));
  assert.equal(registry.count(TOKEN), 2);
});

for (
  const [kind, auth] of [
    ["Basic", { type: "basic", users }],
    ["Bearer", { type: "bearer", users }],
  ] as const
) {
  test(`Authenticator names the source of a wrong ${kind} password, and never the password`, async () => {
    await using registry = await startRegistry({ auth });
    const { delays, pull } = await openSide(registry.host, { credentials: wrong });
    const error = await failureOf(pull("a/b").resolveManifest("1"));
    assert.equal(error.code, "unauthorized");
    assert.equal(error.side, "source");
    assert.match(`${error.message} ${error.hint}`, /--creds/);
    assert.match(error.hint ?? "", /crossdock auth/);
    const text = `${error.message} ${error.hint} ${error.stack} ${JSON.stringify(error)}`;
    assert.doesNotMatch(text, /nope-9|YWRhOm5vcGUtOQ/);
    assert.deepEqual(delays, []);
  });
}

test("Authenticator lists the sources it searched if no credential was found", async () => {
  await using registry = await startRegistry({ auth: { type: "basic", users } });
  const credentials = firstOf(sources(["config.json: 3 hosts"]), sources(["DOCKER_AUTH: unset"]));
  const { pull } = await openSide(registry.host, { credentials });
  const error = await failureOf(pull("a/b").resolveManifest("1"));
  assert.equal(error.code, "unauthorized");
  assert.match(error.hint ?? "", /config\.json: 3 hosts; DOCKER_AUTH: unset/);
});

test("Authenticator requests access to both repositories of a mount", async () => {
  await using registry = await startRegistry(bearer);
  const { digest, size } = await registry.putBlob("a/from", randomBytes(100, 1));
  const repository = (await openSide(registry.host, { credentials: ada })).push("a/to");
  const start = await repository.beginBlob({ mediaType: "x/y", digest, size }, {
    mountFrom: ["a/from"],
  });
  assert.deepEqual(start, { state: "mounted", from: "a/from" });
  const [asked] = registry.requests.filter((request) => request.kind === "token");
  assert.deepEqual(asked?.query.getAll("scope"), [
    "repository:a/from:pull",
    "repository:a/to:pull,push",
  ]);
});

test("Authenticator requests the wider scope of a mount first, and keeps the narrow token", async () => {
  await using registry = await startRegistry(bearer);
  const { digest, size } = await registry.putBlob("a/from", randomBytes(100, 1));
  const repository = (await openSide(registry.host, { credentials: ada })).push("a/to");
  const descriptor = { mediaType: "x/y", digest, size };
  await repository.hasBlob(descriptor);
  const start = await repository.beginBlob(descriptor, { mountFrom: ["a/from"] });
  assert.equal(start.state, "mounted");
  assert.equal(await repository.hasBlob(descriptor), true);
  assert.equal(registry.count({ kind: "registry", status: 401 }), 1);
  assert.equal(registry.count(TOKEN), 2);
});

for (const status of [400, 401, 403]) {
  test(`Authenticator: a token server that answers ${status} to the wider scope costs the mount only`, async () => {
    await using registry = await startRegistry(bearer);
    registry.fail({ path: "/token", action: { status } });
    const bytes = randomBytes(100, 1);
    await registry.putBlob("a/from", bytes);
    const repository = (await openSide(registry.host, { credentials: ada })).push("a/to");
    const start = await repository.beginBlob(describe(bytes), { mountFrom: ["a/from"] });
    await requireUpload(start).put(bytes);
    assert.ok(registry.hasBlob("a/to", describe(bytes).digest));
  });
}

for (
  const [name, realm] of [
    ["no URL", "token please"],
    ["relative", "/token"],
    ["another scheme", "ftp://127.0.0.1/token"],
    ["with a user", "http://me:pw@127.0.0.1/token"],
  ] as const
) {
  test(`Authenticator rejects a realm that is ${name}`, async () => {
    await using registry = await startRegistry({ auth: { type: "bearer", users, realm } });
    const { pull } = await openSide(registry.host, { credentials: ada });
    const error = await failureOf(pull("a/b").resolveManifest("1"));
    assert.equal(error.code, "registry");
    assert.equal(error.side, "source");
    assert.match(error.message, /realm/);
    assert.equal(registry.count(TOKEN), 0);
  });
}

test("Authenticator sends nothing to a realm in plain HTTP when the registry speaks TLS", async () => {
  const seen: string[] = [];
  const runtime = {
    fetch({ url }: { url: URL }): Promise<Response> {
      seen.push(url.href);
      const challenge = `Bearer realm="http://auth.example.com/token",service="x"`;
      const headers = { "www-authenticate": challenge };
      return Promise.resolve(new Response(null, { status: 401, headers }));
    },
  };
  const options = { credentials: ada, isPlain: false, runtime };
  const { pull } = await openSide("registry.example.com", options);
  const error = await failureOf(pull("a/b").resolveManifest("1"));
  assert.equal(error.code, "denied");
  assert.match(error.message, /is unencrypted/);
  assert.deepEqual(seen, ["https://registry.example.com/v2/a/b/manifests/1"]);
});

test("Authenticator keeps the password on the realm's origin when the realm redirects", async () => {
  const seen: (string | null)[] = [];
  await using elsewhere = await serve((request) => {
    seen.push(request.headers.get("authorization"));
    return Response.json({ token: "t" });
  });
  await using registry = await startRegistry(bearer);
  registry.fail({ path: "/token", times: 9, action: { redirect: `${elsewhere.url}/token` } });
  const { pull } = await openSide(registry.host, { credentials: ada, retries: 0 });
  await failureOf(pull("a/b").resolveManifest("1"));
  assert.deepEqual(seen, [null, null]);
});

for (const status of [302, 303, 307, 308]) {
  test(`Authenticator sends no identity token to the other origin of a ${status}`, async () => {
    let count = 0;
    await using elsewhere = await serve(() => {
      count++;
      return Response.json({ access_token: "t" });
    });
    await using registry = await startRegistry({
      auth: { type: "bearer", users, identityTokens: { "refresh-1": "ada" } },
    });
    registry.fail({
      method: "POST",
      times: 9,
      action: { redirect: `${elsewhere.url}/token`, status },
    });
    const credentials = staticCredentials({ kind: "identity_token", token: "refresh-1" }, "config");
    const { pull } = await openSide(registry.host, { credentials });
    const error = await failureOf(pull("a/b").resolveManifest("1"));
    assert.match(error.message, /redirects a request with a credential/);
    assert.equal(count, 0);
  });
}

const INVALID_TOKEN = (host: string): Record<string, string> => ({
  "www-authenticate":
    `Bearer realm="http://${host}/token",service="${host}",scope="repository:a/b:pull",error="invalid_token"`,
});

test("Authenticator gets one more token if the registry rejects a new one as invalid", async () => {
  await using registry = await startRegistry(bearer);
  await putImage(registry, "a/b", { tag: "1" });
  const headers = INVALID_TOKEN(registry.host);
  registry.fail({ method: "HEAD", times: 2, action: { status: 401, headers } });
  const { pull } = await openSide(registry.host, { credentials: ada });
  assert.ok(await pull("a/b").resolveManifest("1"));
  assert.equal(registry.count(TOKEN), 2);
});

test("Authenticator gets no third token", async () => {
  await using registry = await startRegistry(bearer);
  const headers = INVALID_TOKEN(registry.host);
  registry.fail({ method: "HEAD", times: 99, action: { status: 401, headers } });
  const { pull } = await openSide(registry.host, { credentials: ada });
  const error = await failureOf(pull("a/b").resolveManifest("1"));
  assert.equal(error.code, "unauthorized");
  assert.equal(registry.count(TOKEN), 2);
  assert.equal(registry.count({ method: "HEAD" }), 3);
});

test("Authenticator keeps the password across a redirect within the realm's origin", async () => {
  await using registry = await startRegistry(bearer);
  registry.fail({
    path: "/token",
    action: { redirect: (request) => `/token${new URL(request.url).search}` },
  });
  const { pull } = await openSide(registry.host, { credentials: ada });
  assert.equal(await pull("a/b").resolveManifest("1"), undefined);
  assert.equal(registry.count(TOKEN), 2);
});

test("Authenticator: a token server that is down is tried as often as the retries say, no more", async () => {
  await using registry = await startRegistry(bearer);
  registry.fail({ path: "/token", times: 100, action: { status: 503 } });
  const { delays, pull } = await openSide(registry.host, { credentials: ada, retries: 2 });
  const error = await failureOf(pull("a/b").resolveManifest("1"));
  assert.equal(error.code, "registry");
  assert.equal(registry.count(TOKEN), 3);
  assert.equal(delays.length, 2);
});

test("Authenticator recovers when a token server is available again", async () => {
  await using registry = await startRegistry(bearer);
  registry.fail({ path: "/token", times: 2, action: { status: 503 } });
  const { pull } = await openSide(registry.host, { credentials: ada });
  assert.equal(await pull("a/b").resolveManifest("1"), undefined);
});

for (
  const [name, body] of [
    ["HTML", "<html>log in</html>"],
    ["no token", "{}"],
    ["a token of another type", `{"token":7}`],
    ["a token with a line break", `{"token":"a\\nb"}`],
    ["null", "null"],
  ] as const
) {
  test(`Authenticator rejects a token answer of ${name}`, async () => {
    await using registry = await startRegistry(bearer);
    registry.fail({ path: "/token", times: 9, action: { status: 200, body } });
    const { pull } = await openSide(registry.host, { credentials: ada });
    const error = await failureOf(pull("a/b").resolveManifest("1"));
    assert.equal(error.code, "registry");
    assert.match(error.message, /token server/);
    assert.equal(registry.count(TOKEN), 1);
  });
}

test("Authenticator.explain() without a source says that there is none", async () => {
  const { client } = await openSide("registry.example.com", { credentials: noCredentials });
  assert.equal(
    await client.authenticator.explain("a/b"),
    "no credential given for registry.example.com; pass a credential",
  );
});

test("Authenticator reads a token answer again that was cut", async () => {
  await using registry = await startRegistry(bearer);
  registry.fail({ path: "/token", action: { cutAfterBytes: 5 } });
  const { delays, pull } = await openSide(registry.host, { credentials: ada });
  assert.equal(await pull("a/b").resolveManifest("1"), undefined);
  assert.deepEqual(delays, [250]);
});

test("Authenticator.findCredential() repeats only a failed look-up", async () => {
  let asked = 0;
  const credentials: CredentialSources = {
    lookup(): Promise<undefined> {
      return ++asked === 1 ? Promise.reject(new Error("locked")) : Promise.resolve(undefined);
    },
    describe: () => [],
  };
  const { client } = await openSide("registry.example.com", { credentials });
  await assert.rejects(client.authenticator.findCredential("a/b"), /locked/);
  await client.authenticator.findCredential("a/b");
  await client.authenticator.findCredential("a/b");
  assert.equal(asked, 2);
});

/** Gives a match anew each time it is asked: with this password, for five minutes. */
function expiring(
  passwords: string[],
  now: () => number,
): CredentialSources & { readonly lookups: (CredentialMatch | undefined)[] } {
  const lookups: (CredentialMatch | undefined)[] = [];
  return {
    lookups,
    lookup(_registry, _repository, { refused } = {}): Promise<CredentialMatch> {
      lookups.push(refused);
      const password = passwords[Math.min(lookups.length, passwords.length) - 1] ?? "";
      return Promise.resolve({
        credential: { kind: "basic", username: "ada", password },
        from: "cloud",
        expiresAt: now() + 300_000,
      });
    },
    describe: () => [],
  };
}

for (const type of ["basic", "bearer"] as const) {
  test(`Authenticator renews a credential before it expires (${type})`, async () => {
    await using registry = await startRegistry({ auth: { type, users } });
    let nowMs = Date.now();
    const credentials = expiring([SECRET], () => nowMs);
    const runtime = { now: () => nowMs };
    const repository = (await openSide(registry.host, { credentials, runtime })).pull("a/b");
    await repository.resolveManifest("1");
    nowMs += 269_000;
    await repository.resolveManifest("1");
    assert.equal(credentials.lookups.length, 1);
    nowMs += 2000;
    await Promise.all([repository.resolveManifest("1"), repository.resolveManifest("1")]);
    assert.deepEqual(credentials.lookups, [undefined, undefined]);
  });

  test(`Authenticator renews a revoked credential once (${type})`, async () => {
    const passwords = { ada: "one" };
    await using registry = await startRegistry({ auth: { type, users: passwords } });
    const credentials = expiring(["one", "two"], Date.now);
    const repository = (await openSide(registry.host, { credentials })).pull("a/b");
    await repository.resolveManifest("1");
    passwords.ada = "two";
    registry.revokeTokens();
    await Promise.all(Array.from({ length: 8 }, () => repository.resolveManifest("1")));
    assert.equal(credentials.lookups.length, 2);
    const [first, second] = credentials.lookups;
    assert.equal(first, undefined);
    assert.deepEqual(second?.credential, { kind: "basic", username: "ada", password: "one" });
  });

  test(`Authenticator fails if the renewed credential is refused (${type})`, async () => {
    await using registry = await startRegistry({ auth: { type, users } });
    const credentials = expiring(["wrong-1", "wrong-2", "wrong-3", "wrong-4"], Date.now);
    const { delays, pull } = await openSide(registry.host, { credentials });
    const error = await failureOf(pull("a/b").resolveManifest("1"));
    assert.equal(error.code, "unauthorized");
    assert.ok(credentials.lookups.length <= 2, `${credentials.lookups.length} look-ups`);
    assert.deepEqual(delays, []);
  });
}

test("Authenticator uses the first of several Bearer challenges whose realm is a URL", async () => {
  await using registry = await startRegistry(bearer);
  await putImage(registry, "a/b", { tag: "1" });
  registry.fail({
    path: "/manifests/",
    action: {
      tamper(response): Response {
        const challenge = response.headers.get("www-authenticate");
        const headers = { "www-authenticate": `Bearer realm="Users, all", ${challenge}` };
        return new Response(null, { status: response.status, headers });
      },
    },
  });
  const repository = (await openSide(registry.host, { credentials: ada })).pull("a/b");
  assert.ok(await repository.resolveManifest("1"));
});

test("Authenticator takes realm and scope of the Bearer challenge for the repository", async () => {
  await using registry = await startRegistry(bearer);
  await putImage(registry, "a/b", { tag: "1" });
  registry.fail({
    path: "/manifests/",
    action: {
      tamper(response): Response {
        const challenge = response.headers.get("www-authenticate");
        const other = 'Bearer realm="http://127.0.0.1:9/token", scope="repository:other/x:pull"';
        const headers = { "www-authenticate": `${other}, ${challenge}` };
        return new Response(null, { status: response.status, headers });
      },
    },
  });
  const repository = (await openSide(registry.host, { credentials: ada })).pull("a/b");
  assert.ok(await repository.resolveManifest("1"));
  const request = registry.requests.find(({ kind }) => kind === "token");
  assert.equal(request?.query.getAll("scope").join(), "repository:a/b:pull");
});

for (const challenge of [undefined, 'Digest realm="a", nonce="b,c"']) {
  test(`Authenticator claims no rejected credential after 401 with ${challenge}`, async () => {
    const headers: HeadersInit = challenge === undefined ? {} : { "www-authenticate": challenge };
    await using server = await serve(() => new Response(null, { status: 401, headers }));
    const repository = (await openSide(server.host, { credentials: ada })).pull("a/b");
    const error = await failureOf(repository.fetchManifest("1"));
    assert.equal(error.code, "unauthorized");
    assert.match(error.hint ?? "", /no credential was sent/);
  });
}
