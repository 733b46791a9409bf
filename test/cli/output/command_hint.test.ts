import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import assert from "node:assert/strict";
import { CrossdockError, ParseError } from "../../../src/errors.ts";
import { toCommandHint } from "../../../src/cli/output/command_hint.ts";
import { COMMANDS } from "../../../src/cli/commands/commands.ts";
import { fakeCli } from "../fake_cli.ts";
import { flagsOf } from "../load_command.ts";

const CA = "pass its CA with --src-ca or --dest-ca, or use --src-tls unverified or " +
  "--dest-tls unverified to take any certificate";
const PLAIN = "use --src-tls off or --dest-tls off if that is meant";
const REJECTED =
  "the credential from --dest-creds-env CREDS was rejected; check it with: crossdock auth r.io";
const NONE = "no credential found for r.io (~/.docker/config.json: no hosts); " +
  "log in to the registry, or pass a credential";
const SPARSE = "the index is sparse; select platforms that exist with --platform";
const RECHECK = 'the layout is sparse; copy the image into it again with "recheck": true';
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
    "if the registry uses TLS, use --src-tls on or --dest-tls on",
    "if the registry uses TLS, use tls: enabled in creds",
  ],
  ["sync", "destination", EXISTS, "use ifExists: overwrite in the rule to move it"],
  ["sync", "source", "allow more with --timeout", "allow more with --timeout"],
];
for (const [command, side, hint, expected] of hints) {
  test(`toCommandHint() for ${command}, ${side}: ${hint}`, async () => {
    const flags = await flagsOf(command);
    assert.equal(toCommandHint(hint, { command, side, flags }), expected);
  });
}

