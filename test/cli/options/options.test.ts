import { test } from "node:test";
import assert from "node:assert/strict";
import type { Plan, Report, Verification } from "../../../src/copy/model.ts";
import { toCopyRequestInput } from "../../../src/copy/request.ts";
import type { CopyRequestInput } from "../../../src/copy/request.ts";
import type { Engine } from "../../../src/engine.ts";
import type { SideOptions, TlsMode } from "../../../src/sides.ts";
import { localPlatform } from "../../../src/cli/options/parse_option.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCliOptions } from "../fake_cli.ts";
import { DESTINATION, plan, report, SOURCE, verification } from "../samples.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN EC PRIVATE KEY-----\nMIGH\n-----END EC PRIVATE KEY-----\n";
const LOCKED =
  "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n-----END RSA PRIVATE KEY-----\n";
const files = {
  "/ca.pem": `# ours\n${PEM}# theirs\n${PEM}`,
  "/not.pem": "no",
  "/bad.json": "{",
  "/key.pem": KEY,
  "/both.pem": `${PEM}${KEY}`,
  "/locked.pem": LOCKED,
  "/certs/ours.crt": PEM,
  "/certs/me.cert": PEM,
  "/certs/me.key": KEY,
  "/lone/me.cert": PEM,
  "/two/a.cert": PEM,
  "/two/b.cert": PEM,
  "/none/readme": "",
};

/** An engine that keeps what it is asked to copy or plan. */
function recordingEngine(): { engine: Partial<Engine>; requests: CopyRequestInput[] } {
  const requests: CopyRequestInput[] = [];
  return {
    requests,
    engine: {
      copy(request): Promise<Report> {
        requests.push(toCopyRequestInput(request));
        return Promise.resolve(report);
      },
      plan(request): Promise<Plan> {
        requests.push(toCopyRequestInput(request));
        return Promise.resolve(plan);
      },
    },
  };
}

const goodRequests: [flags: string[], wanted: Partial<CopyRequestInput>][] = [
  [[], {}],
  [["--platform", "linux/amd64", "--platform", "linux/arm/v7"], {
    platforms: ["linux/amd64", "linux/arm/v7"],
  }],
  [["--platform", "linux/amd64, linux/arm64", "--platform=arm64"], {
    platforms: ["linux/amd64", "linux/arm64"],
  }],
  [["--platform=x86_64,arm/v7,S390X"], {
    platforms: ["linux/x86_64", "linux/arm/v7", "linux/S390X"],
  }],
  [["--platform=local"], { platforms: [localPlatform()] }],
  [["--platform=windows/amd64:10.0.17763"], { platforms: ["windows/amd64:10.0.17763"] }],
  [["--index", "sparse"], { index: "sparse" }],
  [["--index=refuse"], { index: "refuse" }],
  [["--referrers"], { referrers: true }],
  [["--no-referrers"], { referrers: false }],
  [["--referrer-source", "docker.io/acme/signed"], { referrerSource: "docker.io/acme/signed" }],
  [["--referrers", "--referrer-destination=docker://b.io/kept"], {
    referrers: true,
    referrerDestination: "docker://b.io/kept",
  }],
  [["--digest-tags"], { digestTags: true }],
  [["--no-digest-tags"], { digestTags: false }],
  [["--foreign-layers"], { foreignLayers: true }],
  [["--verify", "destination"], { verify: "destination" }],
  [["--if-exists", "fail"], { ifExists: "fail" }],
  [["--recheck"], { recheck: true }],
  [["--fast"], { fastCheck: true }],
  [["--additional-tag", "2", "--additional-tag", "copy/app:3"], { additionalTags: ["2", "3"] }],
];
for (const command of ["copy", "plan"]) {
  for (const [flags, wanted] of goodRequests) {
    test(`crossdock ${command} ${flags.join(" ")} makes the request`, async () => {
      const { engine, requests } = recordingEngine();
      const { exitCode, stderr } = await fakeCli({ engine }).run(
        command,
        ...flags,
        SOURCE,
        DESTINATION,
      );
      assert.equal(exitCode, 0, stderr);
      assert.deepEqual(requests, [{ source: SOURCE, destination: DESTINATION, ...wanted }]);
    });
  }
}

