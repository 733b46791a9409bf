import assert from "node:assert/strict";
import { test } from "node:test";
import { OPERANDS, runRecorded } from "./setup.ts";

const both = OPERANDS["copy"] ?? [];

const same: [argv: string[], own: string[]][] = [
  [["copy", "--src-tls-verify", "false", "--recheck", "true", ...both], [
    "copy",
    "--src-tls=unverified",
    "--recheck",
    ...both,
  ]],
  [["copy", "-qj4", ...both], ["copy", "--quiet", "--concurrency", "4", ...both]],
  [["copy", "-j=4", ...both], ["copy", "--concurrency", "4", ...both]],
  [["copy", "--recheck=true", ...both], ["copy", "--recheck", ...both]],
  [["copy", "--recheck", "--recheck=false", ...both], ["copy", ...both]],
  [["copy", "--recheck=false", "--recheck", ...both], ["copy", "--recheck", ...both]],
  [["copy", "--referrers=false", ...both], ["copy", "--no-referrers", ...both]],
  [["copy", "--no-referrers=false", ...both], ["copy", "--referrers", ...both]],
  [["copy", "--digest-tags=T", ...both], ["copy", "--digest-tags", ...both]],
  [["copy", "--retry-times=1", "--retry-times", "3", ...both], ["copy", "--retries=3", ...both]],
  [["copy", "--recursive=false", "-r", ...both], ["copy", ...both]],
  [["copy", "-r", "--recursive=false", ...both], ["copy", "--no-referrers", ...both]],
  [["copy", ...both, "--retry-times", "3"], ["copy", "--retries", "3", ...both]],
  [["copy", "--retry-times=3", "--", ...both], ["copy", "--retries", "3", ...both]],
  [["copy", "--force", "--force-recursive", ...both], ["copy", "--recheck", ...both]],
  [["copy", "--force", "--recheck", ...both], ["copy", "--recheck", ...both]],
  [["copy", "--src-tls-verify=false", "--src-tls", "unverified", ...both], [
    "copy",
    "--src-tls=unverified",
    ...both,
  ]],
  [["copy", "--multi-arch", "system", "--all=false", ...both], [
    "copy",
    "--platform=local",
    "--index=unwrap",
    ...both,
  ]],
  [["copy", "--src-tls-verify=false", "--src-tls", "off", ...both], [
    "copy",
    "--src-tls=off",
    ...both,
  ]],
  [["copy", "--from-plain-http", "--from-insecure", ...both], ["copy", "--src-tls=off", ...both]],
  [["--insecure-policy", "copy", ...both], ["copy", ...both]],
  [["--override-arch", "arm64", "copy", ...both], [
    "copy",
    "--platform=linux/arm64",
    "--index=unwrap",
    ...both,
  ]],
  [["--platform", "linux/arm64", "cp", ...both], ["copy", "--platform=linux/arm64", ...both]],
  [["--retry-times", "3", "--quiet", "copy", ...both], ["copy", "--quiet", "--retries=3", ...both]],
  [["copy", "--insecure", "oci:x", "dest.example.com/a:1"], [
    "copy",
    "--dest-tls=unverified",
    "oci:x",
    "dest.example.com/a:1",
  ]],
  [["copy", "--dest-tls-verify=false", both[0] ?? "", "localhost:5000/a:1"], [
    "copy",
    both[0] ?? "",
    "localhost:5000/a:1",
  ]],
  [["tags", "-v", "debug", "src.example.com/app"], ["tags", "-v", "src.example.com/app"]],
  [["tags", "src.example.com/app", "-v=trace"], ["tags", "-v", "src.example.com/app"]],
  [["tags", "src.example.com/app", "-vu", "me", "--password=b"], [
    "tags",
    "-v",
    "--creds=me:b",
    "src.example.com/app",
  ]],
];
for (const [argv, own] of same) {
  test(`crossdock ${argv.join(" ")} is crossdock ${own.join(" ")}`, async () => {
    const familiar = await runRecorded(argv);
    const wanted = await runRecorded(own);
    assert.equal(familiar.exitCode, 0, familiar.stderr);
    assert.deepEqual([familiar.asked, familiar.stdout], [wanted.asked, wanted.stdout]);
  });
}

