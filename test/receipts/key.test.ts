import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { readReceiptKey } from "../../src/receipts/key.ts";
import { newKey } from "./support.ts";

test("readReceiptKey() reads a private key on P-256", () => {
  const key = readReceiptKey(newKey().privateKey);
  assert(typeof key === "object" && key.type === "private");
  assert(key.der.byteLength > 100);
});

const ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

const KMS: [text: string, id: string, region: string, api: string][] = [
  [`awskms:///${ARN}`, ARN, "eu-west-1", "https://kms.eu-west-1.amazonaws.com/"],
  [
    "awskms:///arn:aws:kms:us-east-2:111122223333:alias/mirror/receipts",
    "arn:aws:kms:us-east-2:111122223333:alias/mirror/receipts",
    "us-east-2",
    "https://kms.us-east-2.amazonaws.com/",
  ],
  [
    `awskms:///${ARN.replace("aws", "aws-cn").replace("eu-west-1", "cn-north-1")}`,
    ARN.replace("aws", "aws-cn").replace("eu-west-1", "cn-north-1"),
    "cn-north-1",
    "https://kms.cn-north-1.amazonaws.com.cn/",
  ],
  [
    `awskms://vpce-1.kms.eu-west-1.vpce.amazonaws.com/${ARN}`,
    ARN,
    "eu-west-1",
    "https://vpce-1.kms.eu-west-1.vpce.amazonaws.com/",
  ],
  [`awskms://localhost:4566/${ARN}`, ARN, "eu-west-1", "http://localhost:4566/"],
];

for (const [text, id, region, api] of KMS) {
  test(`readReceiptKey() reads ${text}`, () => {
    assert.deepEqual(readReceiptKey(text), { type: "kms", id, region, api: new URL(api) });
  });
}

function pem(type: "pkcs8" | "pkcs1", passphrase?: string): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const cipher = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return privateKey.export({ type, format: "pem", ...cipher }).toString();
}

function sec1(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return privateKey.export({ type: "sec1", format: "pem" }).toString();
}

const WRONG: [what: string, text: string, reason: RegExp][] = [
  ["nothing", "", /expected one private key in PEM/],
  ["text", "secret", /expected one private key in PEM/],
  ["two keys", newKey().privateKey.repeat(2), /expected one private key in PEM/],
  ["a public key", newKey().publicKey, /expected the private key, got the public one/],
  ["another curve", newKey("secp384r1").privateKey, /expected a private key on the curve P-256/],
  ["RSA", pem("pkcs8"), /expected a private key on the curve P-256/],
  ["RSA in PKCS #1", pem("pkcs1"), /not PKCS #8/],
  ["SEC 1", sec1(), /openssl pkcs8 -topk8 -nocrypt/],
  ["an encrypted key", pem("pkcs8", "x"), /encrypted, expected one that is not/],
  [
    "a key of cosign",
    "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nMII=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----",
    /encrypted, expected one that is not/,
  ],
  [
    "a key that is no base64",
    "-----BEGIN PRIVATE KEY-----\nMI=I\n-----END PRIVATE KEY-----",
    /not base64/,
  ],
  ["KMS without a region", "awskms:///alias/mirror", /the ARN of a key/],
  ["KMS with another service", `awskms:///${ARN.replace("kms", "iam")}`, /the ARN of a key/],
  ["KMS with no host", `awskms://a b/${ARN}`, /a b is no host/],
];

for (const [what, text, reason] of WRONG) {
  test(`readReceiptKey() says what is wrong and quotes no key: ${what}`, () => {
    const found = readReceiptKey(text);
    assert(typeof found === "string");
    assert.match(found, reason);
    const secret = text.split("\n")[1];
    if (secret) assert(!found.includes(secret));
  });
}