test("crossdock copy, plan and verify take several tags in the destination", async () => {
  const { engine, requests } = recordingEngine();
  const verify: Engine["verify"] = (request) => {
    requests.push(toCopyRequestInput(request));
    return Promise.resolve(verification);
  };
  const cli = fakeCli({ engine: { ...engine, verify } });
  for (const command of ["copy", "plan", "verify"]) {
    await cli.run(command, SOURCE, `${DESTINATION},2,3`, "--additional-tag", "4");
  }
  const request = { source: SOURCE, destination: DESTINATION, additionalTags: ["2", "3", "4"] };
  assert.deepEqual(requests, [request, request, request]);
  for (const destination of ["oci:/tmp/a,b:1", "oci:/tmp/a,b"]) {
    await cli.run("copy", SOURCE, destination);
    assert.deepEqual(requests.at(-1), { source: SOURCE, destination });
  }
  await cli.run("copy", SOURCE, "oci:/tmp/a,b:1,2");
  const folder = { source: SOURCE, destination: "oci:/tmp/a,b:1", additionalTags: ["2"] };
  assert.deepEqual(requests.at(-1), folder);
});

test("crossdock copy takes the platforms of its own run only", async () => {
  const { engine, requests } = recordingEngine();
  const cli = fakeCli({ engine });
  await cli.run("copy", "--platform", "linux/amd64", SOURCE, DESTINATION);
  await cli.run("copy", "--platform", "linux/arm64", SOURCE, DESTINATION);
  assert.deepEqual(requests.map(({ platforms }) => platforms), [["linux/amd64"], ["linux/arm64"]]);
});

const goodOptions: [flags: string[], key: string, wanted: unknown][] = [
  [[], "timeoutMs", undefined],
  [["--timeout", "30"], "timeoutMs", 30_000],
  [["--timeout", "1.5"], "timeoutMs", 1500],
  [["--timeout", "30s"], "timeoutMs", 30_000],
  [["--timeout", "5m"], "timeoutMs", 300_000],
  [["--timeout", "250ms"], "timeoutMs", 250],
  [["--timeout", "1h"], "timeoutMs", 3_600_000],
  [["--concurrency", "1"], "concurrency", 1],
  [["--concurrency", "256"], "concurrency", 256],
  [["--retries", "0"], "retries", 0],
  [["--retries", "20"], "retries", 20],
];
for (const [flags, key, wanted] of goodOptions) {
  test(`crossdock copy ${flags.join(" ")} gives the engine ${key} ${wanted}`, async () => {
    const cli = fakeCli(recordingEngine());
    const { exitCode, stderr } = await cli.run("copy", ...flags, SOURCE, DESTINATION);
    assert.equal(exitCode, 0, stderr);
    assert.equal({ ...cli.engines[0] }[key], wanted);
  });
}

test("crossdock copy --src-ca uses TLS, also on loopback", async () => {
  const cli = fakeCli({ ...recordingEngine(), files });
  await cli.run("copy", "--src-ca", "/ca.pem", SOURCE, DESTINATION);
  const { source, destination } = cli.engines[0] ?? {};
  assert.equal(tlsOf(source, "localhost:5000"), "on");
  assert.equal(tlsOf(destination, "localhost:5001"), undefined);
});

test("crossdock copy gives each side its TLS options", async () => {
  const cli = fakeCli({ ...recordingEngine(), files });
  const flags = ["--src-tls", "unverified", "--dest-ca", "/ca.pem", "--dest-tls", "on"];
  await cli.run("copy", ...flags, SOURCE, DESTINATION);
  const { source, destination } = cli.engines[0] ?? {};
  assert.deepEqual([tlsOf(source, "localhost:5000"), source?.caCerts], ["unverified", undefined]);
  assert.deepEqual([tlsOf(destination, "localhost:5001"), destination?.caCerts], ["on", [
    PEM,
    PEM,
  ]]);
});

const pairs: [flags: string[], cert: string, key: string, caCerts?: string[]][] = [
  [["--src-cert", "/ca.pem", "--src-key", "/key.pem"], PEM + PEM, KEY],
  [["--src-cert", "/both.pem"], PEM, KEY],
  [["--src-cert-dir", "/certs"], PEM, KEY, [PEM]],
];
for (const [flags, cert, key, caCerts] of pairs) {
  test(`crossdock copy ${flags.join(" ")} sends a client certificate only to the source, by TLS`, async () => {
    const cli = fakeCli({ ...recordingEngine(), files });
    const { exitCode, stderr } = await cli.run("copy", ...flags, SOURCE, DESTINATION);
    assert.equal(exitCode, 0, stderr);
    const { source, destination } = cli.engines[0] ?? {};
    const find = source?.clientCertificate;
    assert.ok(typeof find === "function");
    assert.deepEqual(find("localhost:5000"), { cert, key });
    assert.equal(find("localhost:5001"), undefined);
    assert.equal(tlsOf(source, "localhost:5000"), "on");
    assert.deepEqual(source?.caCerts, caCerts);
    assert.equal(destination?.clientCertificate, undefined);
  });
}

