/** The keys that sign receipts: a private key in PEM, or a key in AWS KMS. Nothing is sent here, and nothing signed. */
import type { CallOptions } from "../content.ts";
import { isLoopbackRegistry } from "../oci/reference.ts";

/** The settings of receipts. Holds a secret: do not log it. */
export interface ReceiptSettings {
  readonly key: ReceiptKey;
  /** By the registry that images are pushed to: the name by which clients pull, `registry` or `registry/path`. */
  readonly names: ReadonlyMap<string, string>;
}

export type ReceiptKey =
  /** PKCS #8, without its lines of PEM. */
  | { readonly type: "private"; readonly der: Uint8Array<ArrayBuffer> }
  | { readonly type: "kms"; readonly id: string; readonly region: string; readonly api: URL };

/** Signs by ECDSA on P-256 with SHA-256. */
export interface ReceiptSigner {
  /** The public key as SubjectPublicKeyInfo in DER. */
  publicKey(options?: CallOptions): Promise<Uint8Array>;
  /** The signature in DER. */
  sign(content: Uint8Array<ArrayBuffer>, options?: CallOptions): Promise<Uint8Array>;
}

/** How to make a key, for messages. */
export const NEW_KEY = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256";

const PRIVATE_KEY =
  /^\s*-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----\s*$/;

/**
 * The beginning of a key in PKCS #8: its length, the version, and the object identifiers of an elliptic curve key and of P-256.
 * RFC 5958, section 2, and RFC 5480, section 2.1.1.
 */
const P256 = /^30(?:81)?(..)020100301306072a8648ce3d020106082a8648ce3d030107/;

/** The domains of AWS. Other partitions need a host in the name of the key. */
const DOMAINS: Readonly<Record<string, string>> = {
  aws: "amazonaws.com",
  "aws-us-gov": "amazonaws.com",
  "aws-cn": "amazonaws.com.cn",
  "aws-eusc": "amazonaws.eu",
};

/** The names of cosign: https://github.com/sigstore/cosign/blob/v3.0.2/KMS.md */
const KMS = /^awskms:\/\/([^/]*)\/(arn:([a-z-]+):kms:([a-z0-9-]+):[0-9]{12}:(?:key|alias)\/.+)$/;

const HOST = /^[A-Za-z0-9.:[\]-]*$/;

/** Reads a key. Returns the reason as text if it is none; the reason quotes nothing of the key. */
export function readReceiptKey(text: string): ReceiptKey | string {
  if (text.startsWith("awskms:")) return readKmsKey(text);
  const [, base64] = PRIVATE_KEY.exec(text) ?? [];
  if (base64 === undefined) return explainPem(text);
  let der: Uint8Array<ArrayBuffer>;
  try {
    der = Uint8Array.from(atob(base64.replaceAll(/\s/g, "")), (char) => char.charCodeAt(0));
  } catch {
    return "the private key is not base64";
  }
  const hex = Array.from(der, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const [start = "", length = ""] = P256.exec(hex) ?? [];
  if (start === "") return `expected a private key on the curve P-256; make one with ${NEW_KEY}`;
  const header = start.startsWith("3081") ? 3 : 2;
  return der.byteLength === header + Number.parseInt(length, 16)
    ? { type: "private", der }
    : "the private key is cut off";
}

function explainPem(text: string): string {
  if (/BEGIN ENCRYPTED/.test(text)) return "the private key is encrypted, expected one that is not";
  if (/BEGIN (EC|RSA) PRIVATE KEY/.test(text)) {
    return "the private key is not PKCS #8, which openssl pkcs8 -topk8 -nocrypt makes of it";
  }
  if (/BEGIN PUBLIC KEY/.test(text)) return "expected the private key, got the public one";
  return `expected one private key in PEM, or awskms:/// and the ARN of a key; make one with ${NEW_KEY}`;
}

function readKmsKey(text: string): ReceiptKey | string {
  const [, host = "", id, partition = "", region] = KMS.exec(text) ?? [];
  if (id === undefined || region === undefined) {
    return "expected awskms:/// and the ARN of a key: awskms:///arn:aws:kms:eu-west-1:111122223333:key/ID";
  }
  const domain = DOMAINS[partition];
  if (host === "" && domain === undefined) {
    return `expected the host of KMS in the partition ${partition}: awskms://HOST/ARN`;
  }
  const url = host === ""
    ? `https://kms.${region}.${domain}/`
    : `${isLoopbackRegistry(host) ? "http" : "https"}://${host}/`;
  return HOST.test(host) && URL.canParse(url)
    ? { type: "kms", id, region, api: new URL(url) }
    : `${host.replace(/^.*@/, "")} is no host, expected awskms:/// and the ARN of a key`;
}
