import { test } from "node:test";
import assert from "node:assert/strict";
import {
  credentialsFromObject,
  describeMiss,
  findLongestKey,
  firstOf,
  noCredentials,
  parseKey,
  showKey,
  staticCredentials,
  toCredential,
} from "../../src/auth/credentials.ts";
import type { Credential, CredentialSources } from "../../src/auth/credentials.ts";

const me: Credential = { kind: "basic", username: "me", password: "s3cret" };

const keys: [key: string, registry: string, path: string[]][] = [
  ["ghcr.io", "ghcr.io", []],
  ["GHCR.io/", "ghcr.io", []],
  ["ghcr.io/org/app", "ghcr.io", ["org", "app"]],
  ["https://ghcr.io/org/", "ghcr.io", ["org"]],
  ["http://localhost:5000", "localhost:5000", []],
  ["[::1]:5000/a", "[::1]:5000", ["a"]],
  ["https://gcr.io/v1/", "gcr.io", []],
  ["https://gcr.io/v2", "gcr.io", []],
  ["gcr.io/v2/", "gcr.io", []],
  ["gcr.io/v2/app", "gcr.io", ["v2", "app"]],
  ["https://index.docker.io/v1/", "docker.io", []],
  ["index.docker.io", "docker.io", []],
  ["registry-1.docker.io", "docker.io", []],
  ["docker.io/library", "docker.io", ["library"]],
  ["", "", []],
];

for (const [key, registry, path] of keys) {
  test(`parseKey() reads ${JSON.stringify(key)}`, () => {
    assert.deepEqual(parseKey(key), { registry, path });
  });
}

const matches: [
  behaviour: string,
  keys: string[],
  registry: string,
  repository: string | undefined,
  want: string | undefined,
][] = [
  ["takes the repository", ["g.io", "g.io/a", "g.io/a/b"], "g.io", "a/b", "g.io/a/b"],
  ["takes the nearest namespace", ["g.io", "g.io/a/b", "g.io/a"], "g.io", "a/c", "g.io/a"],
  ["takes the host when no namespace fits", ["g.io/a", "g.io"], "g.io", "b", "g.io"],
  ["takes only the host without a repository", ["g.io/a", "g.io"], "g.io", undefined, "g.io"],
  ["wants whole components", ["g.io/or"], "g.io", "org/app", undefined],
  ["wants no more than the repository has", ["g.io/a/b/c"], "g.io", "a/b", undefined],
  ["wants the whole host", ["evil-g.io", "g.io.evil", "g.i"], "g.io", "a", undefined],
  ["wants the port", ["localhost:5000", "localhost"], "localhost:5001", "a", undefined],
  ["wants no host from a user part", ["https://g.io@evil.io"], "g.io", "a", undefined],
  ["prefers the plain spelling", ["https://g.io/v1/", "g.io"], "g.io", "a", "g.io"],
  ["else takes the first", ["https://g.io/", "http://g.io"], "g.io", "a", "https://g.io/"],
  [
    "knows Docker Hub by its URL",
    ["https://index.docker.io/v1/"],
    "docker.io",
    "library/a",
    "https://index.docker.io/v1/",
  ],
  ["knows Docker Hub by its endpoint", ["docker.io"], "registry-1.docker.io", "a", "docker.io"],
  ["takes no key that is empty", ["", "https://"], "g.io", "a", undefined],
];

for (const [behaviour, entries, registry, repository, want] of matches) {
  test(`findLongestKey() ${behaviour}`, () => {
    const found = findLongestKey(entries.map((key) => [key, key]), registry, repository);
    assert.equal(found?.value, want);
  });
}

test("toCredential() detects an identity token by its user name", () => {
  assert.deepEqual(toCredential("<token>", "t"), { kind: "identity_token", token: "t" });
  assert.deepEqual(toCredential("me", "s3cret"), me);
});

