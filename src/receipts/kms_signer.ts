/** Signs with a key in AWS KMS. https://docs.aws.amazon.com/kms/latest/APIReference/ */
import * as z from "zod";
import { awsErrorMembers, callAws, toAwsError } from "../auth/aws_api.ts";
import type { AwsOptions } from "../auth/aws_api.ts";
import { optionalText } from "../auth/read_answer.ts";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { ReceiptKey, ReceiptSigner } from "./key.ts";

const answerSchema = z.object({
  ...awsErrorMembers,
  KeySpec: optionalText,
  PublicKey: optionalText,
  Signature: optionalText,
});

const KEY_SPEC = "ECC_NIST_P256";

export function openKmsKey(
  { id, region, api }: Extract<ReceiptKey, { type: "kms" }>,
  aws: AwsOptions,
): ReceiptSigner {
  let publicKey: Uint8Array | undefined;

  async function call(
    operation: "GetPublicKey" | "Sign",
    input: object,
    { signal }: CallOptions,
  ): Promise<z.output<typeof answerSchema>> {
    const what = `${operation} of ${id}`;
    const answer = await callAws(aws, {
      api,
      service: "kms",
      region,
      target: `TrentService.${operation}`,
      input: { KeyId: id, ...input },
      what,
      schema: answerSchema,
      signal,
    });
    if (answer.status === 200) return answer.members;
    throw toAwsError(aws, answer, { what, api, permission: `kms:${operation}` });
  }

  return {
    async publicKey(options = {}): Promise<Uint8Array> {
      if (publicKey) return publicKey;
      const { KeySpec: spec, PublicKey: key } = await call("GetPublicKey", {}, options);
      if (spec !== KEY_SPEC) {
        throw new CrossdockError(
          "usage",
          `receipt: the key ${id} is ${spec}, expected ${KEY_SPEC}`,
        );
      }
      return publicKey = decode(key, "GetPublicKey");
    },
    async sign(content, options = {}): Promise<Uint8Array> {
      // The whole content may be larger than the 4096 bytes that KMS accepts.
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
      const { Signature: signature } = await call("Sign", {
        Message: btoa(String.fromCharCode(...hash)),
        MessageType: "DIGEST",
        SigningAlgorithm: "ECDSA_SHA_256",
      }, options);
      return decode(signature, "Sign");
    },
  };

  function decode(base64: string | undefined, operation: string): Uint8Array {
    try {
      const bytes = Uint8Array.from(atob(base64 ?? ""), (char) => char.charCodeAt(0));
      if (bytes.byteLength > 0) return bytes;
    } catch {
      // Reported below.
    }
    throw new CrossdockError("registry", `${operation} of ${id}: ${api.host} sent no base64`);
  }
}