function tlsOf({ tls }: SideOptions = {}, registry: string): TlsMode | undefined {
  return typeof tls === "function" ? tls(registry) : tls;
}

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

test("crossdock verify passes its flags to the engine", async () => {
  const asked: unknown[] = [];
  const cli = fakeCli({
    engine: {
      verify(request): Promise<Verification> {
        asked.push(toCopyRequestInput(request));
        return Promise.resolve(verification);
      },
    },
  });
  const names = ["docker://localhost:5000/app", DESTINATION];
  await cli.run("verify", ...names);
  const elsewhere = { referrerSource: "a.io/signed", referrerDestination: "b.io/kept" };
  const flags = ["--referrer-source", "a.io/signed", "--referrer-destination", "b.io/kept"];
  const { exitCode, stderr } = await cli.run(
    "verify",
    ...["--platform", "linux/amd64", "--index", "unwrap", "--no-digest-tags", "--foreign-layers"],
    ...flags,
    ...names,
  );
  assert.equal(exitCode, 0, stderr);
  const [source, destination] = names;
  const options = { platforms: ["linux/amd64"], index: "unwrap", digestTags: false };
  assert.deepEqual(asked, [
    { source, destination },
    { source, destination, ...options, foreignLayers: true, ...elsewhere },
  ]);
});

const both = [SOURCE, DESTINATION];
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

