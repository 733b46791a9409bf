import { readFile } from "node:fs/promises";
import { test } from "node:test";
import assert from "node:assert/strict";
import { CrossdockError } from "../../../src/errors.ts";
import { toCommandHint } from "../../../src/cli/output/command_hint.ts";
import { fakeCli } from "../fake_cli.ts";

const CA = "pass its CA with --src-ca or --dest-ca, or use --src-tls unverified or " +
  "--dest-tls unverified to take any certificate";
const PLAIN = "use --src-tls off or --dest-tls off if that is meant";
/** Files whose hints name flags of `copy`. */
const FILES_WITH_HINTS = [
  "copy/copy_error.ts",
  "copy/request.ts",
  "copy/tree.ts",
  "copy/wanted_tree.ts",
  "errors.ts",
  "hosts/network_failure.ts",
  "registry/manifests.ts",
  "registry/registry_error.ts",
];

const EXISTS = "use --if-exists overwrite to move it";

const CLIENT =
  "pass a client certificate with --src-cert or --dest-cert, and its key with --src-key or --dest-key";
const hints: [command: string, side: "source" | "destination" | undefined, string, string][] = [
  ["copy", undefined, PLAIN, PLAIN],
  ["copy", "source", PLAIN, "use --src-tls off if that is meant"],
  ["plan", "destination", PLAIN, "use --dest-tls off if that is meant"],
  [
    "verify",
    "source",
    CA,
    "pass its CA with --src-ca, or use --src-tls unverified to take any certificate",
  ],
  ["tags", "source", CA, "pass its CA with --ca, or use --tls unverified to take any certificate"],
  ["auth", "source", PLAIN, "use --tls off if that is meant"],
  ["copy", "destination", EXISTS, EXISTS],
  ["copy", "destination", 'use "ifExists": "overwrite" to move it', EXISTS],
  ["copy", undefined, 'copy again with "recheck": true', "copy again with --recheck"],
  ["copy", "source", 'pick one with "platforms"', "pick one with --platform"],
  [
    "sync",
    "source",
    CA,
    "write its CA in regcert in creds, or set SSL_CERT_FILE to a file with it, " +
    "or use tls: insecure in creds to take any certificate",
  ],
  [
    "copy",
    "destination",
    CLIENT,
    "pass a client certificate with --dest-cert, and its key with --dest-key",
  ],
  [
    "sync",
    "source",
    CLIENT,
    "write a client certificate into clientCert in creds, and its key into clientKey",
  ],
  ["sync", "source", PLAIN, "use tls: disabled in creds if that is meant"],
  [
    "sync",
    "source",
    "if the registry uses TLS, leave out --src-tls off or --dest-tls off",
    "if the registry uses TLS, write tls: enabled in creds",
  ],
  ["sync", "destination", EXISTS, "use ifExists: overwrite in the rule to move it"],
  ["sync", "source", "allow more with --timeout", "allow more with --timeout"],
];
for (const [command, side, hint, expected] of hints) {
  test(`toCommandHint() for ${command}, ${side}: ${hint}`, () => {
    assert.equal(toCommandHint(hint, { command, side }), expected);
  });
}

test("crossdock tags names its own flags, and no side", async () => {
  const error = new CrossdockError("tls", "connect to a.io: refused", {
    side: "source",
    hint: PLAIN,
  });
  const engine = {
    tags: async function* (): AsyncGenerator<string[]> {
      yield await Promise.reject(error);
    },
  };
  const { exitCode, stderr } = await fakeCli({ engine }).run("tags", "a.io/b");
  assert.equal(
    stderr,
    "error: connect to a.io: refused\nhint: use --tls off if that is meant\n",
  );
  assert.equal(exitCode, 8);
});

test("toCommandHint() leaves no flag in a hint for sync that sync does not have", async () => {
  const { stdout } = await fakeCli().run("sync", "--help");
  const known = new Set(stdout.match(/--[a-z-]+/g));
  let count = 0;
  for (const file of FILES_WITH_HINTS) {
    const text = await readFile(new URL(`../../../src/${file}`, import.meta.url), "utf8");
    for (const [, hint = ""] of text.matchAll(/"([^"\n]*\s--[a-z][^"\n]*)"/g)) {
      count += 1;
      const flags = toCommandHint(hint, { command: "sync", side: "source" }).match(/--[a-z-]+/g) ??
        [];
      assert.deepEqual(flags.filter((flag) => !known.has(flag)), [], hint);
    }
  }
  assert.ok(count >= FILES_WITH_HINTS.length, `${count} hints`);
});
