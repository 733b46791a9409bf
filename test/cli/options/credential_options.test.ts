import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCliOptions } from "../fake_cli.ts";
import { DESTINATION, SOURCE, verification } from "../samples.ts";
import { both, recordingEngine, testRejected, tlsOf } from "./cases.ts";

const basic = { kind: "basic", username: "me", password: "s3:cret" };
const token = { kind: "registry_token", token: "abc.d-e_f=" };
const goodCredentials: [flags: string[], wanted: unknown, from: string, more?: FakeCliOptions][] = [
  [["--src-creds", "me:s3:cret"], basic, "--src-creds"],
  [["--src-creds", "me:"], { ...basic, password: "" }, "--src-creds"],
  [["--src-creds", "<token>:abc"], { kind: "identity_token", token: "abc" }, "--src-creds"],
  [["--src-creds-env", "CREDS"], basic, "--src-creds-env CREDS", { env: { CREDS: "me:s3:cret" } }],
  [["--src-creds-fd", "0"], basic, "--src-creds-fd 0", { descriptors: { 0: "me:s3:cret\n" } }],
  [["--src-creds-fd", "3"], basic, "--src-creds-fd 3", { descriptors: { 3: "me:s3:cret\r\n" } }],
  [["--src-registry-token", "abc.d-e_f="], token, "--src-registry-token"],
  [["--src-registry-token-env", "TOKEN"], token, "--src-registry-token-env TOKEN", {
    env: { TOKEN: "abc.d-e_f=" },
  }],
  [["--src-registry-token-fd", "0"], token, "--src-registry-token-fd 0", {
    descriptors: { 0: "abc.d-e_f=\n" },
  }],
];
for (const [flags, wanted, from, more] of goodCredentials) {
  test(`crossdock copy ${flags.join(" ")} uses the credential only for the source`, async () => {
    const cli = fakeCli({ ...recordingEngine(), ...more });
    const { exitCode, stderr } = await cli.run("copy", ...flags, SOURCE, DESTINATION);
    assert.equal(exitCode, 0, stderr);
    const { source, destination } = cli.engines[0] ?? {};
    const match = await source?.credentials?.lookup("localhost:5000", "app");
    assert.deepEqual(match, { credential: wanted, from });
    assert.equal(await destination?.credentials?.lookup("localhost:5001", "app"), undefined);
  });
}

test("crossdock copy searches Docker's files for credentials, or only --authfile", async () => {
  const config = (user: string): string =>
    JSON.stringify({ auths: { "localhost:5001": { username: user, password: "s3cret" } } });
  const options = {
    ...recordingEngine(),
    files: { "/home/me/.docker/config.json": config("docker"), "/auth.json": config("authfile") },
  };
  for (
    const [flags, user] of [[[], "docker"], [["--authfile", "/auth.json"], "authfile"]] as const
  ) {
    const cli = fakeCli(options);
    await cli.run("copy", ...flags, SOURCE, DESTINATION);
    const match = await cli.engines[0]?.destination?.credentials?.lookup("localhost:5001", "app");
    assert.deepEqual(match?.credential, { kind: "basic", username: user, password: "s3cret" });
  }
});

test("crossdock copy --src-authfile and --dest-authfile replace --authfile for their side", async () => {
  const config = (registry: string, user: string): string =>
    JSON.stringify({ auths: { [registry]: { username: user, password: "s3cret" } } });
  const cli = fakeCli({
    ...recordingEngine(),
    files: {
      "/home/me/.docker/config.json": "[]",
      "/src.json": config("localhost:5000", "puller"),
      "/dest.json": config("localhost:5001", "pusher"),
      "/both.json": config("localhost:5001", "other"),
    },
  });
  const userOf = async (side: "source" | "destination", registry: string): Promise<unknown> => {
    const match = await cli.engines.at(-1)?.[side]?.credentials?.lookup(registry, "app");
    return match && "username" in match.credential ? match.credential.username : undefined;
  };
  const authfiles = ["--src-authfile", "/src.json", "--dest-authfile", "/dest.json"];
  await cli.run("copy", ...authfiles, SOURCE, DESTINATION);
  assert.equal(await userOf("source", "localhost:5000"), "puller");
  assert.equal(await userOf("destination", "localhost:5001"), "pusher");
  await cli.run("copy", "--src-authfile", "/src.json", "--authfile", "/both.json", ...both);
  assert.equal(await userOf("source", "localhost:5000"), "puller");
  assert.equal(await userOf("source", "localhost:5001"), undefined);
  assert.equal(await userOf("destination", "localhost:5001"), "other");
});

