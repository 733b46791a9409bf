import assert from "node:assert/strict";
import { verify } from "node:crypto";
import { test } from "node:test";
import type { AwsOptions } from "../../src/auth/aws_api.ts";
import type { CopyEvent } from "../../src/copy/model.ts";
import type { Receipts } from "../../src/copy/receipts.ts";
import { openAwsKey } from "../../src/credentials/cloud_keys.ts";
import { CrossdockError, ParseError } from "../../src/errors.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { readReceiptKey } from "../../src/receipts/key.ts";
import type { ReceiptKey } from "../../src/receipts/key.ts";
import { openReceipts } from "../../src/receipts/receipts.ts";
import { openSigner } from "../../src/receipts/signer.ts";
import { AWS_KEY, awsError } from "../auth/aws_server.ts";
import { cloudOptions, NOW } from "../auth/setup.ts";
import { failureOf } from "../registry/setup.ts";
import { putImage, putIndex } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import { serve } from "../support/serve.ts";
import { ARN, startKms } from "./kms_server.ts";
import type { AwsCall } from "./kms_server.ts";
import { countValid } from "./signed_registry.ts";
import { newKey } from "./support.ts";

const KEY = newKey();
const CONTENT = new TextEncoder().encode("x".repeat(5000)) as Uint8Array<ArrayBuffer>;

function keyOf(text: string): ReceiptKey {
  const key = readReceiptKey(text);
  assert.ok(typeof key === "object", String(key));
  return key;
}

async function awsOptions(): Promise<AwsOptions> {
  return { ...AWS_KEY, ...await cloudOptions() };
}

/** Receipts by the key of a KMS at the real time. */
async function openKmsReceipts({ key }: { readonly key: string }): Promise<Receipts> {
  const aws = { ...await awsOptions(), now: Date.now };
  return openReceipts({ key: keyOf(key), names: new Map() }, aws);
}

test("sign() of a key in KMS sends a hash, in a request signed by Signature Version 4", async () => {
  await using kms = await startKms(KEY, undefined, () => NOW);
  const signer = openSigner(keyOf(kms.key), await awsOptions());
  const signature = await signer.sign(CONTENT);
  assert.ok(verify("sha256", CONTENT, KEY.publicKey, signature));
  const der = KEY.publicKey.replaceAll(/-----.*-----|\s/g, "");
  for (let i = 0; i < 2; i++) {
    assert.equal(Buffer.from(await signer.publicKey()).toString("base64"), der);
  }
  assert.deepEqual(kms.calls.map(({ target, scope }) => [target, scope]), [
    ["TrentService.Sign", "20250101/eu-west-1/kms/aws4_request"],
    ["TrentService.GetPublicKey", "20250101/eu-west-1/kms/aws4_request"],
  ]);
});

interface Failure {
  readonly code: string;
  readonly message: RegExp;
  readonly hint?: RegExp;
  readonly isTemporary?: boolean;
}

const SIGN = `^Sign of ${ARN}: 127\\.0\\.0\\.1:\\d+ `;

const FAILURES: [name: string, answer: () => Response, failure: Failure][] = [
  [
    "a missing permission",
    () => awsError("AccessDeniedException", "User: a is not authorized to perform: kms:Sign"),
    {
      code: "denied",
      message: new RegExp(
        `${SIGN}answered 400 \\(AccessDeniedException: User: a is not authorized`,
      ),
      hint: /^grant the key from AWS_ACCESS_KEY_ID the permission kms:Sign$/,
    },
  ],
  [
    "a key that does not exist",
    () => awsError("NotFoundException", "Key 'a' does not exist"),
    { code: "registry", message: /\(NotFoundException: Key 'a' does not exist\)$/ },
  ],
  [
    "a disabled key",
    () => awsError("DisabledException", "a is disabled."),
    { code: "registry", message: /\(DisabledException: a is disabled\.\)$/ },
  ],
  [
    "a key of another kind",
    () => awsError("InvalidKeyUsageException", "a key usage is ENCRYPT_DECRYPT"),
    { code: "registry", message: /\(InvalidKeyUsageException: a key usage is ENCRYPT_DECRYPT\)$/ },
  ],
  [
    "throttling",
    () => awsError("ThrottlingException", "Rate exceeded"),
    { code: "rate_limited", message: /\(ThrottlingException\)$/, isTemporary: true },
  ],
  [
    "an internal error",
    () => awsError("KMSInternalException", "", 500),
    { code: "registry", message: /answered 500 \(KMSInternalException\)$/, isTemporary: true },
  ],
  [
    "a wrong secret, whose message has the session token",
    () =>
      awsError("InvalidSignatureException", `x-amz-security-token:${AWS_KEY.sessionToken}`, 403),
    {
      code: "unauthorized",
      message: /answered 403 \(InvalidSignatureException\)$/,
      hint: /^check the key/,
    },
  ],
  [
    "an expired token",
    () => awsError("ExpiredTokenException", "The security token included is expired"),
    { code: "unauthorized", message: /\(ExpiredTokenException\)$/, hint: /has expired/ },
  ],
  [
    "a web page",
    () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    { code: "registry", message: /127\.0\.0\.1:\d+/ },
  ],
  [
    "the web page of a proxy",
    () => new Response("<html>", { status: 502 }),
    { code: "registry", message: /answered 502$/, isTemporary: true },
  ],
  [
    "no signature",
    () => Response.json({}),
    { code: "registry", message: new RegExp(`${SIGN}sent no base64$`.replace("\\d+ ", "\\d+ ")) },
  ],
  [
    "a signature that is no base64",
    () => Response.json({ Signature: "%" }),
    { code: "registry", message: /sent no base64$/ },
  ],
];