const lines: [
  command: string,
  values: Record<string, unknown>,
  hint: string,
  expected: string | undefined,
][] = [
  [
    "copy",
    { destTls: "off", destCa: "/my ca.pem" },
    REJECTED,
    "the credential from --dest-creds-env CREDS was rejected; " +
    "check it with: crossdock auth --tls off --ca '/my ca.pem' --creds-env CREDS r.io",
  ],
  [
    "copy",
    {},
    REJECTED.replace("-env CREDS", ""),
    "the credential from --dest-creds was rejected; " +
    "check it with: crossdock auth --creds USER:PASSWORD r.io",
  ],
  [
    "tags",
    { tls: "unverified" },
    REJECTED.replace("--dest-creds-env CREDS", '--authfile /a.json (auths "r.io")'),
    'the credential from --authfile /a.json (auths "r.io") was rejected; ' +
    "check it with: crossdock auth --tls unverified --authfile /a.json r.io",
  ],
  [
    "plan",
    {},
    REJECTED.replace("--dest-creds-env CREDS", '~/.docker/config.json (auths "r.io")'),
    'the credential from ~/.docker/config.json (auths "r.io") was rejected; ' +
    "check it with: crossdock auth r.io",
  ],
  [
    "plan",
    {},
    REJECTED.replace("--dest-creds-env CREDS", "--dest-new-flag X"),
    "the credential from --dest-new-flag X was rejected; pass another one",
  ],
  [
    "sync",
    {},
    REJECTED.replace("--dest-creds-env CREDS", 'crossdock.yaml (creds "r.io")'),
    'the credential from crossdock.yaml (creds "r.io") was rejected; correct user and pass there',
  ],
  [
    "copy",
    { via: "https://s.io" },
    REJECTED.replace("--dest-creds-env CREDS", "CROSSDOCK_CREDENTIALS"),
    "the credential from CROSSDOCK_CREDENTIALS was rejected; replace it in the configuration of the server",
  ],
  [
    "copy",
    {},
    NONE,
    "no credential found for r.io (~/.docker/config.json: no hosts); " +
    "run docker login r.io, or pass one with --dest-creds-env",
  ],
  [
    "inspect",
    {},
    NONE.replace("r.io", "docker.io"),
    "no credential found for docker.io (~/.docker/config.json: no hosts); " +
    "run docker login, or pass one with --creds-env",
  ],
  [
    "copy",
    {},
    NONE.replace("~/.docker/config.json", "--authfile /a.json"),
    "no credential found for r.io (--authfile /a.json: no hosts); " +
    "add one to that file, or pass one with --dest-creds-env",
  ],
  [
    "sync",
    {},
    NONE,
    "no credential found for r.io (~/.docker/config.json: no hosts); " +
    "run docker login r.io, or add r.io to creds in the config",
  ],
  [
    "verify",
    { via: "https://s.io" },
    "no credential given for r.io; pass a credential",
    "no credential given for r.io; add one for it to the configuration of the server",
  ],
  [
    "copy",
    {},
    "retry after 10 seconds, or raise CROSSDOCK_MAX_HELD_BYTES on the server",
    "retry after 10 seconds",
  ],
  [
    "status",
    { via: "u" },
    "copy one platform at a time, or copy within the request: omit Prefer: respond-async",
    "copy one platform at a time, or run crossdock copy without --detach",
  ],
  ["tags", {}, SPARSE, "the index is sparse"],
  [
    "status",
    { via: "u" },
    SPARSE,
    "the index is sparse; select platforms that exist with crossdock copy --platform",
  ],
  ["copy", {}, SPARSE, SPARSE],
  ["copy", {}, RECHECK, "the layout is sparse; copy the image into it again with --recheck"],
  [
    "verify",
    {},
    RECHECK,
    "the layout is sparse; copy the image into it again with crossdock copy --recheck",
  ],
  ["copy", { via: "u" }, "try again, or raise the idle timeout with --timeout", "try again"],
  ["tags", { via: "u" }, PLAIN, undefined],
];
for (const [command, values, hint, expected] of lines) {
  test(`toCommandHint() for crossdock ${command} with ${JSON.stringify(values)}: ${hint}`, async () => {
    const flags = await flagsOf(command);
    const side = "destination";
    assert.equal(toCommandHint(hint, { command, side, flags, values }), expected);
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

test("crossdock inspect drops hints about flags that it does not have, but not those about the command line", async () => {
  const hint = "use --if-exists overwrite to move it";
  for (
    const [error, shown] of [
      [new CrossdockError("conflict", "no", { hint }), ""],
      [new ParseError("no", { hint }), `hint: ${hint}\n`],
    ] as const
  ) {
    const engine = { inspect: () => Promise.reject(error) };
    const { stderr } = await fakeCli({ engine }).run("inspect", "a.io/b");
    assert.equal(stderr, `error: no\n${shown}`);
  }
});

test("toCommandHint() names no flag for the registry of referrers, which the flags of a side are not for", () => {
  const context = { command: "copy", side: "source" } as const;
  const rest =
    "no credential found for r.io (~/.docker/config.json: no hosts); run docker login r.io";
  assert.equal(toCommandHint(NONE, { ...context, names: ["a.io/b", "b"] }), rest);
  for (const name of ["r.io/app", "docker://r.io/app:1@sha256:" + "a".repeat(64), "r.io"]) {
    assert.equal(
      toCommandHint(NONE, { ...context, names: [name, "b"] }),
      `${rest}, or pass one with --src-creds-env`,
    );
  }
  assert.match(
    toCommandHint(NONE.replace("r.io", "docker.io"), { ...context, names: ["alpine"] }) ?? "",
    /--src-creds-env$/,
  );
});

/** The texts in src/ that name flags, without those of the command line itself. */
function listEngineHints(): string[] {
  const src = new URL("../../../src/", import.meta.url);
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/^(cli|entries)\//.test(file))
    .flatMap((file) => {
      const text = readFileSync(new URL(file, src), "utf8").replace(/" \+\s*"/g, "");
      return [...text.matchAll(/["`]([^"`\n]*(?:\s--[a-z]|crossdock auth)[^"`\n]*)["`]/g)]
        .map(([, hint = ""]) => hint);
    })
    .filter((hint) => !hint.startsWith("\\"));
}

/** Fails if a hint names a flag that its command does not have. */
async function assertFlags(hint: string, command: string): Promise<void> {
  const parts = hint.split(/(?=\bcrossdock [a-z]+ )|; /);
  for (const part of parts) {
    const [, other = command] = /^crossdock ([a-z]+) /.exec(part) ?? [];
    const known = await flagsOf(other);
    for (const flag of part.match(/--[a-z][a-z-]*/g) ?? []) {
      assert.ok(known.has(flag), `crossdock ${command}: ${flag} in "${hint}"`);
    }
  }
}

test("each hint of the engine names only flags that the command has", async () => {
  const hints = listEngineHints();
  assert.ok(hints.length >= 10, hints.join("\n"));
  for (const { name: command } of COMMANDS) {
    const flags = await flagsOf(command);
    for (const hint of hints) {
      for (const side of ["source", "destination", undefined] as const) {
        for (const values of [{}, { via: "https://s.io" }]) {
          const text = toCommandHint(hint, { command, side, flags, values });
          if (text !== undefined) await assertFlags(text, command);
          if ("via" in values) {
            assert.ok(!/--(src-|dest-|(tls|ca|timeout)(?![\w-]))/.test(text ?? ""), text);
          }
        }
      }
    }
  }
});

const mistakes: readonly (readonly string[])[] = [
  ["copy", "--detach", "a", "b"],
  ["copy", "--via-token-env", "X", "a", "b"],
  ["copy", "https://a.io/b", "b"],
  ["copy", "me:s3cret@a.io/b:1", "b.io/c"],
  ["copy", "docker-daemon:a", "b"],
  ["copy", "--platform", "linux", "a", "b"],
  ["copy", "--index", "unwrap", "a", "b"],
  ["copy", "--src-ca", "/not.pem", "a", "b"],
  ["copy", "--src-creds", "me", "a", "b"],
  ["copy", "--no-such", "a", "b"],
  ["copy", "--platfrom", "linux/arm64", "a", "b"],
  ["copy"],
  ["tags", "--via-token-fd", "3", "a.io/b"],
  ["tags", "me:s3cret@a.io/b"],
  ["inspect", "me:s3cret@a.io/b:1"],
  ["auth", "alpine"],
  ["sync"],
  ["sync", "--detach"],
  ["sync", "--watch"],
  ["import", "--from", "skopeo", "a.yaml"],
  ["import", "--from", "dregsy", "a.yaml"],
  ["status", "1"],
  ["cancel", "--no-such", "--via", "https://s.io", "1"],
  ["verfy"],
];
for (const argv of mistakes) {
  test(`crossdock ${argv.join(" ")} has a hint that the command can follow`, async () => {
    const files = {
      "/not.pem": "no",
      "a.yaml": "r.io: { images: { a: [x] } }",
      ...(argv.includes("--watch")
        ? { "crossdock.yaml": "version: 1\nsync: [{ source: a, target: b.io/a, type: image }]\n" }
        : {}),
    };
    const { exitCode, stderr } = await fakeCli({ files }).run(...argv);
    assert.equal(exitCode, 2, stderr);
    assert.ok(!stderr.includes("s3cret"));
    const [, hint] = /^hint: (.*)$/m.exec(stderr) ?? [];
    const command = COMMANDS.find(({ name }) => name === argv[0])?.name;
    if (hint !== undefined && command !== undefined) await assertFlags(hint, command);
  });
}

const causes: [cause: string, shown: string][] = [
  ["fetch failed", ""],
  [
    "40DDC3DAFE7F0000:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:tlsany_meth.c:77:\n",
    "SSL routines: wrong version number",
  ],
  [
    "unable to get local issuer certificate; if the root CA is installed locally, try running Node.js with --use-system-ca",
    "unable to get local issuer certificate",
  ],
  [
    "error sending request for url (http://a.io/v2/): client error (Connect): tcp connect error: Connection refused (os error 111)",
    "tcp connect error: Connection refused (os error 111)",
  ],
  [
    "error sending request from 127.0.0.1:35108 for http://a.io/v2/ (127.0.0.1:1): client error (SendRequest): connection closed before message completed",
    "connection closed before message completed",
  ],
  [
    "ECONNREFUSED: Unable to connect. Is the computer able to access the url?",
    "ECONNREFUSED: Unable to connect.",
  ],
  [
    "ECONNRESET: The socket connection was closed unexpectedly. For more information, pass `verbose: true` in the second argument to fetch()",
    "ECONNRESET: The socket connection was closed unexpectedly.",
  ],
];
for (const [message, shown] of causes) {
  test(`the cause of a failure is shown in its own words: ${shown || "none"}`, async () => {
    const error = new CrossdockError("network", "connect to a", { cause: new Error(message) });
    const engine = { copy: () => Promise.reject(error) };
    const { stderr } = await fakeCli({ engine }).run("copy", "a", "b");
    assert.equal(stderr, `error: connect to a\n${shown === "" ? "" : `cause: ${shown}\n`}`);
  });
}
