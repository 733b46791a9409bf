import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { parseConfig } from "../../src/config/parse_config.ts";
import { SyncConfigError } from "../../src/config/mistakes.ts";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import type { SyncConfig } from "../../src/config/sync_config.ts";
import { fakeCli } from "../cli/fake_cli.ts";

const ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

function newKeys(
  curve = "P-256",
  form: { type: "pkcs8" | "sec1"; cipher?: string; passphrase?: string } = { type: "pkcs8" },
): { privateKey: string; publicKey: string } {
  return generateKeyPairSync("ec", {
    namedCurve: curve,
    privateKeyEncoding: { format: "pem", ...form },
    publicKeyEncoding: { format: "pem", type: "spki" },
  });
}

function newRsaKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

const KEYS = newKeys();
const { privateKey: KEY, publicKey: PUBLIC } = KEYS;

const VARIABLES: Readonly<Record<string, string>> = {
  KEY,
  PUBLIC,
  EMPTY: "",
  TEXT: "correct-horse-battery",
  BOTH: PUBLIC + KEY,
  TWO: KEY + newKeys().privateKey,
  P384: newKeys("P-384").privateKey,
  P521: newKeys("P-521").privateKey,
  RSA: newRsaKey(),
  SEC1: newKeys("P-256", { type: "sec1" }).privateKey,
  ENCRYPTED: newKeys("P-256", { type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" }).privateKey,
  RENAMED: PUBLIC.replaceAll("PUBLIC", "PRIVATE"),
  CUT: KEY.replace(/.{8}\n-----END/, "\n-----END"),
  HALF: KEY.slice(0, 100),
};

function parse(text: string): ReturnType<typeof parseSyncConfig> {
  return parseSyncConfig(text, { from: "crossdock.yaml", env: VARIABLES, now: 0 });
}

function read(text: string): NonNullable<SyncConfig["receipt"]> {
  return parse(text).config.receipt ?? assert.fail("there are no receipts");
}

/** The keys and messages of the mistakes. */
function mistakesOf(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof SyncConfigError)) throw error;
    return error.mistakes.map(({ key, message }) => `${key}: ${message}`);
  }
  return [];
}

test("readReceipt() reads a private key from a variable, and from the file itself", () => {
  const indented = KEY.replaceAll(/^/gm, "    ");
  const texts = [`receipt: { key: '{{ env "KEY" }}' }`, `receipt:\n  key: |\n${indented}`];
  for (const text of texts) {
    const { key, names } = read(text);
    assert.equal(key.type, "private");
    assert.equal(names.size, 0);
  }
  assert.equal(parse("sync: []").config.receipt, undefined);
});

const KMS_KEYS: [text: string, api: string][] = [
  [`awskms:///${ARN}`, "https://kms.eu-west-1.amazonaws.com/"],
  [
    "awskms:///arn:aws-cn:kms:cn-north-1:111122223333:alias/mirror",
    "https://kms.cn-north-1.amazonaws.com.cn/",
  ],
  [
    "awskms:///arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1",
    "https://kms.us-gov-west-1.amazonaws.com/",
  ],
  [
    "awskms:///arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/1",
    "https://kms.eusc-de-east-1.amazonaws.eu/",
  ],
  [
    `awskms://vpce-1.kms.eu-west-1.vpce.amazonaws.com/${ARN}`,
    "https://vpce-1.kms.eu-west-1.vpce.amazonaws.com/",
  ],
  [`awskms://127.0.0.1:4566/${ARN}`, "http://127.0.0.1:4566/"],
  [`awskms://[::1]:4566/${ARN}`, "http://[::1]:4566/"],
  ["awskms://kms.example/arn:aws-iso:kms:us-iso-east-1:111122223333:key/1", "https://kms.example/"],
];

for (const [text, api] of KMS_KEYS) {
  test(`readReceipt() reads ${text}`, () => {
    const { key } = read(`receipt: { key: "${text}" }`);
    assert.equal(key.type === "kms" && key.api.href, api);
    assert.equal(key.type === "kms" && key.id, text.slice(text.indexOf("arn:")));
  });
}