for (const [name, answer, { code, message, hint, isTemporary = false }] of FAILURES) {
  test(`sign() of a key in KMS explains ${name}, and quotes no secret`, async () => {
    await using kms = await startKms(KEY, answer, () => NOW);
    const signer = openSigner(keyOf(kms.key), await awsOptions());
    const error = await failureOf(signer.sign(CONTENT));
    assert.deepEqual([error.code, error.isTemporary], [code, isTemporary], error.message);
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint ?? /^$/);
    for (const secret of Object.values(AWS_KEY)) {
      assert.ok(!`${error.message} ${error.hint} ${error.cause}`.includes(secret));
    }
  });
}

const WRONG_KEYS: [name: string, answer: object, message: RegExp][] = [
  [
    "another curve",
    { KeySpec: "ECC_NIST_P384", PublicKey: "AA==" },
    /is ECC_NIST_P384, expected ECC_NIST_P256$/,
  ],
  ["RSA", { KeySpec: "RSA_2048", PublicKey: "AA==" }, /is RSA_2048, expected ECC_NIST_P256$/],
  ["no kind", {}, /expected ECC_NIST_P256$/],
  ["no key", { KeySpec: "ECC_NIST_P256" }, /sent no base64$/],
];

for (const [name, answer, message] of WRONG_KEYS) {
  test(`publicKey() of a key in KMS refuses ${name}`, async () => {
    await using kms = await startKms(KEY, () => Response.json(answer), () => NOW);
    const signer = openSigner(keyOf(kms.key), await awsOptions());
    assert.match((await failureOf(signer.publicKey())).message, message);
  });
}

test("sign() of a key in KMS stops at an abort while KMS is silent", async () => {
  const controller = new AbortController();
  const reason = new CrossdockError("aborted", "stop");
  await using kms = await serve(() => {
    controller.abort(reason);
    return new Promise<Response>(() => {});
  });
  const signer = openSigner(keyOf(`awskms://${kms.host}/${ARN}`), await awsOptions());
  await assert.rejects(
    signer.sign(CONTENT, { signal: controller.signal }),
    (error) => error === reason,
  );
});

test("copy() signs the receipts of an index by a key in KMS, and retries throttled calls", async () => {
  let failures = 0;
  const throttle = ({ target }: AwsCall): Response | undefined =>
    failures++ < 2 || target.endsWith("Sign") && failures === 5
      ? awsError("ThrottlingException", "Rate exceeded")
      : undefined;
  await using kms = await startKms(KEY, throttle);
  await using pair = await startPair({ engine: { receipts: await openKmsReceipts(kms) } });
  const platforms = ["linux/amd64", "linux/arm64"];
  const { descriptor: { digest } } = await putIndex(pair.source, "app", { tag: "1", platforms });
  const request = requestOf(pair);
  const events: CopyEvent[] = [];
  const report = await pair.engine.copy(request, { emit: (event) => events.push(event) });
  assert.equal(report.receipts, 3);
  const retries = events.filter(({ type }) => type === "retry");
  assert.ok(retries.length >= 2, `${retries.length}`);
  assert.deepEqual(await countValid(request.destination, digest, KEY), [1, 1, 1]);
  kms.calls.length = 0;
  assert.equal((await pair.engine.copy(request)).receipts, undefined);
  assert.deepEqual(kms.calls, []);
});

test("copy() writes nothing if KMS denies, and does not ask it again", async () => {
  const deny = (): Response => awsError("AccessDeniedException", "no");
  await using kms = await startKms(KEY, deny);
  await using pair = await startPair({ engine: { receipts: await openKmsReceipts(kms) } });
  await putImage(pair.source, "app", { tag: "1" });
  const error = await failureOf(pair.engine.copy(requestOf(pair)));
  assert.equal(error.code, "denied");
  assert.match(error.hint ?? "", /permission kms:GetPublicKey$/);
  assert.equal(kms.calls.length, 1);
  assert.equal(pair.destination.getManifest("app", "1"), undefined);
});

test("openAwsKey() resolves to undefined without a key, and a key in KMS then needs one", async () => {
  const environment = (env: Record<string, string>): Parameters<typeof openAwsKey>[0] => ({
    env,
    readTextFile: () => assert.fail(),
    now: Date.now,
    createRuntime,
  });
  for (const env of [{}, { AWS_ACCESS_KEY_ID: "a" }, { AWS_SECRET_ACCESS_KEY: "b" }]) {
    const aws = await openAwsKey(environment(env));
    assert.equal(aws, undefined);
    assert.throws(
      () => openReceipts({ key: keyOf(`awskms:///${ARN}`), names: new Map() }, aws),
      (error) =>
        error instanceof ParseError && /needs an access key$/.test(error.message) &&
        error.hint === "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
  }
  const aws = await openAwsKey(environment({
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
    AWS_SESSION_TOKEN: "",
  }));
  assert.deepEqual([aws?.accessKeyId, aws?.secretAccessKey, aws?.sessionToken], [
    "a",
    "b",
    undefined,
  ]);
});