test("crossdock copy --src-no-creds reads no file and finds no credential for the source", async () => {
  const auths = {
    "localhost:5000": { username: "docker", password: "s3cret" },
    "localhost:5001": { username: "docker", password: "s3cret" },
  };
  const files = { "/auth.json": JSON.stringify({ auths }), "/home/me/.docker/config.json": "[]" };
  const cli = fakeCli({ ...recordingEngine(), files });
  const flags = ["--src-no-creds", "--authfile", "/auth.json"];
  const { exitCode, stderr } = await cli.run("copy", ...flags, ...both);
  assert.equal(exitCode, 0, stderr);
  const { source, destination } = cli.engines[0] ?? {};
  assert.equal(await source?.credentials?.lookup("localhost:5000", "app"), undefined);
  assert.deepEqual(source?.credentials?.describe(), ["--src-no-creds: anonymous access"]);
  const match = await destination?.credentials?.lookup("localhost:5001", "copy/app");
  assert.equal(match?.from, '--authfile /auth.json (auths "localhost:5001")');
});

test("crossdock tags --no-creds and --registry-token-env set the credential of the only registry", async () => {
  const engine = { tags: async function* (): AsyncIterable<string[]> {} };
  const cli = fakeCli({
    engine,
    env: { TOKEN: "abc" },
    files: { "/home/me/.docker/config.json": "[]" },
  });
  const lookup = async (...flags: string[]): Promise<unknown> => {
    const { exitCode, stderr } = await cli.run("tags", ...flags, "localhost:5000/app");
    assert.equal(exitCode, 0, stderr);
    return await cli.engines.at(-1)?.source?.credentials?.lookup("localhost:5000", "app");
  };
  assert.equal(await lookup("--no-creds"), undefined);
  assert.deepEqual(await lookup("--registry-token-env", "TOKEN"), {
    credential: { kind: "registry_token", token: "abc" },
    from: "--registry-token-env TOKEN",
  });
});

test("crossdock copy, plan and verify use a side's flags only for its registry, and Docker's files for the referrers' registry", async () => {
  const auths = { "signed.io": { username: "docker", password: "s3cret" } };
  const engine = {
    ...recordingEngine().engine,
    verify: () => Promise.resolve(verification),
  };
  const flags = ["--src-tls", "off", "--src-creds", "me:s3:cret"];
  for (const command of ["copy", "plan", "verify"]) {
    const cli = fakeCli({
      engine,
      files: { "/home/me/.docker/config.json": JSON.stringify({ auths }) },
    });
    const other = ["--referrer-source", "signed.io/app"];
    const { stderr } = await cli.run(command, ...flags, ...other, SOURCE, DESTINATION);
    assert.equal(stderr, "");
    const { source } = cli.engines[0] ?? {};
    assert.deepEqual(["localhost:5000", "signed.io"].map((name) => tlsOf(source, name)), [
      "off",
      undefined,
    ]);
    const own = await source?.credentials?.lookup("localhost:5000", "app");
    assert.equal(own?.from, "--src-creds");
    const others = await source?.credentials?.lookup("signed.io", "app");
    assert.deepEqual(others?.credential, { kind: "basic", ...auths["signed.io"] });
    assert.equal(await source?.credentials?.lookup("elsewhere.io", "app"), undefined);
  }
});

test("crossdock copy uses --src-creds for another repository of the same registry, and reads no file", async () => {
  const cli = fakeCli({
    ...recordingEngine(),
    files: { "/home/me/.docker/config.json": "[]" },
  });
  const flags = ["--src-creds", "me:s3:cret", "--dest-creds", "me:s3:cret"];
  const other = ["--referrer-source", "localhost:5000/signed"];
  const { exitCode, stderr } = await cli.run("copy", ...flags, ...other, SOURCE, DESTINATION);
  assert.equal(exitCode, 0, stderr);
  const match = await cli.engines[0]?.source?.credentials?.lookup("localhost:5000", "signed");
  assert.equal(match?.from, "--src-creds");
});

