import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeCli } from "../fake_cli.ts";
import { DESTINATION, SOURCE } from "../samples.ts";
import { both, recordingEngine, testRejected } from "./cases.ts";

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

testRejected([
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
    ["copy", "oci:/tmp/x", "--via", "https://a.io", DESTINATION],
    /^error: oci:\/tmp\/x cannot be combined with --via: a server has no access to it/,
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
  [["plan", "--progress", "bar", ...both], /^error: unknown option '--progress'/],
  [["verify", SOURCE], /^error: missing required argument 'destination'/],
  [["inspect", "::"], /^error: parse reference/],
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
]);