const contradictions: [flags: string[], typed: [string, string]][] = [
  [["--src-username=a", "--src-password=b", "--src-creds=c:d"], [
    "--src-username, --src-password",
    "--src-creds",
  ]],
  [["--src-tls-verify=false", "--src-tls", "on"], ["--src-tls-verify=false", "--src-tls on"]],
  [["--src-tls=on", "--from-insecure"], ["--from-insecure", "--src-tls=on"]],
  [["--from-plain-http", "--src-tls-verify"], ["--from-plain-http", "--src-tls-verify"]],
  [["-a", "--platform", "linux/amd64"], ["-a", "--platform linux/amd64"]],
  [["--multi-arch", "all", "--platform=arm64"], ["--multi-arch all", "--platform=arm64"]],
  [["-a", "--override-arch", "arm64"], ["-a", "--override-arch"]],
  [["--override-arch", "arm64", "--platform", "linux/amd64"], [
    "--override-arch",
    "--platform linux/amd64",
  ]],
  [["-n", "--if-exists", "overwrite"], ["-n", "--if-exists overwrite"]],
  [["-r", "--no-referrers"], ["-r", "--no-referrers"]],
  [["-r", "--referrers=false"], ["-r", "--referrers=false"]],
  [["-r", "--exclude-referrers"], ["-r", "--exclude-referrers"]],
  [["--exclude-referrers", "--referrers"], ["--exclude-referrers", "--referrers"]],
  [["--preserve-digests", "--index", "rebuild"], ["--preserve-digests", "--index rebuild"]],
  [["--preserve-digests", "--platform", "arm64"], ["--preserve-digests", "--platform arm64"]],
  [["-j", "4", "--image-parallel-copies", "5"], ["-j", "--image-parallel-copies"]],
  [["--retry-times=3", "--retries", "4"], ["--retry-times", "--retries 4"]],
];
for (const [flags, [first, second]] of contradictions) {
  test(`crossdock copy ${flags.join(" ")} names both flags as they were typed`, async () => {
    const { exitCode, stderr, isStarted } = await runRecorded(["copy", ...flags, ...both]);
    assert.equal(stderr, `error: ${first} and ${second} cannot be combined\n`);
    assert.deepEqual([exitCode, isStarted], [2, false]);
  });
}

test("crossdock copy --preserve-digests --platform arm64 --index sparse keeps the digest", async () => {
  const flags = ["--preserve-digests", "--platform", "arm64", "--index", "sparse"];
  assert.equal((await runRecorded(["copy", ...flags, ...both])).exitCode, 0);
});

const explained: [argv: string[], stderr: RegExp][] = [
  [[...both], /^error: the command is missing\nhint: write crossdock copy SOURCE DESTINATION; /],
  [
    ["--scr-creds", "a:b", "copy", ...both],
    /^error: unknown option '--scr-creds'\nhint: Did you mean --src-creds\?\n$/,
  ],
  [
    ["copy", "-insecure", ...both],
    /^error: unknown option '-insecure'\nhint: Did you mean --insecure\?\n$/,
  ],
  [["tags", "-tls=off", "a.io/b"], /^error: unknown option '-tls'\nhint: Did you mean --tls\?\n$/],
  [["copy", "--ALL", ...both], /\nhint: Did you mean --all\?\n$/],
  [["serve", "--port", "9000"], /^error: --port is not supported\nhint: set the variable PORT: /],
  [
    ["copy", "-p", "arm64", "--index", "sparse", ...both],
    /^error: -p and --index sparse cannot be combined\n$/,
  ],
  [
    ["copy", "--creds", "a:b", ...both],
    /^error: unknown option '--creds'\nhint: copy has two registries: use --src-creds or --dest-creds\n$/,
  ],
  [
    ["copy", "--tls-verify=false", ...both],
    /^error: unknown option '--tls-verify'\nhint: copy has two registries: use --src-tls-verify or --dest-tls-verify\n$/,
  ],
  [
    ["verify", "-u", "me", ...both],
    /\nhint: verify has two registries: use --src-username or --dest-username\n$/,
  ],
  [
    ["tags", "--src-creds=a:b", "a.io/b"],
    /^error: unknown option '--src-creds'\nhint: tags has one registry: use --creds\n$/,
  ],
  [
    ["inspect", "--from-plain-http", "a.io/b"],
    /\nhint: inspect has one registry: use --plain-http\n$/,
  ],
  [
    ["plan", "--progress", "bar", ...both],
    /^error: unknown option '--progress'\nhint: it is for crossdock copy and sync\n$/,
  ],
  [["verify", "--no-clobber", ...both], /\nhint: it is for crossdock copy and plan\n$/],
  [
    ["copy", "--src-tls-verfy=false", ...both],
    /^error: unknown option '--src-tls-verfy'\nhint: Did you mean --src-tls-verify\?\n$/,
  ],
  [["copy", "--src-tsl", "on", ...both], /\nhint: Did you mean --src-tls\?\n$/],
  [["copy", "--nothing-like-it", ...both], /\nhint: run crossdock copy --help\n$/],
  [
    ["--nothing-like-it"],
    /^error: unknown option '--nothing-like-it'\nhint: run crossdock --help\n$/,
  ],
  [
    ["copy", "--retry-times", "many", ...both],
    /^error: --retries: .*\nnote: --retry-times is --retries\n$/,
  ],
  [["copy", "-j", "0", ...both], /^error: --concurrency: .*\nnote: -j is --concurrency\n$/],
  [["copy", "--retry-times"], /^error: --retry-times: the value is missing\n$/],
  [
    ["copy", "--src-password", "x", ...both],
    /^error: --src-password: the user name is missing\nhint: use --src-creds-env NAME/,
  ],
  [["copy", "--from-username=x", ...both], /^error: --from-username: the password is missing\n/],
  [
    ["copy", "--src-tls-verify=maybe", ...both],
    /^error: --src-tls-verify: expected --src-tls-verify, --src-tls-verify=true or --src-tls-verify=false\n$/,
  ],
  [["copy", "--quiet=maybe", ...both], /^error: --quiet: expected /],
  [
    ["copy", "--format", "v2s2", ...both],
    /^error: --format: expected oci or docker, got "v2s2"\nhint: manifests are copied unchanged/,
  ],
  [
    ["copy", "--format", "oci", ...both],
    /^error: --format is only for .*\nhint: leave it out: manifests and layers are copied unchanged\n$/,
  ],
  [["copy", "--", "--all", ...both], /^error: too many arguments/],
];
for (const [argv, wanted] of explained) {
  test(`crossdock ${argv.join(" ")} explains what to use`, async () => {
    const { exitCode, stdout, stderr, isStarted } = await runRecorded(argv);
    assert.match(stderr, wanted);
    assert.deepEqual([exitCode, stdout, isStarted], [2, "", false]);
  });
}