testRejected([
  [
    ["copy", "oci:/tmp/x", "--src-creds", "a:b", DESTINATION],
    /^error: --src-creds has no use for oci:\/tmp\/x, which is not a registry/,
  ],
  [
    ["copy", "--src-creds-env", "NONE", ...both],
    /^error: --src-creds-env NONE: the variable is not set or empty\nhint: .* export NONE=…\n$/,
  ],
  [
    ["copy", "--src-creds-fd", "2", ...both],
    /^error: --src-creds-fd: expected 0 \(stdin\) or a file descriptor from 3/,
  ],
  [["copy", "--src-creds-fd", "x", ...both], /^error: --src-creds-fd: expected 0 /],
  [
    ["copy", "--src-creds-fd", "9", ...both],
    /^error: --src-creds-fd 9: the file descriptor cannot be read/,
  ],
  [
    ["copy", "--src-creds-fd", "0", "--dest-creds-fd", "0", ...both],
    /^error: --src-creds-fd and --dest-creds-fd are both 0/,
    { descriptors: { 0: "a:b" } },
  ],
  [
    ["copy", "--src-creds", "a:b", "--src-creds-env", "A", ...both],
    /^error: --src-creds and --src-creds-env cannot be combined/,
  ],
  [
    ["copy", "--dest-registry-token", "x", "--dest-creds", "a:b", ...both],
    /^error: --dest-creds and --dest-registry-token cannot be combined/,
  ],
  [
    ["copy", "--src-registry-token", "Bearer abc", ...both],
    /^error: --src-registry-token: expected a bearer token, got a whole header\nhint: pass the token alone/,
  ],
  [["copy", "--src-registry-token", "", ...both], /^error: .*got an empty value/],
  [["copy", "--src-registry-token", "a b", ...both], /^error: .*got spaces or other characters/],
  [
    ["copy", "--src-registry-token-env", "NONE", ...both],
    /^error: --src-registry-token-env NONE: the variable is not set or empty/,
  ],
  [
    ["copy", "--src-registry-token-fd", "1", ...both],
    /^error: --src-registry-token-fd: expected 0 \(stdin\) or a file descriptor from 3/,
  ],
  [
    ["copy", "--src-creds-fd", "0", "--dest-registry-token-fd", "0", ...both],
    /^error: --src-creds-fd and --dest-registry-token-fd are both 0/,
    { descriptors: { 0: "a:b" } },
  ],
  [
    ["plan", "--src-no-creds", "--src-creds", "a:b", ...both],
    /^error: --src-creds and --src-no-creds cannot be combined/,
  ],
  [
    ["verify", "--dest-no-creds", "--dest-registry-token", "x", ...both],
    /^error: --dest-registry-token and --dest-no-creds cannot be combined/,
  ],
  [
    ["copy", "--src-no-creds", "--src-authfile", "/x.json", ...both],
    /^error: --src-no-creds and --src-authfile cannot be combined/,
  ],
  [
    ["copy", "--src-no-creds", "--dest-authfile", "/x.json", "--authfile", "/y.json", ...both],
    /^error: --authfile and --src-no-creds and --dest-authfile cannot be combined/,
  ],
  [
    ["copy", "--dest-authfile", "/none.json", ...both],
    /^error: --dest-authfile \/none\.json: file not found/,
  ],
  [
    ["inspect", "--no-creds", "--creds", "a:b", SOURCE],
    /^error: --creds and --no-creds cannot be combined/,
  ],
  [
    ["tags", "--no-creds", "--authfile", "/x.json", "localhost:5000/app"],
    /^error: --authfile and --no-creds cannot be combined/,
  ],
  [
    ["copy", "--src-no-creds", "--dest-registry-token-env", "T", "--via", "https://a.io", ...both],
    /^error: --src-no-creds, --dest-registry-token-env cannot be combined with --via/,
  ],
  [
    ["copy", "--src-no-creds", "oci:x", DESTINATION],
    /^error: --src-no-creds has no use for oci:x, which is not a registry/,
  ],
  [
    ["copy", "--authfile", "/none.json", ...both],
    /^error: --authfile \/none\.json: file not found/,
  ],
  [["copy", "--authfile", "/bad.json", ...both], /^error: --authfile \/bad\.json/],
  [["copy", ...both], /^error: ~\/\.docker\/config\.json/, {
    files: { "/home/me/.docker/config.json": "[]" },
  }],
  [["copy", ...both], /^error: \$DOCKER_AUTH_CONFIG/, { env: { DOCKER_AUTH_CONFIG: "nope" } }],
  [["inspect", "--creds-fd", "1", SOURCE], /^error: --creds-fd: expected 0 \(stdin\)/],
]);