const NAMES: [registry: string, name: string, read: [string, string]][] = [
  ["harbor.internal", "mirror.example", ["harbor.internal", "mirror.example"]],
  ["harbor.internal", "mirror.example:8443/proxy", [
    "harbor.internal",
    "mirror.example:8443/proxy",
  ]],
  ["HARBOR.internal:5000", "MIRROR.example", ["harbor.internal:5000", "mirror.example"]],
  ["index.docker.io", "[::1]:5000", ["docker.io", "[::1]:5000"]],
  ["[::1]:5000", "index.docker.io", ["[::1]:5000", "docker.io"]],
];

for (const [registry, name, pair] of NAMES) {
  test(`readReceipt() reads names: ${registry} is ${name}`, () => {
    const { names } = read(
      `receipt: { key: '{{ env "KEY" }}', names: { "${registry}": "${name}" } }`,
    );
    assert.deepEqual([...names], [pair]);
  });
}

const ofKey = (variable: string): string => `receipt: { key: '{{ env "${variable}" }}' }`;
const named = (registry: string, name: string): string =>
  `receipt: { key: '{{ env "KEY" }}', names: { "${registry}": ${name} } }`;

const MISTAKES: [name: string, text: string, mistake: RegExp][] = [
  ["no value", "receipt:", /^receipt\.key: is missing$/],
  ["null", "receipt: ~", /^receipt\.key: is missing$/],
  ["no key", "receipt: {}", /^receipt\.key: is missing$/],
  ["a key without a value", "receipt: { key: }", /^receipt\.key: is missing$/],
  ["text", "receipt: correct-horse", /^receipt: expected a group of keys/],
  ["a list", "receipt: [correct-horse]", /^receipt: expected a group of keys/],
  [
    "a wrong key",
    `receipt: { key: '{{ env "KEY" }}', name: a }`,
    /^receipt\.name: .*did you mean names$/,
  ],
  [
    "a list of keys",
    "receipt: { key: [correct-horse] }",
    /^receipt\.key: expected text, got a list$/,
  ],
  [
    "a variable that is not set",
    ofKey("NONE"),
    /^receipt\.key: is empty; variable NONE is not set$/,
  ],
  ["an empty variable", ofKey("EMPTY"), /^receipt\.key: is empty; variable EMPTY is not set$/],
  ["text in the variable", ofKey("TEXT"), /^receipt\.key: expected one private key in PEM/],
  [
    "the public key",
    ofKey("PUBLIC"),
    /^receipt\.key: expected the private key, got the public one/,
  ],
  ["both keys", ofKey("BOTH"), /^receipt\.key: expected the private key, got the public one/],
  ["two keys", ofKey("TWO"), /^receipt\.key: expected one private key in PEM/],
  ["P-384", ofKey("P384"), /^receipt\.key: expected a private key on the curve P-256/],
  ["P-521", ofKey("P521"), /^receipt\.key: expected a private key on the curve P-256/],
  ["RSA", ofKey("RSA"), /^receipt\.key: expected a private key on the curve P-256/],
  ["SEC 1", ofKey("SEC1"), /^receipt\.key: the private key is not PKCS #8/],
  ["an encrypted key", ofKey("ENCRYPTED"), /^receipt\.key: the private key is encrypted/],
  [
    "a renamed public key",
    ofKey("RENAMED"),
    /^receipt\.key: expected a private key on the curve P-256/,
  ],
  ["a key that is cut off", ofKey("CUT"), /^receipt\.key: the private key is cut off$/],
  ["half a key", ofKey("HALF"), /^receipt\.key: expected one private key in PEM/],
  [
    "KMS by an alias",
    `receipt: { key: "awskms:///alias/a" }`,
    /^receipt\.key: expected awskms:\/\/\/ and the ARN/,
  ],
  [
    "another service",
    `receipt: { key: "awskms:///arn:aws:s3:::a" }`,
    /^receipt\.key: expected awskms:\/\/\/ and the ARN/,
  ],
  [
    "another cloud",
    `receipt: { key: "gcpkms://a" }`,
    /^receipt\.key: expected one private key in PEM/,
  ],
  [
    "a password in the host",
    `receipt: { key: "awskms://a:correct-horse@b/${ARN}" }`,
    /^receipt\.key: b is no host/,
  ],
  [
    "a query in the host",
    `receipt: { key: "awskms://a?b/${ARN}" }`,
    /^receipt\.key: a\?b is no host/,
  ],
  [
    "an unknown partition",
    `receipt: { key: "awskms:///arn:aws-iso:kms:us-iso-east-1:111122223333:key/1" }`,
    /^receipt\.key: expected the host of KMS in the partition aws-iso: awskms:\/\/HOST\/ARN$/,
  ],
  [
    "names that are a list",
    `receipt: { key: '{{ env "KEY" }}', names: [a.example] }`,
    /^receipt\.names: expected a group of keys/,
  ],
  [
    "a registry with a path",
    named("a.example/b", "b.example"),
    /^receipt\.names\."a\.example\/b": .*expected a registry only/,
  ],
  ["a registry with a scheme", named("https://a.example", "b.example"), /write a\.example$/],
  [
    "a registry that is a word",
    named("harbor", "b.example"),
    /^receipt\.names\.harbor: .*not a registry/,
  ],
  ["a folder", named("oci:/tmp", "b.example"), /^receipt\.names\."oci:\/tmp": /],
  [
    "a name that is a word",
    named("a.example", "mirror"),
    /^receipt\.names\."a\.example": .*not a registry/,
  ],
  ["a name with a scheme", named("a.example", '"https://b.example"'), /no URL scheme/],
  ["a name with a slash at its end", named("a.example", "b.example/"), /empty component/],
  ["a name with a tag", named("a.example", '"b.example/a:1"'), /malformed/],
  ["an empty name", named("a.example", '""'), /^receipt\.names\."a\.example": expected at least 1/],
  ["a name without a value", named("a.example", ""), /^receipt\.names\."a\.example": is missing$/],
];

for (const [name, text, mistake] of MISTAKES) {
  test(`readReceipt() refuses ${name}, and quotes no secret`, () => {
    const mistakes = mistakesOf(text);
    assert.equal(mistakes.length, 1, mistakes.join("\n"));
    assert.match(mistakes[0] ?? "", mistake);
    const secrets = Object.values(VARIABLES).flatMap((value) => value.split("\n"))
      .filter((line) => line.length > 0 && !line.startsWith("-----"));
    for (const secret of [...secrets, "correct-horse"]) {
      assert.ok(!mistakes.join("\n").includes(secret), mistakes.join("\n"));
    }
  });
}

test("a mistake in the receipts stops the start of a server", () => {
  const CROSSDOCK_CONFIG = `receipt: { key: '{{ env "RECEIPT_KEY" }}' }`;
  const start = (key: Readonly<Record<string, string>>): unknown =>
    parseConfig({ CROSSDOCK_CONFIG, CROSSDOCK_OPEN: "true", ...key }).sync.receipt;
  assert.throws(
    () => start({}),
    /CROSSDOCK_CONFIG:1:17: receipt\.key: is empty; variable RECEIPT_KEY/,
  );
  assert.throws(() => start({ RECEIPT_KEY: PUBLIC }), /receipt\.key: expected the private key/);
  assert.ok(start({ RECEIPT_KEY: KEY }));
});

test("crossdock check reports a mistake in the receipts", async () => {
  const file = `receipt: { key: '{{ env "RECEIPT_KEY" }}' }\nsync: []\n`;
  const check = async (env: Record<string, string>): Promise<[number, string]> => {
    const { exitCode, stderr } = await fakeCli({ files: { "crossdock.yaml": file }, env }).run(
      "check",
    );
    return [exitCode, stderr];
  };
  const [code, stderr] = await check({ RECEIPT_KEY: VARIABLES["P384"] ?? "" });
  assert.equal(code, 2);
  assert.match(
    stderr,
    /crossdock\.yaml:1:17: receipt\.key: expected a private key on the curve P-256/,
  );
  assert.equal((await check({ RECEIPT_KEY: KEY }))[0], 0);
});
