/** A fake AWS KMS with one key. It checks Signature Version 4, and signs hashes as AWS does. */
import assert from "node:assert/strict";
import { createECDH, createPrivateKey } from "node:crypto";
import { startEcrApi } from "../auth/aws_server.ts";
import type { EcrCall as AwsCall, EcrServer as AwsServer } from "../auth/aws_server.ts";
import type { TestKey } from "./support.ts";

export const ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

export type { AwsCall };

export interface KmsServer extends AwsServer {
  /** `awskms://HOST/ARN` */
  readonly key: string;
}

/** @param answer its response, if it is not undefined, replaces that of KMS */
export async function startKms(
  key: TestKey,
  answer: (call: AwsCall) => Response | undefined = () => undefined,
  now: () => number = Date.now,
): Promise<KmsServer> {
  const server = await startEcrApi((call) => answer(call) ?? answerAs(key, call), { now });
  return Object.assign(server, { key: `awskms://${server.host}/${ARN}` });
}

function answerAs({ privateKey, publicKey }: TestKey, { target, input }: AwsCall): Response {
  if (target === "TrentService.GetPublicKey") {
    assert.deepEqual(input, { KeyId: ARN });
    const der = publicKey.replaceAll(/-----.*-----|\s/g, "");
    return Response.json({ KeyId: ARN, KeySpec: "ECC_NIST_P256", PublicKey: der });
  }
  assert.equal(target, "TrentService.Sign");
  const { KeyId, Message, MessageType, SigningAlgorithm } = input;
  assert.deepEqual([KeyId, MessageType, SigningAlgorithm], [ARN, "DIGEST", "ECDSA_SHA_256"]);
  const hash = Buffer.from(String(Message), "base64");
  assert.equal(hash.length, 32);
  return Response.json({ KeyId: ARN, Signature: signHash(hash, privateKey).toString("base64") });
}

/** The order of P-256. */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** ECDSA on a hash. Node's own function always hashes what it signs. */
function signHash(hash: Buffer, pem: string): Buffer {
  const ephemeral = createECDH("prime256v1");
  const r = toNumber(ephemeral.generateKeys().subarray(1, 33)) % N;
  const k = toNumber(ephemeral.getPrivateKey());
  const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
  const s = invert(k) * (toNumber(hash) + r * toNumber(Buffer.from(d, "base64url"))) % N;
  const numbers = [r, s].map(toDer);
  return Buffer.concat([
    Buffer.from([0x30, numbers.reduce((sum, { length }) => sum + length, 0)]),
    ...numbers,
  ]);
}

function toDer(number: bigint): Buffer {
  const hex = number.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + hex.length % 2, "0"), "hex");
  const padded = (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]);
  return Buffer.concat([Buffer.from([0x02, padded.length]), padded]);
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

/** By Fermat's theorem. */
function invert(number: bigint): bigint {
  let result = 1n;
  let power = number % N;
  for (let exponent = N - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = result * power % N;
    power = power * power % N;
  }
  return result;
}