const SECRET = "hunter2";
const secret: string[][] = [
  ["--pasword", SECRET, "copy", ...both],
  [`me:${SECRET}@a.io/b:1`, "c.io/d"],
  [`--src-credz=me:${SECRET}`],
  ["copy", ...both, `me:${SECRET}`],
  ["copy", `--src-credz=me:${SECRET}`, ...both],
  ["copy", "--creds", `me:${SECRET}`, ...both],
  ["copy", `--creds=me:${SECRET}`, ...both],
  ["copy", "--src-password", SECRET, ...both],
  ["copy", `--from-identity-token=${SECRET}`, "--src-creds-env", "X", ...both],
  [
    "copy",
    "--src-username=me",
    `--src-password=${SECRET}`,
    "--src-creds",
    `me:${SECRET}2`,
    ...both,
  ],
  ["copy", "--src-creds", `me:${SECRET}`, `--from-identity-token=${SECRET}`, ...both],
  ["copy", "--decryption-key", `key:${SECRET}`, ...both],
  ["copy", "--from-header", `Authorization: ${SECRET}`, ...both],
  ["copy", `--host=reg=a.io,user=me,pass=${SECRET}`, ...both],
  ["tags", "-p", SECRET, "a.io/b"],
  ["tags", `-p${SECRET}`, "a.io/b"],
  ["inspect", "-p", SECRET, "a.io/b"],
  ["tags", `--password-stdin=${SECRET}`, "a.io/b"],
  ["login", "-u", "me", "-p", SECRET, "a.io"],
  ["-p", SECRET, "login"],
  ["sync", "--src-creds", `me:${SECRET}`],
];
for (const argv of secret) {
  test(`crossdock ${argv.join(" ")} shows no secret`, async () => {
    for (const debug of [[], ["--debug"]]) {
      const { exitCode, stdout, stderr } = await runRecorded([...argv, ...debug]);
      assert.equal(exitCode, 2);
      assert.match(stderr, /^error: /);
      assert.ok(!(stdout + stderr).includes(SECRET), stderr);
    }
  });
}

test("crossdock copy --insecure says what it is for each side", async () => {
  const { stderr } = await runRecorded([
    "copy",
    "--insecure",
    "src.example.com/a:1",
    "localhost:5000/a:1",
  ]);
  assert.deepEqual(stderr.split("\n"), [
    "note: --insecure: localhost:5000 has plain HTTP by default; for TLS use --dest-tls unverified",
    "note: --insecure is --src-tls unverified; for plain HTTP use --src-tls off",
    "",
  ]);
});

test("crossdock copy --src-tls-verify=false for a folder has no effect", async () => {
  const { exitCode, stderr } = await runRecorded([
    "plan",
    "--src-tls-verify=false",
    "oci:x",
    both[1] ?? "",
  ]);
  assert.deepEqual([exitCode, stderr], [0, ""]);
});