test("staticCredentials() gives the same for every registry", async () => {
  const sources = staticCredentials(me, "--source-creds");
  const want = { credential: me, from: "--source-creds" };
  assert.deepEqual(await sources.lookup("ghcr.io", undefined), want);
});

test("staticCredentials() shows a credential to one registry alone, where one is named", async () => {
  const credential = { kind: "registry_token", token: "t" } as const;
  const sources = staticCredentials(credential, "--creds", { registry: "a.io" });
  assert.deepEqual(await sources.lookup("a.io", "x"), { credential, from: "--creds" });
  assert.equal(await sources.lookup("b.a.io", "x"), undefined);
  assert.deepEqual(sources.describe(), ["--creds: given for a.io"]);
});

test("noCredentials has nothing to say", async () => {
  assert.equal(await noCredentials.lookup("ghcr.io", "a"), undefined);
  assert.deepEqual(noCredentials.describe(), []);
});

test("firstOf() takes the first match and does not touch the rest", async () => {
  const forbidden: CredentialSources = {
    lookup: () => Promise.reject(new Error("asked")),
    describe: () => ["forbidden"],
  };
  const sources = firstOf(noCredentials, staticCredentials(me, "first"), forbidden);
  assert.equal((await sources.lookup("ghcr.io", "a"))?.from, "first");
  assert.deepEqual(sources.describe("ghcr.io"), ["first: given for every registry", "forbidden"]);
});

test("firstOf() gives nothing if none has it", async () => {
  assert.equal(await firstOf(noCredentials, noCredentials).lookup("ghcr.io", "a"), undefined);
});

test("credentialsFromObject() matches keys as Docker's config does", async () => {
  const token: Credential = { kind: "registry_token", token: "t" };
  const sources = credentialsFromObject({
    "ghcr.io": { username: "me", password: "s3cret" },
    "ghcr.io/org": token,
  });
  const host = { credential: me, from: 'given credentials ("ghcr.io")' };
  assert.deepEqual(await sources.lookup("ghcr.io", "other/app"), host);
  assert.deepEqual((await sources.lookup("ghcr.io", "org/app"))?.credential, token);
  assert.equal(await sources.lookup("quay.io", "org/app"), undefined);
  assert.deepEqual(sources.describe(), ["given credentials: 1 host, not quay.io"]);
});

test("credentialsFromObject() names the key of a value that is no string", () => {
  const record = { "ghcr.io": { username: "me", password: undefined as unknown as string } };
  assert.throws(() => credentialsFromObject(record), {
    name: "TypeError",
    message: 'credentials for "ghcr.io": expected only strings',
  });
});

test("describeMiss() counts hosts", () => {
  assert.equal(describeMiss([], "g.io"), "no hosts");
  assert.equal(describeMiss(["a.io"], "g.io"), "1 host, not g.io");
  assert.equal(describeMiss(["a.io", "b.io", "b.io/x"], "g.io"), "2 hosts, none is g.io");
  assert.equal(describeMiss(["g.io/x"], "g.io", "y"), "has g.io, but nothing for g.io/y");
});

test("showKey() hides a user and password", () => {
  assert.equal(showKey("https://me:s3cret@ghcr.io/a"), '"https://…@ghcr.io/a"');
  assert.equal(showKey("me:s3cret@ghcr.io"), '"…@ghcr.io"');
  assert.equal(showKey("ghcr.io/a"), '"ghcr.io/a"');
});

test("firstOf() passes on the refused credential of the last look-up", async () => {
  const seen: unknown[] = [];
  const source: CredentialSources = {
    lookup(_registry, _repository, options): Promise<undefined> {
      seen.push(options?.refused);
      return Promise.resolve(undefined);
    },
    describe: () => [],
  };
  const refused = { credential: me, from: "here" };
  await firstOf(source, source).lookup("g.io", "a", { refused });
  assert.deepEqual(seen, [refused, refused]);
});