const bad: [argv: string[], wanted: RegExp, more?: FakeCliOptions][] = [
  [
    ["copy"],
    /^error: missing required argument 'source'\nusage: crossdock copy \[options\] <source> <destination>\nhint: run crossdock copy --help\n$/,
  ],
  [["--bogus"], /^error: unknown option '--bogus'\nhint: run crossdock --help\n$/],
  [["copy", SOURCE], /^error: missing required argument 'destination'/],
  [
    ["copy", ...both, "more"],
    /^error: too many arguments for 'copy', expected 2 arguments but got 3/,
  ],
  [
    ["copy", "docker-daemon:x", DESTINATION],
    /^error: .*docker-daemon: is not supported\nhint: run docker save x -o image\.tar, then write docker-archive:image\.tar/,
  ],
  [
    ["copy", "oci:/tmp/x", "--src-creds", "a:b", DESTINATION],
    /^error: --src-creds has no use for oci:\/tmp\/x, which is not a registry/,
  ],
  [
    ["copy", "oci:/tmp/x", "--via", "https://a.io", DESTINATION],
    /^error: oci:\/tmp\/x cannot be combined with --via: a server has no access to it/,
  ],
  [
    ["copy", "--compress", "none", SOURCE, "oci:x"],
    /^error: --compress is only for a source docker-archive:FILE/,
  ],
  [
    ["copy", "--if-exists", "fail", SOURCE, "oci-archive:x.tar"],
    /^error: --if-exists fail is not for an archive, which is replaced as a whole/,
  ],
  [["auth", "oci:/tmp/x"], /^error: oci:\/tmp\/x is not a registry/],
  [["copy", "dokcer://a.io/b", DESTINATION], /^error: .*unknown transport dokcer:\/\/\nhint: /],
  [["copy", SOURCE, "localhost:5000"], /^error: .*the repository is missing\nhint: /],
  [["copy", SOURCE, "a.io/b@sha256:../../x"], /^error: .*digest is malformed/],
  [["copy", SOURCE, "a.io/B"], /^error: .*upper-case/],
  [["copi", ...both], /^error: unknown command 'copi'\nhint: Did you mean copy\?\n$/],
  [
    ["copy", "--src-tsl", "on", ...both],
    /^error: unknown option '--src-tsl'\nhint: Did you mean --src-tls\?/,
  ],
  [
    ["copy", "--platform", "windows/amd64,osver=10.0.17763", ...both],
    /^error: --platform: .*\nhint: write the version after a colon: windows\/amd64:10\.0\.17763\n$/,
  ],
  [["verify", "--platform=all", ...both], /^error: --platform: .*\nhint: leave out --platform/],
  [["plan", "--platform=linux/amd64,", ...both], /^error: parse platform ""/],
  [["copy", "--platform", "linux", ...both], /^error: parse platform "linux": expected os\/arch/],
  [
    ["copy", "--index", "drop", ...both],
    /^error: --index: expected rebuild, sparse, refuse or unwrap, got "drop"\n$/,
  ],
  [
    ["copy", "--referrer-source", "a.io/b:1", ...both],
    /^error: --referrer-source: .*it has a tag, expected a repository only\nhint: write a\.io\/b\n$/,
  ],
  [
    ["plan", "--referrer-destination", `a.io/b@sha256:${"0".repeat(64)}`, ...both],
    /^error: --referrer-destination: .*it has a digest, expected a repository only\nhint: /,
  ],
  [["verify", "--referrer-source", "", ...both], /^error: --referrer-source: parse reference ""/],
  [
    ["copy", "--no-referrers", "--referrer-source", "a.io/b", ...both],
    /^error: --referrer-source and --no-referrers cannot be combined\n$/,
  ],
  [
    ["verify", "--referrer-destination", "a.io/b", "--no-referrers", ...both],
    /^error: --referrer-destination and --no-referrers cannot be combined/,
  ],
  [["inspect", "--referrer-source", "a.io/b", SOURCE], /^error: unknown option/],
  [["copy", "--verify", "no", ...both], /^error: --verify: expected auto, stream or destination/],
  [
    ["copy", "--if-exists", "", ...both],
    /^error: --if-exists: expected overwrite, skip or fail, got ""/,
  ],
  [
    ["copy", "--progress", "fancy", ...both],
    /^error: --progress: expected auto, bar, plain, json or none/,
  ],
  [
    ["copy", "--concurrency", "0", ...both],
    /^error: --concurrency: expected a whole number from 1 to 256, got "0"/,
  ],
  [["copy", "--concurrency", "257", ...both], /^error: --concurrency: /],
  [["copy", "--concurrency", "1e2", ...both], /^error: --concurrency: /],
  [["copy", "--concurrency", "many", ...both], /^error: --concurrency: /],
  [
    ["copy", "--retries=-1", ...both],
    /^error: --retries: expected a whole number from 0 to 20, got "-1"/,
  ],
  [["copy", "--retries", "21", ...both], /^error: --retries: /],
  [["copy", "--timeout", "0", ...both], /^error: --timeout: expected seconds.*got "0"/],
  [["copy", "--timeout", "5 m", ...both], /^error: --timeout: /],
  [["copy", "--timeout", "2d", ...both], /^error: --timeout: /],
  [["copy", "--timeout", "61m", ...both], /^error: --timeout: /],
  [["copy", "--timeout", "-5", ...both], /^error: --timeout: .*got "-5"/],
  [
    ["copy", "--src-tls", "maybe", ...both],
    /^error: --src-tls: expected on, off or unverified, got "maybe"/,
  ],
  [["copy", "--dest-tls", "true", ...both], /^error: --dest-tls: expected on, off or unverified/],
  [
    ["copy", "--src-ca", "/none.pem", ...both],
    /^error: --src-ca \/none\.pem: file not found/,
  ],
  [
    ["copy", "--dest-ca", "/not.pem", ...both],
    /^error: --dest-ca \/not\.pem: no certificate found/,
  ],
  [
    ["copy", "--src-ca", "/ca.pem", "--src-tls", "off", ...both],
    /^error: --src-ca and --src-tls off cannot be combined/,
  ],
  [
    ["copy", "--src-creds-env", "NONE", ...both],
    /^error: --src-creds-env NONE: the variable is not set or empty/,
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
  [["copy", "--fast", "--recheck", ...both], /^error: --fast and --recheck cannot be combined/],
  [["copy", SOURCE, "a.io/b:1,,2"], /^error: .*its tag "" is malformed/],
  [["copy", SOURCE, "a.io/b:1,2/3"], /^error: parse reference/],
  [
    ["copy", "--additional-tag", "a.io/c:1", SOURCE, "a.io/b:1"],
    /^error: --additional-tag: expected a tag of a\.io\/b, got "a\.io\/c:1"\nhint: write only the tag/,
  ],
  [["copy", "--additional-tag", "2", SOURCE, "dir:/tmp/x"], /^error: dir:\/tmp\/x has no tags/],
  [
    ["copy", "--additional-tag", "2", SOURCE, "docker-archive:x.tar"],
    /^error: docker-archive:x\.tar has no tags\nhint: give the image a name: docker-archive:FILE:NAME:TAG/,
  ],
  [["copy", "--src-key", "/key.pem", ...both], /^error: --src-key requires --src-cert\n/],
  [
    ["copy", "--dest-cert", "/ca.pem", ...both],
    /^error: --dest-cert \/ca\.pem: no private key found\nhint: name the file of the key with --dest-key/,
  ],
  [
    ["copy", "--src-cert", "/ca.pem", "--src-key", "/locked.pem", ...both],
    /^error: --src-key \/locked\.pem: no private key found\nhint: expected a private key in PEM that is not encrypted/,
  ],
  [
    ["copy", "--src-cert", "/not.pem", "--src-key", "/key.pem", ...both],
    /^error: --src-cert \/not\.pem: no certificate found/,
  ],
  [
    ["copy", "--src-cert", "/both.pem", "--src-tls", "off", ...both],
    /^error: --src-cert and --src-tls off cannot be combined/,
  ],
  [
    ["copy", "--src-cert-dir", "/certs", "--src-ca", "/ca.pem", ...both],
    /^error: --src-ca and --src-cert-dir cannot be combined/,
  ],
  [
    ["tags", "--cert-dir", "/nowhere", "localhost:5000/app"],
    /^error: --cert-dir \/nowhere: folder not found/,
  ],
  [
    ["copy", "--src-cert-dir", "/none", ...both],
    /^error: .*: no certificates found\nhint: expected/,
  ],
  [
    ["copy", "--src-cert-dir", "/lone", ...both],
    /^error: --src-cert-dir \/lone: me\.key is missing/,
  ],
  [
    ["copy", "--src-cert-dir", "/two", ...both],
    /^error: .*: expected one file \*\.cert, got a\.cert/,
  ],
  [
    ["inspect", "--cert", "/both.pem", "--via", "https://a.io", SOURCE],
    /^error: --cert cannot be combined with --via/,
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
  [["plan", "--progress", "bar", ...both], /^error: unknown option '--progress'/],
  [["verify", SOURCE], /^error: missing required argument 'destination'/],
  [["verify", "--platform", "x", ...both], /^error: parse platform "x"/],
  [["inspect", "::"], /^error: parse reference/],
  [["inspect", "--tls", "x", SOURCE], /^error: --tls: expected on, off or unverified/],
  [["inspect", "--creds-fd", "1", SOURCE], /^error: --creds-fd: expected 0 \(stdin\)/],
  [
    ["sync", "a.io/b", "c.io/d"],
    /^error: sync has no arguments: .*\nhint: .* run crossdock copy --all-tags SOURCE DESTINATION/,
  ],
  [
    ["tags", SOURCE],
    /^error: .*it has a tag, expected a repository only\nhint: write localhost:5000\/app/,
  ],
  [["auth", "ghcr"], /^error: "ghcr" is not a registry/],
  [["auth", "a.io:99999"], /^error: .*port/],
  [["auth", "a.io/b:1"], /^error: .*it has a tag/],
];
for (const [argv, wanted, more] of bad) {
  const name = `crossdock ${argv.join(" ")}${more?.env || more?.files ? " with a bad config" : ""}`;
  test(`${name} is rejected in one sentence before any request`, async () => {
    const cli = fakeCli({ files, ...more });
    const { exitCode, stdout, stderr } = await cli.run(...argv);
    assert.match(stderr, wanted);
    assert.ok(
      stderr.split("\n").filter((line) => !/^(cause|usage): /.test(line)).length <= 3,
      stderr,
    );
    assert.equal(stdout, "");
    assert.equal(exitCode, 2);
    assert.deepEqual(cli.engines, []);
  });
}

test("crossdock without a command shows its help and fails", async () => {
  const { exitCode, stdout, stderr } = await fakeCli().run();
  assert.match(stderr, /Usage: crossdock .*copy/s);
  assert.equal(stdout, "");
  assert.equal(exitCode, 2);
});

for (const argv of [["--help"], ["help"], ["help", "copy"], ["copy", "--help"]]) {
  test(`crossdock ${argv.join(" ")} prints help to stdout`, async () => {
    const { exitCode, stdout, stderr } = await fakeCli().run(...argv);
    assert.match(stdout, /^Usage: crossdock/);
    assert.equal(stderr, "");
    assert.equal(exitCode, 0);
  });
}

test("crossdock --help lists the exit codes", async () => {
  const { stdout } = await fakeCli().run("--help");
  assert.match(
    stdout,
    /Exit codes:\n {4}0 {2}success\n(?:.*\n)* +12 {2}verify .*\n.*\n +13 {2}sync: some .*\n +14 {2}sync: all /,
  );
});

test("crossdock --version prints the version of the package", async () => {
  const { exitCode, stdout } = await fakeCli().run("--version");
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal(exitCode, 0);
});
