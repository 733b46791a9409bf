import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeCli } from "../fake_cli.ts";
import { DESTINATION, SOURCE } from "../samples.ts";
import { both, files, KEY, PEM, recordingEngine, testRejected, tlsOf } from "./cases.ts";

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

testRejected([
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
  [["inspect", "--tls", "x", SOURCE], /^error: --tls: expected on, off or unverified/],
]);
